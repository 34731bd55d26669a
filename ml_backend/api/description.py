"""The OpenAPI description of /api/v1, which its answers keep: keys may be added, never removed."""

from typing import Any

from labelloop import __version__
from ml_backend.api.sent_rules import KEYS, rules_schema

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
WHOLE: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
OBJECT: Schema = {"type": "object"}


def description() -> Schema:
    """Return the description of all routes."""
    paths = {
        "/projects": {"get": _get("All projects that were ever connected.", "projects", PROJECT_NAME)},
        "/projects/{project}": _of_project("get", "The status of a project, as `labelloop status --json`.", STATUS),
        "/projects/{project}/rounds": _listed("Its rounds, oldest first.", "rounds", ROUND),
        "/projects/{project}/versions": _listed("Its versions, oldest first.", "versions", VERSION),
        "/projects/{project}/verdicts": _listed("The newest verdict on each field that has one.", "verdicts", OBJECT),
        "/projects/{project}/rules": {
            **_of_project("get", "The rules in force, as `labelloop rules --json`.", _object(rules=OBJECT)),
            "post": _does("Change rules, or say what that would do.", RULES_CHANGED, RULES),
        },
        "/projects/{project}/log": _listed("Who changed what, newest first.", "log", ACTION, [LAST]),
        "/projects/{project}/deploy": _of_project("post", "Let a version serve.", SERVED, sent=DEPLOY),
        "/projects/{project}/rollback": _of_project("post", "Go back a version, or to one.", SERVED, sent=ROLLBACK),
        "/projects/{project}/train": _of_project("post", "Close a round and fit.", QUEUED, sent=NOTHING, done="202"),
        "/projects/{project}/certify": _of_project(
            "post", "Plan a certificate, and start it.", CERTIFIED, sent=CERTIFY
        ),
        "/projects/{project}/certify/abandon": _of_project("post", "End an attempt.", ENDED, sent=NOTHING),
        "/projects/{project}/relabel": _of_project("post", "Have labels checked.", QUEUED, sent=RELABEL, done="202"),
        "/projects/{project}/release": _of_project("post", "Order a release.", RELEASED, sent=RELEASE),
        "/projects/{project}/release/abandon": _of_project("post", "Cancel a release.", CANCELLED, sent=NOTHING),
        "/projects/{project}/disconnect": _of_project("post", "Leave the loop.", DISCONNECTED, sent=NOTHING),
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "LabelLoop", "version": __version__, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": "/api/v1"}],
        "security": [{"basic": []}],
        "paths": paths,
        "components": {"securitySchemes": {"basic": {"type": "http", "scheme": "basic"}}},
    }


