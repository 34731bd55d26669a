BEGIN TRANSACTION;
CREATE TABLE answer (digest TEXT PRIMARY KEY, said TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "answer" VALUES('19eed0633aa31d698e0574df7cf1d8446bf299205878e8e485668017a086c34d','{"content": "{\"label\": \"card\"}", "tokens": [["7b", 0.0], ["22", 0.0], ["6c6162656c", -0.05129329438755058], ["22", 0.0], ["3a", 0.0], ["20", 0.0], ["22", 0.0], ["63617264", -0.05129329438755058], ["22", 0.0], ["7d", 0.0]], "tokens_in": 7, "tokens_out": 10, "model": "scripted-1"}');
CREATE TABLE request (
    id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, round_number INTEGER NOT NULL, model TEXT NOT NULL,
    at REAL NOT NULL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, cost REAL NOT NULL,
    known INTEGER NOT NULL
);
INSERT INTO "request" VALUES(1,12,1,'scripted',1.79595596197334718708e+09,11,10,5.1e-05,1);
INSERT INTO "request" VALUES(2,12,1,'scripted',1.79595596203033208843e+09,11,10,5.1e-05,1);
INSERT INTO "request" VALUES(3,12,1,'scripted',1.79595596203500843046e+09,11,10,5.1e-05,1);
INSERT INTO "request" VALUES(4,12,2,'scripted',1.79595596216642785069e+09,11,10,5.1e-05,1);
INSERT INTO "request" VALUES(5,12,2,'scripted',1.79595596216982769967e+09,11,10,5.1e-05,1);
INSERT INTO "request" VALUES(6,13,1,'scripted',1.79595596227619862554e+09,7,10,4.7e-05,1);
INSERT INTO "request" VALUES(7,12,2,'scripted',1.79595596230189275734e+09,100,50,2.5,0);
CREATE INDEX request_project ON request (project_id);
CREATE INDEX request_at ON request (at);
COMMIT;
