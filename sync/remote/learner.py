"""Any Label Studio ML backend as a learner: it competes as it is, on the same audit tasks as every other version."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import structlog

from labelloop.domain.predictions import Prediction
from labelloop.domain.schema import Field
from labelloop.domain.value_cells import plain, value_of
from labelloop.domain.values import OF_THE_TASK, FieldKind, Value, same
from labelloop.errors import BrokenPromise, NeighbourError, UserError
from labelloop.learners.base import Example, FitContext, ModelContext, RemoteAccess
from labelloop.learners.calibration.platt import PlattScaling, fit_platt
from labelloop.learners.model_io import damage_reported
from labelloop.learners.usable import usable_examples
from sync.remote.address import Address, address, refuse_ourselves
from sync.remote.backend import Backend
from sync.remote.protocol import NOTHING, BackendAnswer, label_config, read, tasks

CHUNK = 50
SAMPLE = 500
MODEL_FILE = "remote.json"

Connect = Callable[[Address, RemoteAccess], Backend]

log = structlog.get_logger()


def connect(found: Address, access: RemoteAccess) -> Backend:
    """Open a conversation with the backend; raises UserError where it is LabelLoop's own."""
    refuse_ourselves(found, access)
    return Backend(
        found,
        user=access.user,
        password=access.password.get_secret_value(),
        timeout_s=access.timeout_s,
        ca_bundle=access.ca_bundle,
    )


@dataclass(frozen=True, slots=True)
class Fallback:
    """The value of a task about which the backend is silent, and how often people give it."""

    value: Value
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RemoteModel:
    """Implements Model: the backend's answers, with its scores turned into honest confidence.

    `names` are what the backend's model called itself while it was fitted: an answer under another name comes from a
    model that was not measured.
    """

    address: Address
    field: Field
    names: frozenset[str]
    curve: PlattScaling
    fallback: Fallback
    access: RemoteAccess
    connect: Connect = connect

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one prediction per text; where the backend says nothing of use, the fallback, with margin 0.

        The margin is the backend's own score. Raises NeighbourError where the backend does not answer, BrokenPromise
        where its model has changed since it was fitted.
        """
        if not texts:
            return []
        answers: list[BackendAnswer] = []
        with self.connect(self.address, self.access) as backend:
            for chunk, names in conversation(backend, self.field, texts):
                self._refuse_strangers(names)
                answers += chunk
        confidence = self.curve([answer.score for answer in answers])
        return [self._prediction(answer, float(sure)) for answer, sure in zip(answers, confidence, strict=True)]

    def save(self, directory: Path) -> None:
        """Write `remote.json`: where the backend is, what it called itself, and how to read its scores."""
        content = {
            **asdict(self.address),
            "field": json.loads(self.field.to_json()),
            "names": sorted(self.names),
            "curve": asdict(self.curve),
            "guess": {"value": plain(self.fallback.value), "confidence": self.fallback.confidence},
        }
        text = json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1)
        (directory / MODEL_FILE).write_text(text + "\n", "utf-8")

    def _prediction(self, answer: BackendAnswer, confidence: float) -> Prediction:
        if answer.value is None:
            return Prediction(self.fallback.value, 0.0, self.fallback.confidence, fallback=True)
        return Prediction(answer.value, answer.score, confidence)

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
    kinds = frozenset(FieldKind) - OF_THE_TASK
    background = True

    def __init__(self, written: str, connect: Connect = connect) -> None:
        self._address, self._connect = address(written), connect

    def fit(self, field: Field, examples: Sequence[Example], context: FitContext) -> RemoteModel:
        """Measure the backend's scores on some of the examples.

        Raises NothingToLearn if no example has a value that the field allows, UserError if the backend cannot be
        reached, changes its model meanwhile, or says nothing of use about any of them.
        """
        usable = usable_examples(field, examples)
        drawn = _sample(usable, context.seed)
        try:
            with self._connect(self._address, context.remote) as backend:
                backend.health()
                answers, names = _interview(backend, field, [e.text for e in drawn], context)
        except NeighbourError as error:  # a round does not wait for a backend that is down: it competes in the next one
            raise UserError(str(error)) from error
        known = [(one, e.value) for one, e in zip(answers, drawn, strict=False) if one.value is not None]
        if not known:
            raise UserError(
                f"The remote backend at {self._address.url} says nothing of use about any of {len(answers)} tasks: its "
                f"predictions must be of the control {field.name} (from_name) and use its labels. See its log."
            )
        curve = fit_platt(
            [one.score for one, _ in known], [same(one.value, truth) for one, truth in known if one.value]
        )
        log.info("remote_fitted", url=self._address.url, names=sorted(names), asked=len(answers), answered=len(known))
        return RemoteModel(
            address=self._address,
            field=field,
            names=names,
            curve=curve,
            fallback=_fallback(usable),
            access=context.remote,
            connect=self._connect,
        )

    def load(self, directory: Path, context: ModelContext) -> RemoteModel:
        """Read a saved model; raises BrokenPromise if it cannot be read. The backend is not asked anything yet."""
        with damage_reported(directory):
            content = json.loads((directory / MODEL_FILE).read_text("utf-8"))
            field, fallback = Field.from_json(json.dumps(content["field"])), content["guess"]
            return RemoteModel(
                address=Address(content["url"], content["project"]),
                field=field,
                names=frozenset(content["names"]),
                curve=PlattScaling(**content["curve"]),
                fallback=Fallback(value_of(field.kind, fallback["value"]), fallback["confidence"]),
                access=context.remote,
                connect=self._connect,
            )


def conversation(
    backend: Backend, field: Field, texts: Sequence[str]
) -> Iterator[tuple[list[BackendAnswer], frozenset[str]]]:
    """Yield the backend's answers about the texts, fifty at a time, with the names its model called itself.

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
            answers = [NOTHING] * len(some)
        else:
            answers = [read(field, text, entry) for text, entry in zip(some, entries, strict=True)]
        yield answers, frozenset(filter(None, (setup, name, *(answer.version for answer in answers))))
        start += len(some)


def _interview(
    backend: Backend, field: Field, texts: Sequence[str], context: FitContext
) -> tuple[list[BackendAnswer], frozenset[str]]:
    answers: list[BackendAnswer] = []
    names: frozenset[str] = frozenset()
    for chunk, more in conversation(backend, field, texts):
        answers, names = [*answers, *chunk], names | more
        context.report(len(answers) / len(texts))
        if time.monotonic() >= context.deadline:
            break
    now = backend.setup(label_config(field))
    if now and now not in names:
        raise NeighbourError(f"The remote backend changed its model to {now} while it was measured: it competes again.")
    return answers, names


def _sample(examples: Sequence[Example], seed: int) -> list[Example]:
    if len(examples) <= SAMPLE:
        return list(examples)
    drawn = np.random.default_rng(seed).choice(len(examples), SAMPLE, replace=False)
    return [examples[place] for place in np.sort(drawn)]


def _fallback(examples: Sequence[Example]) -> Fallback:
    counts = Counter(example.value for example in examples)
    value = min(counts, key=lambda each: (-counts[each], str(each)))
    return Fallback(value, counts[value] / (len(examples) + 1))
