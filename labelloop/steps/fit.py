"""Fit learners to a round's training set: the quick ones together, a slow one by itself."""

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import structlog

from labelloop.domain.records import ClosedRound, Fit
from labelloop.domain.rounds import Round
from labelloop.domain.tasks import Role
from labelloop.errors import BrokenPromise, UserError
from labelloop.learners.base import Encode, Example, Scratch
from labelloop.llm.account import charged_to
from labelloop.plugins import is_background, learner, needs_labels
from labelloop.steps.guidelines import handed, record_refinement
from labelloop.steps.models import MODEL_FOLDER
from labelloop.steps.near_copies import near_copies
from labelloop.steps.project import ProjectView
from labelloop.steps.scratch import Place

LARGEST_POOL = 20_000

Hold = Callable[[], AbstractContextManager[object]]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What every learner is given of a round."""

    number: int
    examples: Sequence[Example]
    pool: Sequence[str]


def fit(view: ProjectView, number: int, *, encode: Encode, work: Path | None = None) -> list[Fit]:
    """Fit each quick learner of the project that has not been fitted to round `number`; return all fits of the round.

    `work` is a folder in which a fit that a crash interrupts leaves what the next try goes on from. A learner that
    cannot learn from these labels is recorded with the reason; whatever else goes wrong is raised, and running the step
    again goes on where it stopped.
    """
    lesson = _lesson(view, number, encode=encode)
    with tempfile.TemporaryDirectory(prefix="labelloop-") as temporary:
        for recipe in view.learners:
            if not is_background(recipe) and not _is_fitted(view, number, recipe):
                place = Place(work or Path(temporary), view.id, number, recipe)
                _fit_one(view, lesson, place, Scratch(place.made()), encode=encode)
    return view.ledger.all(Fit, view.id, round_number=number)


def tune(view: ProjectView, place: Place, scratch: Scratch, *, encode: Encode, hold: Hold = nullcontext) -> Fit:
    """Fit one learner, which may be a slow one, to one round, once, and return what came of it.

    Round 0 is before the first label: the learner is given the texts at the head of the queue and nothing else.

    People label on and rounds close meanwhile, so only the recording is done under `hold`, which keeps other jobs off
    the project. Failures are as in `fit`.
    """
    if not _is_fitted(view, place.number, place.recipe):
        lesson = _lesson(view, place.number, encode=encode)
        _fit_one(view, lesson, place, scratch, encode=encode, hold=hold)
    return _recorded(view, place)


def record_failure(view: ProjectView, place: Place, failure: str) -> Fit:
    """Record that a learner could not be fitted to a round, so that it is not tried again before the next one."""
    closed = view.ledger.newest(ClosedRound, view.id, number=place.number)
    _record(view, place, Path(), labels=closed.train if closed else 0, seconds=0.0, failure=failure)
    return _recorded(view, place)


def training_examples(view: ProjectView, closed: Round, *, encode: Encode) -> list[Example]:
    """Return what may be learned from a round: settled TRAIN labels that are no near-copy of an audit task."""
    usable = [t for t in closed.training if t.consensus.value and view.field.allows(t.consensus.value)]
    roles = view.ledger.roles(view.id)
    audit = [task.text for task in view.mirror.tasks().values() if roles.get(task.id) is Role.MONITOR]
    if usable and audit:
        copies = near_copies([t.task.text for t in usable], audit, encode=encode)
        if copies.any():
            left_out = int(copies.sum())
            log.info("near_copies_of_audit_tasks_left_out", project=view.id, round=closed.number, tasks=left_out)
        usable = [task for task, copy in zip(usable, copies, strict=True) if not copy]
    return [Example(t.task.id, t.task.text, t.consensus.value) for t in usable if t.consensus.value is not None]


def unlabelled(view: ProjectView, closed: Round) -> list[str]:
    """Return the texts of TRAIN tasks without a label as of a round, at most 20,000 of them, drawn by the seed."""
    roles, known = view.ledger.roles(view.id), {task.task.id for task in closed.tasks}
    texts = [
        task.text
        for task in view.mirror.tasks().values()
        if roles.get(task.id) is Role.TRAIN and task.id not in known and task.text.strip()
    ]
    if len(texts) > LARGEST_POOL:
        drawn = np.random.default_rng(view.rules.seed).choice(len(texts), LARGEST_POOL, replace=False)
        texts = [texts[row] for row in np.sort(drawn)]
    return texts


def _lesson(view: ProjectView, number: int, *, encode: Encode) -> _Lesson:
    if number == 0:
        return _Lesson(0, [], [task.text for task in view.queued_train(view.mirror.annotations())])
    closed = view.round(number)
    if closed is None:
        raise BrokenPromise(f"Round {number} of project {view.id} is queued for fitting but was never closed.")
    return _Lesson(number, training_examples(view, closed, encode=encode), unlabelled(view, closed))


def _is_fitted(view: ProjectView, number: int, recipe: str) -> bool:
    return view.ledger.newest(Fit, view.id, round_number=number, learner=recipe) is not None


def _recorded(view: ProjectView, place: Place) -> Fit:
    found = view.ledger.newest(Fit, view.id, round_number=place.number, learner=place.recipe)
    assert found is not None
    return found


def _fit_one(
    view: ProjectView, lesson: _Lesson, place: Place, scratch: Scratch, *, encode: Encode, hold: Hold = nullcontext
) -> None:
    started, failure, given = time.perf_counter(), "", handed(view, place)
    scratch = replace(scratch, guideline=given.text, refused=given.refused)
    with tempfile.TemporaryDirectory(prefix="labelloop-") as files:
        folder = Path(files) / MODEL_FOLDER
        folder.mkdir()
        try:
            _save_fitted(view, place.recipe, lesson, folder, scratch, encode=encode)
        except UserError as error:
            failure = str(error)
        seconds = time.perf_counter() - started
        with hold():
            if not failure:
                record_refinement(view, place, given, folder)
            _record(view, place, Path(files), labels=len(lesson.examples), seconds=seconds, failure=failure)


def _record(view: ProjectView, place: Place, files: Path, *, labels: int, seconds: float, failure: str) -> None:
    closed = view.ledger.newest(ClosedRound, view.id, number=place.number)
    parents, name = (closed.artifact,) if closed else (), place.recipe.partition(":")[0]
    while not _is_fitted(view, place.number, place.recipe):  # a fit of another job may have taken the version's name
        version = "" if failure else f"v{len(view.ledger.versions(view.id)) + 1}"
        record = Fit(
            view.id, place.number, place.recipe, version, failure, labels, seconds=seconds, at=datetime.now(UTC)
        )
        view.book.record(record, f"model-{version or 'none'}-{name}", None if failure else files, parents)
    place.clear()


def _save_fitted(
    view: ProjectView, recipe: str, lesson: _Lesson, folder: Path, scratch: Scratch, *, encode: Encode
) -> None:
    if not lesson.examples and (lesson.number or needs_labels(recipe)):
        raise UserError(f"Round {lesson.number} holds no settled label to learn from.")
    chosen, field = learner(recipe), view.field
    if field.kind not in chosen.kinds:
        raise UserError(
            f"The learner {recipe} cannot learn {field.kind} fields such as {field.name}, only "
            f"{', '.join(sorted(chosen.kinds))}: mend the rule `learners`."
        )
    with charged_to(view.id, lesson.number):
        model = chosen.fit(
            field, lesson.examples, pool=lesson.pool, encode=encode, seed=view.rules.seed, scratch=scratch
        )
    model.save(folder)
