"""Fit every candidate learner to a round's training set."""

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import structlog

from labelloop.domain.records import ClosedRound, Fit
from labelloop.domain.rounds import Round
from labelloop.domain.tasks import Role
from labelloop.errors import BrokenPromise, UserError
from labelloop.learners.base import Encode, Example
from labelloop.plugins import learner
from labelloop.steps.models import MODEL_FOLDER
from labelloop.steps.project import ProjectView

NEAR_DUPLICATE = 0.97

log = structlog.get_logger()


def fit(view: ProjectView, number: int, *, encode: Encode) -> list[Fit]:
    """Fit each of the project's learners that has not been fitted to round `number`; return all fits of the round.

    A learner that cannot learn from these labels is recorded with the reason; whatever else goes wrong is raised, and
    running the step again goes on where it stopped.
    """
    closed = view.round(number)
    if closed is None:
        raise BrokenPromise(f"Round {number} of project {view.id} is queued for fitting but was never closed.")
    examples = training_examples(view, closed, encode=encode)
    for name in view.rules.learners:
        if view.ledger.newest(Fit, view.id, round_number=number, learner=name) is None:
            _fit_one(view, number, name, examples, encode=encode)
    return view.ledger.all(Fit, view.id, round_number=number)


def training_examples(view: ProjectView, closed: Round, *, encode: Encode) -> list[Example]:
    """Return what may be learned from a round: settled TRAIN labels that are no near-copy of an audit task."""
    usable = [t for t in closed.training if t.consensus.value and view.field.allows(t.consensus.value)]
    roles = view.ledger.roles(view.id)
    audit = [task.text for task in view.mirror.tasks().values() if roles.get(task.id) is Role.MONITOR]
    if usable and audit:
        alike = encode([t.task.text for t in usable]) @ encode(audit).T
        copies = alike.max(axis=1) > NEAR_DUPLICATE
        if copies.any():
            left_out = int(copies.sum())
            log.info("near_copies_of_audit_tasks_left_out", project=view.id, round=closed.number, tasks=left_out)
        usable = [task for task, copy in zip(usable, copies, strict=True) if not copy]
    return [Example(t.task.id, t.task.text, t.consensus.value) for t in usable if t.consensus.value is not None]


def _fit_one(view: ProjectView, number: int, name: str, examples: list[Example], *, encode: Encode) -> None:
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="labelloop-") as temporary:
        folder = Path(temporary) / MODEL_FOLDER
        folder.mkdir()
        version, failure = f"v{len(view.ledger.versions(view.id)) + 1}", ""
        try:
            if not examples:
                raise UserError(f"Round {number} holds no settled label to learn from.")
            learner(name).fit(view.field, examples, encode=encode, seed=view.rules.seed).save(folder)
        except UserError as error:
            version, failure = "", str(error)
        record = Fit(
            project_id=view.id,
            round_number=number,
            learner=name,
            version=version,
            failure=failure,
            labels=len(examples),
            seconds=time.perf_counter() - started,
            at=datetime.now(UTC),
        )
        closed = view.ledger.newest(ClosedRound, view.id, number=number)
        parents = (closed.artifact,) if closed else ()
        view.book.record(record, f"model-{version or 'none'}-{name}", Path(temporary), parents)
