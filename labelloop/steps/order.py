"""Order the head of the queue: TRAIN tasks by their worth, audit tasks hidden among them."""

import hashlib
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from labelloop.domain.loop import Phase
from labelloop.domain.predictions import Answer
from labelloop.domain.queue import QueueItem, interleave, ranked
from labelloop.domain.records import Evaluation, Fit, Publication
from labelloop.domain.relabel import people_needed
from labelloop.domain.rounds import snapshot
from labelloop.domain.tasks import Annotation, Prediction, Role, Task
from labelloop.domain.values import Value
from labelloop.learners.base import Encode, Model, Priced
from labelloop.plugins import strategy
from labelloop.steps.answer import answers_in_time
from labelloop.steps.models import load_model
from labelloop.steps.project import QUEUE_FILE, ProjectView
from labelloop.strategies.base import Candidates

LARGE_POOL, SUB_POOL = 50_000, 20_000
PAID_POOL = 200
"""How many tasks a model is asked about whose answers cost money, or twice as many as are wanted."""


@dataclass(frozen=True, slots=True)
class QueueHead:
    """The next tasks for people, ready to be pushed under the publication's name.

    `again` are those put back to be judged anew, each with how many people must judge it in all.
    """

    publication: Publication
    items: tuple[QueueItem, ...]
    again: tuple[tuple[int, int], ...] = ()


def order_queue(view: ProjectView, *, encode: Encode, again: Iterable[int] = ()) -> QueueHead | None:
    """Return the head of the queue by the deployed version, None if people have nothing left to judge.

    Between rounds the tasks that are to be judged anew come first, and blind: those that the publication before put
    back and that are not finished, then those of `again`.
    While an attempt to certify is open these are its tasks alone, blind; during a release, the tasks the model may not
    label, the least certain first.
    """
    annotations, phase = view.mirror.annotations(), view.phase
    rng = np.random.default_rng([view.rules.seed, view.id, len(view.ledger.all(Publication, view.id))])
    put_back: dict[int, int] = {}
    match phase:
        case Phase.ROUNDS:
            put_back = people_needed(view.put_back() | dict.fromkeys(again, 0), annotations)
            items = _between_rounds(view, annotations, list(put_back), rng, encode=encode)
        case Phase.CERTIFY:
            drawn = np.array(view.last_tasks(annotations, phase), dtype=np.int64)
            items = ranked(rng.permutation(drawn).tolist(), {})
        case Phase.RELEASE:
            items = _left_to_people(view, annotations)
    return QueueHead(_publication(view, items), tuple(items), tuple(put_back.items())) if items else None


def _between_rounds(
    view: ProjectView, annotations: list[Annotation], first: list[int], rng: np.random.Generator, *, encode: Encode
) -> list[QueueItem]:
    train, audit = view.open_tasks(annotations)
    if not train and not audit:
        return ranked(first, {})
    deployed = view.ledger.deployed(view.id)
    model = load_model(view.book, deployed, encode=encode) if deployed else None
    rules = view.rules
    if model is not None and view.last_round is None:
        chosen, predictions = _go_on(view, train, annotations, model, rng, encode=encode)
    else:
        chosen, predictions = _choose(view, train, annotations, model, _wanted(view), rng, encode=encode)
    last_of_all = len(chosen) == len(train)
    share = max(rules.monitor_share, len(audit) / (len(train) + len(audit))) if last_of_all else rules.monitor_share
    order = interleave(chosen, _audit_head(audit, annotations, len(chosen), share, rng), share, rng)
    return ranked([*first, *order], predictions if rules.pre_annotate else {})


def _left_to_people(view: ProjectView, annotations: list[Annotation]) -> list[QueueItem]:
    roles, field = view.ledger.roles(view.id), view.field
    left: list[int] = []
    answers: dict[int, Answer] = {}
    for part in view.parts(annotations):
        left += part.finished.waiting
        answers |= {id_: part.answers[id_] for id_ in part.finished.waiting if id_ in part.answers}
    order = sorted(left, key=lambda id_: (answers[id_].margin, id_) if id_ in answers else (0.0, id_))[: _wanted(view)]
    shown = {
        id_: Prediction(id_, answers[id_].value, answers[id_].confidence)
        for id_ in order
        if roles[id_] is Role.TRAIN and id_ in answers and answers[id_].is_shown and field.allows(answers[id_].value)
    }
    return ranked(order, shown if view.rules.pre_annotate else {})


def _wanted(view: ProjectView) -> int:
    last = view.last_round
    return view.rules.queue_rounds * view.rules.round_due_at(last.train if last else 0)


def _publication(view: ProjectView, items: list[QueueItem]) -> Publication:
    deployed, last = view.ledger.deployed(view.id), view.last_round
    version = deployed.version if deployed else ""
    again = sum(publication.version == version for publication in view.ledger.all(Publication, view.id))
    return Publication(
        project_id=view.id,
        name=(version or "v0") + (f".{again + 1}" if again else ""),
        version=version,
        round_number=last.number if last else 0,
        tasks=len(items),
        blind=sum(item.prediction is None for item in items),
        at=datetime.now(UTC),
    )


