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

from labelloop.domain.lookup import newest
from labelloop.domain.records import ClosedRound, Fit
from labelloop.domain.refinement import Refinement
from labelloop.domain.rounds import Round
from labelloop.domain.tasks import Role
from labelloop.errors import BrokenPromise, UserError
from labelloop.extras import missing_extras_reported
from labelloop.learners.base import Encode, Example, FitContext, ModelContext, refinement_of
from labelloop.learners.by_unit import learner_of
from labelloop.llm.cost_center import charged_to
from labelloop.plugins import is_background, learner, needs_labels
from labelloop.state.field_learners import field_learners
from labelloop.state.field_mirror import field_mirror
from labelloop.state.progress import queued_train
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import closed_round
from labelloop.steps.fields_together import fields_together
from labelloop.steps.guideline_rulings import handed, record_refinement
from labelloop.steps.model_store import MODEL_FOLDER
from labelloop.steps.training_examples import training_examples
from labelloop.steps.workspace import FitFolder, fit_folder
from labelloop.stores.book import Book

LARGEST_POOL = 20_000

Hold = Callable[[], AbstractContextManager[object]]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What every learner is given of a round."""

    number: int
    examples: Sequence[Example]
    pool: Sequence[str]


def fit(book: Book, state: ProjectState, number: int, *, context: ModelContext, work: Path | None = None) -> list[Fit]:
    """Fit each quick learner of the project that has not been fitted to round `number`; return all fits of the round.

    `work` is a folder in which a fit that a crash interrupts leaves what the next try goes on from. A learner that
    cannot learn from these labels is recorded with the reason; whatever else goes wrong is raised, and running the step
    again goes on where it stopped.
    """
    lesson = _lesson(book, state, number, encode=context.encode)
    with tempfile.TemporaryDirectory(prefix="labelloop-") as temporary:
        for spec in field_learners(state):
            if not is_background(spec) and not state.looped.is_fitted(number, spec):
                place = fit_folder(work or Path(temporary), state, number, spec)
                _fit_one(book, state, lesson, place, context.to_fit(place.made()))
    return book.ledger.all(Fit, state.id, round_number=number, field=state.field_on_record)


def tune(book: Book, state: ProjectState, place: FitFolder, context: FitContext, *, hold: Hold = nullcontext) -> Fit:
    """Fit one learner, which may be a slow one, to one round, once, and return what came of it.

    Round 0 is before the first label: the learner is given the texts at the head of the queue and nothing else.

    People label on and rounds close meanwhile, so only the recording is done under `hold`, which keeps other jobs off
    the project. Failures are as in `fit`.
    """
    if not state.looped.is_fitted(place.number, place.spec):
        lesson = _lesson(book, state, place.number, encode=context.encode)
        _fit_one(book, state, lesson, place, context, hold=hold)
    return _recorded(book, place)


def record_failure(book: Book, state: ProjectState, place: FitFolder, failure: str) -> Fit:
    """Record that a learner could not be fitted to a round, so that it is not tried again before the next one."""
    closed = newest(state.rounds, number=place.number)
    _record(book, closed, place, Path(), labels=closed.train if closed else 0, seconds=0.0, failure=failure)
    return _recorded(book, place)


def unlabelled(book: Book, state: ProjectState, closed: Round) -> list[str]:
    """Return the texts of TRAIN tasks without a label as of a round, at most 20,000 of them, drawn by the seed."""
    known = {task.task.id for task in closed.tasks}
    ids = sorted((state.tasks.of(Role.TRAIN) & state.tasks.with_text) - known)
    if len(ids) > LARGEST_POOL:
        drawn = np.random.default_rng(state.rules.seed).choice(len(ids), LARGEST_POOL, replace=False)
        ids = [ids[row] for row in np.sort(drawn)]
    return [task.text for task in field_mirror(book, state).tasks(ids).values()]


def _lesson(book: Book, state: ProjectState, number: int, *, encode: Encode) -> _Lesson:
    if number == 0:
        queued = queued_train(state)
        tasks = field_mirror(book, state).tasks(queued)
        return _Lesson(0, [], [tasks[task_id].text for task_id in queued if task_id in tasks])
    closed = closed_round(book, state, number)
    if closed is None:
        raise BrokenPromise(f"Round {number} of project {state.id} is queued for fitting but was never closed.")
    return _Lesson(number, training_examples(book, state, closed, encode=encode), unlabelled(book, state, closed))


def _found(book: Book, place: FitFolder) -> Fit | None:
    where = {"learner": place.spec, "encoder": place.encoder, "again": place.again, "field": place.field}
    return book.ledger.newest(Fit, place.project_id, round_number=place.number, **where)


def _recorded(book: Book, place: FitFolder) -> Fit:
    found = _found(book, place)
    assert found is not None
    return found


def _fit_one(
    book: Book,
    state: ProjectState,
    lesson: _Lesson,
    place: FitFolder,
    context: FitContext,
    *,
    hold: Hold = nullcontext,
) -> None:
    started, failure, given = time.perf_counter(), "", handed(book, place)
    together = fields_together(book, state, lesson.number, place.spec, encode=context.encode)
    context = replace(context, pool=lesson.pool, seed=state.rules.seed, guideline=given.text, refused=given.refused)
    context = replace(context, together=together)
    with tempfile.TemporaryDirectory(prefix="labelloop-") as files:
        folder = Path(files) / MODEL_FOLDER
        folder.mkdir()
        refinement = None
        try:
            refinement = _save_fitted(state, place.spec, lesson, folder, context)
        except UserError as error:
            failure = str(error)
        seconds = time.perf_counter() - started
        with hold():
            if refinement is not None:
                record_refinement(book, place, given, refinement)
            closed = newest(state.rounds, number=place.number)
            _record(book, closed, place, Path(files), labels=len(lesson.examples), seconds=seconds, failure=failure)


def _record(
    book: Book,
    closed: ClosedRound | None,
    place: FitFolder,
    files: Path,
    *,
    labels: int,
    seconds: float,
    failure: str,
) -> None:
    parents, name = (closed.artifact,) if closed else (), place.spec.partition(":")[0]
    while _found(book, place) is None:  # a fit of another job may have taken the version's name
        version = "" if failure else f"v{len(book.ledger.versions(place.project_id)) + 1}"
        record = Fit(
            place.project_id,
            place.number,
            place.spec,
            version,
            failure,
            labels,
            seconds=seconds,
            encoder=place.encoder,
            again=place.again,
            field=place.field,
            created_at=datetime.now(UTC),
        )
        book.record(record, f"model-{version or 'none'}-{name}", None if failure else files, parents)
    place.clear()


def _save_fitted(
    state: ProjectState, spec: str, lesson: _Lesson, folder: Path, context: FitContext
) -> Refinement | None:
    if not lesson.examples and (lesson.number or needs_labels(spec)):
        raise UserError(f"Round {lesson.number} holds no settled label to learn from.")
    field = state.field
    chosen = learner_of(field, learner(spec))
    if field.kind not in chosen.kinds:
        raise UserError(
            f"The learner {spec} cannot learn {field.kind} fields such as {field.name}, only "
            f"{', '.join(sorted(chosen.kinds))}: fix the rule `learners`."
        )
    with charged_to(state.id, lesson.number), missing_extras_reported():
        model = chosen.fit(field, lesson.examples, context)
    model.save(folder)
    return refinement_of(model)
