"""A team's own backend on the real `label-studio-ml` 1.0.9, run by the interpreter of its environment.

    python old_backend.py PORT FOLDER WORDS USER PASSWORD

WORDS is JSON: label -> words. A text gets the label most of whose words are in it, with the share of those words among
all that are known as its score; one without any known word gets no prediction. Training, which 1.0.9 starts on the
webhook, changes nothing but the name of the model, as any training does.
"""

import base64
import json
import sys
from typing import Any


def serve(port: int, folder: str, words: dict[str, list[str]], login: str) -> None:
    """Serve on loopback until the process ends."""
    from flask import Response, request
    from label_studio_ml.api import init_app
    from label_studio_ml.model import LabelStudioMLBase

    class ByWords(LabelStudioMLBase):  # type: ignore[misc]
        def predict(self, tasks: list[dict[str, Any]], **kwargs: Any) -> list[dict[str, Any]]:
            ((name, about),) = self.parsed_label_config.items()
            key = about["inputs"][0]["value"]
            return [self._one(name, about["to_name"][0], str(task["data"][key])) for task in tasks]

        @staticmethod
        def _one(name: str, to_name: str, text: str) -> dict[str, Any]:
            hits = {label: sum(word in text for word in known) for label, known in words.items()}
            best = max(hits, key=lambda label: hits[label])
            if not hits[best]:
                return {"result": []}
            region = {"from_name": name, "to_name": to_name, "type": "choices", "value": {"choices": [best]}}
            return {"result": [region], "score": hits[best] / sum(hits.values())}

        def fit(self, tasks: Any, workdir: str | None = None, **kwargs: Any) -> dict[str, str]:
            return {"trained": "yes"}

    app = init_app(model_class=ByWords, model_dir=folder)

    # 1.0.9 knows no passwords; teams put something like this before it.
    @app.before_request  # type: ignore[untyped-decorator]
    def only_those_who_know() -> Any:
        known = request.headers.get("Authorization") == "Basic " + base64.b64encode(login.encode()).decode()
        return None if known else Response("who are you?", 401)

    app.run(host="127.0.0.1", port=port, threaded=True)


if __name__ == "__main__":
    port, folder, words, user, password = sys.argv[1:]
    serve(int(port), folder, json.loads(words), f"{user}:{password}")
