"""What the tests of the service share: a project set up in the ledger, and requests as Label Studio sends them."""

import base64
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from labelloop.domain.records import Connection, Deployment, Fit, Publication, SchemaVersion, TaskRole
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Role
from labelloop.domain.values import Choice, Choices, FieldKind
from labelloop.learners.base import Encode, Example, FitContext
from labelloop.learners.linear.learner import LinearLearner
from labelloop.steps.model_store import MODEL_FOLDER
from labelloop.stores.book import Book
from labelloop.testing import BagOfWords
from sync.config.label_config import parse

PASSWORD, SECRET = "pass:'w%rd\\", "doorbell-secret"
CONFIG = """<View><Text name="text" value="$text"/><Choices name="mood" toName="text" choice="single">
<Choice value="Good"/><Choice value="Bad"/></Choices></View>"""
SEVERAL = CONFIG.replace('choice="single"', 'choice="multiple"')
WORDS = {"Good": ("lovely", "great", "fine"), "Bad": ("awful", "sad", "poor")}


def credentials(password: str = PASSWORD, user: str = "labelloop") -> str:
    """Return the header that Label Studio sends with Basic auth."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def task(number: int, text: object = "what a lovely day", **data: object) -> dict[str, Any]:
    """Return a task as Label Studio sends it, with another person's annotation on it."""
    annotation = {"id": 1, "result": [{"from_name": "mood", "to_name": "text", "value": {"choices": ["Bad"]}}]}
    return {"id": number, "data": {"text": text, **data}, "annotations": [annotation], "predictions": [], "project": 12}


def asked(*tasks: object, project: object = "12.1795350634", label_config: object = CONFIG) -> dict[str, Any]:
    """Return the body of a /predict request."""
    params = {"login": None, "password": None, "context": None}
    return {"tasks": list(tasks), "project": project, "label_config": label_config, "params": params}


def said(answer: TestResponse) -> dict[str, Any]:
    """Return the JSON object of an answer."""
    found = answer.get_json()
    assert isinstance(found, dict), answer.text
    return found


def choice(entry: dict[str, Any]) -> list[str]:
    """Return the labels that an entry of an answer pre-selects."""
    (region,) = entry["result"]
    labels: list[str] = region["value"]["choices"]
    return labels


def wait_until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Return once it is true; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.005)


class Stage:
    """One project in the ledger, set up by hand."""

    def __init__(self, book: Book, project_id: int, config: str = CONFIG) -> None:
        self.book, self.project_id, self.config = book, project_id, config

    @property
    def field(self) -> Field:
        field = parse(self.config).field(None)
        assert field is not None
        return field

    def connect(self, *, active: bool = True, rules: str = "{}") -> None:
        self._record(Connection(self.project_id, "Moods", rules, active, created_at=datetime.now(UTC)), "connection")
        if active:
            number = len(self.book.ledger.all(SchemaVersion, self.project_id)) + 1
            field = self.field
            schema = SchemaVersion(
                self.project_id, number, self.config, field.to_json(), field.digest, created_at=datetime.now(UTC)
            )
            self._record(schema, f"schema-{number}")

    def draw(self, *, train: Iterable[int] = (), monitor: Iterable[int] = ()) -> None:
        roles = [(i, Role.TRAIN) for i in train] + [(i, Role.MONITOR) for i in monitor]
        assert self.book.ledger.add_roles([TaskRole(self.project_id, i, role) for i, role in roles])

    def fit(self, *, inverted: bool = False, learner: str = "linear", encode: Encode | None = None) -> str:
        """Fit the next version; an inverted one has learned every label the wrong way round."""
        number = len(self.book.ledger.versions(self.project_id)) + 1
        model = LinearLearner().fit(self.field, self._examples(inverted), FitContext(encode or BagOfWords(), seed=1))
        with tempfile.TemporaryDirectory() as temporary:
            (Path(temporary) / MODEL_FOLDER).mkdir()
            model.save(Path(temporary) / MODEL_FOLDER)
            fit = Fit(self.project_id, number, learner, f"v{number}", "", 6, 0.1, created_at=datetime.now(UTC))
            assert self.book.record(fit, f"model-{number}", Path(temporary))
        return fit.version

    def _examples(self, inverted: bool) -> list[Example]:
        other = {"Good": "Bad", "Bad": "Good"} if inverted else {}
        pairs = [(word, other.get(label, label)) for label, words in WORDS.items() for word in words]
        several = self.field.kind is FieldKind.CHOICES
        return [
            Example(number, word, Choices(frozenset({label})) if several else Choice(label))
            for number, (word, label) in enumerate(pairs)
        ]

    def deploy(self, version: str) -> str:
        self._record(Deployment(self.project_id, version, "reason", created_at=datetime.now(UTC)), "deployment")
        return version

    def publish(self, name: str, version: str) -> None:
        self._record(Publication(self.project_id, name, version, 1, 10, 2, created_at=datetime.now(UTC)), "publication")

    def damage(self, version: str) -> None:
        """Make a version's files unreadable."""
        fit = self.book.ledger.version(self.project_id, version)
        path = Path(self.book.artifacts.path(fit.artifact)) / MODEL_FOLDER / "head.json"
        path.write_text(path.read_text("utf-8").replace("Good", "Gone"), "utf-8")

    def _record(self, record: Any, name: str) -> None:
        assert self.book.record(record, name)
