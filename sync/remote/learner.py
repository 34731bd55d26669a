"""Any Label Studio ML backend as a learner: it competes as it is, on the same audit tasks as every other version."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import structlog

from labelloop.domain.predictions import Answer
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Value, plain, value_of
from labelloop.errors import BrokenPromise, NeighbourError, NothingToLearn, UserError
from labelloop.learners.base import Encode, Example, Scratch
from labelloop.learners.platt import Curve, fit_curve
from labelloop.learners.stored import told_plainly
from labelloop.settings import Settings
from sync.remote.address import Address, address, refuse_ourselves
from sync.remote.backend import Backend
from sync.remote.exchange import NOTHING, Said, label_config, read, tasks

CHUNK = 50
SAMPLE = 500
MODEL_FILE = "remote.json"

Connect = Callable[[Address], Backend]

log = structlog.get_logger()


def connect(found: Address) -> Backend:
    """Open a conversation with the backend, with the credentials and the patience of the settings."""
    settings = Settings()
    return Backend(
        found,
        user=settings.remote_user,
        password=settings.remote_password.get_secret_value(),
        timeout_s=settings.remote_timeout_s,
    )


@dataclass(frozen=True, slots=True)
class Guess:
    """What is said of a task on which the backend is silent, and how often people say so."""

    value: Value
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class RemoteModel:
    """Implements Model: the backend's answers, with its scores turned into honest confidence.

    `names` are what the backend's model called itself while it was fitted: an answer under another name comes from a
    model that was not measured.
    """

    address: Address
    field: Field
    names: frozenset[str]
    curve: Curve
    guess: Guess
    connect: Connect = connect

    def answer(self, texts: Sequence[str]) -> list[Answer]:
        """Return one answer per text; where the backend says nothing of use, the guess, with margin 0.

        The margin is the backend's own score. Raises NeighbourError where the backend does not answer, BrokenPromise
        where its model has changed since it was fitted.
        """
        if not texts:
            return []
        said: list[Said] = []
        with self.connect(self.address) as backend:
            for chunk, names in conversation(backend, self.field, texts):
                self._refuse_strangers(names)
                said += chunk
        confidence = self.curve([one.score for one in said])
        return [self._answer(one, float(sure)) for one, sure in zip(said, confidence, strict=True)]

    def save(self, directory: Path) -> None:
        """Write `remote.json`: where the backend is, what it called itself, and how to read its scores."""
        about = {
            **asdict(self.address),
            "field": json.loads(self.field.to_json()),
            "names": sorted(self.names),
            "curve": asdict(self.curve),
            "guess": {"value": plain(self.guess.value), "confidence": self.guess.confidence},
        }
        text = json.dumps(about, ensure_ascii=False, sort_keys=True, indent=1)
        (directory / MODEL_FILE).write_text(text + "\n", "utf-8")

    def _answer(self, said: Said, confidence: float) -> Answer:
        if said.value is None:
            return Answer(self.guess.value, 0.0, self.guess.confidence, stands_in=True)
        return Answer(said.value, said.score, confidence)

    def _refuse_strangers(self, names: frozenset[str]) -> None:
        strangers = names - self.names
        if strangers and self.names:
            log.warning("remote_model_changed", url=self.address.url, was=sorted(self.names), now=sorted(strangers))
            raise BrokenPromise(
                f"The remote backend at {self.address.url} answers as {', '.join(sorted(strangers))}, but "
                f"{', '.join(sorted(self.names))} was measured. The new one competes from the next round on; to have "
                "this one back, put the backend back to it."
            )


class RemoteLearner:
    """Implements Learner for `remote:http://host:port` and `remote:http://host:port#<project>`.

    Nothing is trained: a fit asks the backend about at most 500 of the examples, to learn how far its scores can be
    trusted. If it has learned from the same labels elsewhere, its confidence is too high; its agreement is measured on
    audit tasks all the same. `connect` opens the conversation.
    """

    name = "remote"
    kinds = frozenset(FieldKind)
    background = True

    def __init__(self, written: str, connect: Connect = connect) -> None:
        settings = Settings()
        self._address, self._connect = address(written), connect
        refuse_ourselves(self._address, settings.backend_url, settings.port)

    def fit(
        self,
        field: Field,
        examples: Sequence[Example],
        *,
        pool: Sequence[str],  # noqa: ARG002  (nothing is learned from texts without a label)
        encode: Encode,  # noqa: ARG002  (the backend reads the text itself)
        seed: int,
        scratch: Scratch,
    ) -> RemoteModel:
        """Measure the backend's scores on some of the examples.

        Raises NothingToLearn if no example has a value that the field allows, UserError if the backend cannot be
        reached, changes its model meanwhile, or says nothing of use about any of them.
        """
        usable = sorted((e for e in examples if field.allows(e.value)), key=lambda e: (e.task_id, e.text))
        if not usable:
            raise NothingToLearn(f"No label of {field.name} has settled yet that it still allows: label some tasks.")
        drawn = _sample(usable, seed)
        try:
            with self._connect(self._address) as backend:
                backend.health()
                said, names = _interview(backend, field, [e.text for e in drawn], scratch)
        except NeighbourError as error:  # a round does not wait for a backend that is down: it competes in the next one
            raise UserError(str(error)) from error
        judged = [(one, e.value) for one, e in zip(said, drawn, strict=False) if one.value is not None]
        if not judged:
            raise UserError(
                f"The remote backend at {self._address.url} says nothing of use about any of {len(said)} tasks: its "
                f"predictions must be of the control {field.name} (from_name) and use its labels. See its log."
            )
        curve = fit_curve([one.score for one, _ in judged], [one.value == truth for one, truth in judged])
        log.info("remote_fitted", url=self._address.url, names=sorted(names), asked=len(said), answered=len(judged))
        return RemoteModel(self._address, field, names, curve, _guess(usable), self._connect)

    def load(self, directory: Path, *, encode: Encode) -> RemoteModel:  # noqa: ARG002
        """Read a saved model; raises BrokenPromise if it cannot be read. The backend is not asked anything yet."""
        with told_plainly(directory):
            about = json.loads((directory / MODEL_FILE).read_text("utf-8"))
            field = Field.from_json(json.dumps(about["field"]))
            guess = Guess(value_of(field.kind, about["guess"]["value"]), about["guess"]["confidence"])
            found = Address(about["url"], about["project"])
            names = frozenset(about["names"])
            return RemoteModel(found, field, names, Curve(**about["curve"]), guess, self._connect)


def conversation(backend: Backend, field: Field, texts: Sequence[str]) -> Iterator[tuple[list[Said], frozenset[str]]]:
    """Yield what the backend says of the texts, fifty at a time, with the names its model called itself.

    As Label Studio does: a backend that answers several tasks with one entry is asked about each alone, and an answer
    of any other wrong length says nothing of any of them.
    """
    config = label_config(field)
    setup, size = backend.setup(config), CHUNK
    start = 0
    while start < len(texts):
        some = texts[start : start + size]
        entries, name = backend.predict(config, tasks(field, some))
        if len(entries) == 1 and len(some) > 1:
            size = 1
            continue
        if len(entries) != len(some):
            log.warning("remote_answers_lost", asked=len(some), answered=len(entries))
            said = [NOTHING] * len(some)
        else:
            said = [read(field, text, entry) for text, entry in zip(some, entries, strict=True)]
        yield said, frozenset(filter(None, (setup, name, *(one.version for one in said))))
        start += len(some)


def _interview(
    backend: Backend, field: Field, texts: Sequence[str], scratch: Scratch
) -> tuple[list[Said], frozenset[str]]:
    said: list[Said] = []
    names: frozenset[str] = frozenset()
    for chunk, more in conversation(backend, field, texts):
        said, names = [*said, *chunk], names | more
        scratch.report(len(said) / len(texts))
        if time.monotonic() >= scratch.deadline:
            break
    now = backend.setup(label_config(field))
    if now and now not in names:
        raise NeighbourError(f"The remote backend changed its model to {now} while it was measured: it competes again.")
    return said, names


def _sample(examples: Sequence[Example], seed: int) -> list[Example]:
    if len(examples) <= SAMPLE:
        return list(examples)
    drawn = np.random.default_rng(seed).choice(len(examples), SAMPLE, replace=False)
    return [examples[place] for place in np.sort(drawn)]


def _guess(examples: Sequence[Example]) -> Guess:
    counts = Counter(example.value for example in examples)
    value = min(counts, key=lambda each: (-counts[each], str(each)))
    return Guess(value, counts[value] / (len(examples) + 1))