def _maybe(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _closed(properties: dict[str, Schema], *required: str) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


PROJECT_NAME = _object(project=WHOLE, title=TEXT, connected=FLAG)
ROUND = _object(
    number=WHOLE, reason=TEXT, new_train=WHOLE, train=WHOLE, audit=WHOLE, annotations=WHOLE, created_at=MOMENT
)
VERSION = _object(
    name=_maybe(TEXT),
    field=TEXT,
    learner=TEXT,
    round=WHOLE,
    labels=WHOLE,
    encoder=TEXT,
    agreement=_maybe(NUMBER),
    low=_maybe(NUMBER),
    high=_maybe(NUMBER),
    n=_maybe(WHOLE),
    measured_after_round=_maybe(WHOLE),
    ms_per_text=_maybe(NUMBER),
    deployed=FLAG,
    pinned=FLAG,
    cannot_serve=_maybe(TEXT),
)
ACTION = _object(
    created_at=MOMENT, who=_maybe(TEXT), action=TEXT, detail=_maybe(TEXT), origin=TEXT, address=_maybe(TEXT)
)
STATUS = _object(
    project=WHOLE,
    title=_maybe(TEXT),
    connected=FLAG,
    next=TEXT,
    labels_to_next_round=_maybe(WHOLE),
    labels=_object(
        train=WHOLE, monitor=WHOLE, train_tasks=WHOLE, monitor_tasks=WHOLE, untouched=WHOLE, queue_left=WHOLE
    ),
    rounds=_list(ROUND),
    versions=_list(OBJECT),
    evaluations=_list(OBJECT),
    candidates=_list(OBJECT),
    agreement=_maybe(OBJECT),
    human_agreement=_maybe(OBJECT),
    verdict=_maybe(OBJECT),
    certificate=_maybe(OBJECT),
    release=_maybe(OBJECT),
    deployed=_maybe(TEXT),
    published=_maybe(TEXT),
    answers=OBJECT,
    jobs=_maybe(OBJECT),
    fields=_list(_object(field=TEXT, kind=TEXT, labels=OBJECT)),
)
SERVED = _object(version=TEXT, is_new=FLAG, passed_over=_list(_object(version=TEXT, reason=TEXT)))
QUEUED = _object(queued=FLAG)
DEPLOY = _closed({"version": TEXT, "pin": FLAG}, "version")
ROLLBACK = _closed({"to": TEXT, "field": TEXT})
NOTHING = _closed({})
SHARE: Schema = {"type": "number", "minimum": 0.0001, "maximum": 0.9999}
CERTIFY = _closed(
    {
        "max_error": SHARE,
        "confidence": SHARE,
        "n": {"type": "integer", "minimum": 1, "maximum": 10**8},
        "min_similarity": {"type": "number", "minimum": 0.01, "maximum": 1},
        "without": _list(TEXT),
        "dry_run": FLAG,
        "anyway": FLAG,
    }
)
CERTIFIED = _object(started=FLAG, plan=_maybe(OBJECT))
ENDED = _object(attempt=WHOLE)
RELABEL = _closed({"top": {"type": "integer", "minimum": 1, "maximum": 10_000}, "field": TEXT, "unsettled": FLAG})
RELEASE = _closed({"people_only": FLAG})
RELEASED = _object(release=_maybe(OBJECT))
CANCELLED = _object(certificate=WHOLE)
RULES = _closed(
    {"set": rules_schema(), "unset": _list({"type": "string", "enum": list(KEYS)}), "dry_run": FLAG, "yes": FLAG}
)
RULES_CHANGED = _object(changed=FLAG, effects=_list(_object(key=TEXT, what=TEXT, grave=FLAG)))
DISCONNECTED = _object(was_connected=FLAG)
ERROR = _object(error=TEXT)
ID: Schema = {
    "name": "project",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "minimum": 1, "maximum": 2_147_483_647},
    "description": "The project's number in Label Studio.",
}
LAST: Schema = {
    "name": "last",
    "in": "query",
    "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50},
    "description": "How many actions at most.",
}


def _get(summary: str, key: str, row: Schema) -> Schema:
    return {"summary": summary, "responses": _answers(_object(**{key: _list(row)}))}


def _listed(summary: str, key: str, row: Schema, parameters: list[Schema] | None = None) -> Schema:
    found = _of_project("get", summary, _object(**{key: _list(row)}))
    found["parameters"] = [ID, *(parameters or [])]
    return found


def _of_project(method: str, summary: str, answer: Schema, *, sent: Schema | None = None, done: str = "200") -> Schema:
    return {"parameters": [ID], method: _does(summary, answer, sent, done)}


def _of_certificates() -> Schema:
    found = _of_project("post", "Plan a certificate, and start it.", CERTIFIED, sent=CERTIFY)
    found["post"]["responses"]["202"] = _content("The plan is being computed: ask again.", CERTIFIED)
    return found


def _does(summary: str, answer: Schema, sent: Schema | None = None, done: str = "200") -> Schema:
    does: Schema = {"summary": summary, "responses": _answers(answer, done)}
    if sent is not None:
        does["requestBody"] = {"required": True, "content": {"application/json": {"schema": sent}}}
    return does


def _answers(answer: Schema, done: str = "200") -> Schema:
    failed = {"400": "It says what is wrong with the request.", "401": "Wrong or missing user name or password."}
    failed |= {"409": "It cannot be done as things stand: it says why, and what to do."}
    failed |= {"404": "No such project, version or field.", "503": "A neighbour does not answer: try again."}
    failed |= {"405": "No such method here.", "413": "The request is too large.", "415": "The request is not JSON."}
    return {done: _content("Done.", answer), **{status: _content(words, ERROR) for status, words in failed.items()}}


def _content(words: str, schema: Schema) -> Schema:
    return {"description": words, "content": {"application/json": {"schema": schema}}}