def record_publication(view: ProjectView, head: QueueHead) -> bool:
    """Record that the head of the queue now stands in the labelling tool; False if another worker was first."""
    put_back = dict(head.again)
    rows = pd.DataFrame(
        [
            {
                "task_id": item.task_id,
                "score": item.score,
                "value": str(item.prediction.value) if item.prediction else "",
                "confidence": item.prediction.confidence if item.prediction else math.nan,
                "put_back": put_back.get(item.task_id, 0),
            }
            for item in head.items
        ]
    )
    buffer = io.BytesIO()
    rows.to_parquet(buffer, index=False)
    files = {QUEUE_FILE: buffer.getvalue()}
    deployed = view.ledger.deployed(view.id)
    parents = (deployed.artifact,) if deployed else ()
    return view.book.record(head.publication, f"publication-{head.publication.name}", files, parents)


def _go_on(
    view: ProjectView,
    train: list[Task],
    annotations: list[Annotation],
    model: Model,
    rng: np.random.Generator,
    *,
    encode: Encode,
) -> tuple[list[int], dict[int, Prediction]]:
    """Return what people were given before there was a model, in that order, with its answers.

    Nobody has measured it, so its doubts choose no task; it is asked about no others than these.
    """
    left, more = view.queued_train(annotations), list[Task]()
    if len(left) < min(view.rules.round_due_at(0), len(train)):
        known = {task.id for task in left}
        rest = {task.id: task for task in train if task.id not in known}
        wanted = _wanted(view) - len(left)
        chosen, _ = _choose(view, list(rest.values()), annotations, None, wanted, rng, encode=encode)
        more = [rest[task_id] for task_id in chosen]
    answers: dict[int, Answer] = {}
    for tasks in (left, more) if view.rules.pre_annotate else ():  # those that it was asked about before come first
        said = answers_in_time(model, [task.text for task in tasks])
        answers |= {task.id: one for task, one in zip(tasks, said, strict=False)}
    return [task.id for task in (*left, *more)], _shown(view, answers)


def _shown(view: ProjectView, answers: Mapping[int, Answer]) -> dict[int, Prediction]:
    # A label that the configuration no longer allows is not shown: the task is left to the person.
    return {
        task_id: Prediction(task_id, answer.value, answer.confidence)
        for task_id, answer in answers.items()
        if answer.is_shown and view.field.allows(answer.value)
    }


def _choose(
    view: ProjectView,
    train: list[Task],
    annotations: list[Annotation],
    model: Model | None,
    wanted: int,
    rng: np.random.Generator,
    *,
    encode: Encode,
) -> tuple[list[int], dict[int, Prediction]]:
    if not train:
        return [], {}
    if isinstance(model, Priced):
        train, answers = _asked(view, train, model, wanted)
    else:
        if len(train) > LARGE_POOL:
            train = [train[i] for i in np.sort(rng.choice(len(train), SUB_POOL, replace=False))]
        answers = model.answer([task.text for task in train]) if model else None
    texts = [task.text for task in train]
    labelled = snapshot(0, view.mirror.tasks(), annotations, view.ledger.roles(view.id), view.field).training
    candidates = Candidates(
        ids=np.array([task.id for task in train], dtype=np.int64),
        vectors=encode(texts),
        margins=None if answers is None else np.array([answer.margin for answer in answers]),
        guesses=None if answers is None else tuple(answer.value for answer in answers),
        labelled=encode([task.task.text for task in labelled]),
        label_count=len(view.field.labels),
        settled=tuple(task.consensus.value for task in labelled if task.consensus.value is not None),
        rivals=lambda: _rivals(view, texts, encode=encode),
    )
    chosen = strategy(view.rules.strategy)(candidates, min(wanted, len(train)), rng)
    said = {task.id: answer for task, answer in zip(train, answers or (), strict=False)}
    return chosen, _shown(view, {task_id: said[task_id] for task_id in chosen if task_id in said})


def _asked(view: ProjectView, train: list[Task], model: Model, wanted: int) -> tuple[list[Task], list[Answer] | None]:
    """Return the tasks to choose from, with the answers of a model that costs money, as many as come in time.

    It is asked about a few, the same as last time while they are there: a whole pool would be paid for after every
    round. Where too few answers come the tasks are chosen without it, from all.
    """
    few = sorted(train, key=lambda task: hashlib.blake2b(f"{view.rules.seed}:{task.id}".encode()).digest())
    few = few[: max(PAID_POOL, 2 * wanted)]
    answers = answers_in_time(model, [task.text for task in few])
    if len(answers) < min(wanted, len(few)):
        return train, None
    return few[: len(answers)], answers


def _rivals(view: ProjectView, texts: list[str], *, encode: Encode) -> tuple[Value, ...] | None:
    """Return what the best version of the newest round by another learner than the deployed one's would answer."""
    deployed, last = view.ledger.deployed(view.id), view.last_round
    if deployed is None or last is None:
        return None
    measured = {e.version: e.agreement or 0.0 for e in view.ledger.all(Evaluation, view.id, round_number=last.number)}
    fits = view.ledger.all(Fit, view.id, round_number=last.number)
    others = [fit for fit in fits if fit.version in measured and fit.learner != deployed.learner]
    if not others:
        return None
    best = max(others, key=lambda fit: measured[fit.version])
    return tuple(answer.value for answer in load_model(view.book, best, encode=encode).answer(texts))


def _audit_head(
    audit: list[Task], annotations: list[Annotation], train: int, share: float, rng: np.random.Generator
) -> list[int]:
    # Tasks that already have their first person come first; the others in random order, no more than their share (all
    # of them once every TRAIN task is in the queue: the share has then been raised to what is left).
    judged = {annotation.task_id for annotation in annotations}
    order = [audit[i].id for i in rng.permutation(len(audit))]
    order.sort(key=lambda task_id: task_id not in judged)
    if train == 0 or share >= 1:
        return order
    return order[: math.ceil(train * share / (1 - share))]
