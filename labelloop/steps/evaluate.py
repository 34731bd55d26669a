"""Measure a round's candidates, and the champion, on the same audit set."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import structlog
from numpy.typing import NDArray

from labelloop.domain.audited_regions import region_pairs
from labelloop.domain.disagreements import AuditedTask
from labelloop.domain.lookup import matching, newest
from labelloop.domain.moments import moment_after
from labelloop.domain.records import Evaluation, Fit
from labelloop.domain.rounds import AnnotatedTask
from labelloop.domain.units import asked_text
from labelloop.domain.value_cells import value_from_json, value_json
from labelloop.domain.values import FieldKind, Value, same
from labelloop.encoders.vectors import encoded_anew
from labelloop.errors import BrokenPromise, LabelLoopError, UserError
from labelloop.learners.base import Model, ModelContext, cost_per_1000
from labelloop.state.load import load
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import as_measured, closed_round
from labelloop.stats.agreement import model_agreement, pairwise_agreement
from labelloop.stats.intervals import bootstrap_mean, wilson
from labelloop.stats.per_label import macro_f1
from labelloop.steps.model_store import load_model
from labelloop.stores.book import Book
from labelloop.stores.table_files import Column, TableSchema, read_columns, read_rows

ROWS_FILE = "audit.parquet"
TIMED = 20
"""Texts that are encoded anew, to know how long a text takes that nobody has asked about before."""
_ROWS = TableSchema[AuditedTask](
    Column("task_id", pa.int64(), lambda task: task.id),
    Column("model", pa.string(), lambda task: str(task.model)),
    Column("model_value", pa.string(), lambda task: value_json(task.model)),
    Column("people", pa.string(), lambda task: " / ".join(map(str, task.people.values()))),
    Column("agreement", pa.float64(), lambda task: task.agreement),
    Column("human_agreement", pa.float64(), lambda task: task.human_agreement),
)

log = structlog.get_logger()


def evaluate(
    book: Book, state: ProjectState, number: int, *, context: ModelContext, last_try: bool = False
) -> list[Evaluation]:
    """Evaluate the champion and a round's candidates on the round's audit set; return all evaluations of the round.

    What cannot be evaluated is passed over with the reason, so that it stops no round: a UserError and a champion that
    cannot be loaded at once, whatever else in the `last_try`; before that it is raised once the others are evaluated.
    """
    closed = closed_round(book, state, number)
    if closed is None:
        raise BrokenPromise(f"Round {number} of project {state.id} is queued for evaluation but was never closed.")
    audit = as_measured(book, state, closed).audit(state.rules.monitor_people)
    champion, competing = state.deployed, state.looped.competing(number)
    trouble: Exception | None = None
    for fit in {fit.version: fit for fit in [*([champion] if champion else []), *competing]}.values():
        if matching(state.looped.evaluations, round_number=number, version=fit.version):
            continue
        try:
            _evaluate_one(book, state, number, fit, audit, context=context)
        except Exception as error:
            lost = isinstance(error, BrokenPromise) and fit not in competing
            if not last_try and not lost and not isinstance(error, UserError):
                trouble = error
                continue
            why = str(error) if isinstance(error, LabelLoopError) else f"{type(error).__name__}: {error}"
            log.error("version_not_evaluated", project=state.id, version=fit.version, reason=why)
            if fit in competing:
                _record(book, state, number, fit, _measured(state.id, number, fit.version, (), (), why))
    if trouble is not None:
        raise trouble
    return list(matching(load(book, state.id).focused(state.focus).looped.evaluations, round_number=number))


def _evaluate_one(
    book: Book, state: ProjectState, number: int, fit: Fit, audit: Sequence[AnnotatedTask], *, context: ModelContext
) -> None:
    _refuse_outdated(state, number, fit)
    model, texts = load_model(book, fit, context=context), [_asked(task) for task in audit]
    predicted, ms_per_text = _predicted_in_time(model, texts)
    figures, tasks = _measured(state.id, number, fit.version, audit, predicted)
    figures = replace(figures, ms_per_text=ms_per_text, cost_per_1000=cost_per_1000(model))
    _record(book, state, number, fit, (figures, tasks))


def _asked(task: AnnotatedTask) -> str:
    """Return what a model is asked of an audit task: of a field about regions, about those that people marked."""
    return asked_text(task.task.text, [a.value for a in task.annotations if a.value is not None])


def _predicted_in_time(model: Model, texts: Sequence[str]) -> tuple[list[Value], float]:
    """Return what a model says of each text and the milliseconds that a new text takes, measured on the first few."""
    if not texts:
        return [], 0.0
    timed, rest = texts[:TIMED], texts[TIMED:]
    started = time.perf_counter()
    with encoded_anew():
        said = model.predict(timed)
    ms_per_text = (time.perf_counter() - started) * 1000 / len(timed)
    return [found.value for found in (*said, *(model.predict(rest) if rest else ()))], ms_per_text


def _refuse_outdated(state: ProjectState, number: int, fit: Fit) -> None:
    learned, now = (newest(state.rounds, number=n) for n in (fit.round_number, number))
    changed = learned and now and learned.schema_number != now.schema_number
    if changed and state.looped.deployed_version != fit.version:
        raise UserError(f"{fit.version} came late, and the labelling configuration has changed since it was begun.")


def _measured(
    project_id: int,
    number: int,
    version: str,
    audit: Sequence[AnnotatedTask],
    predicted: Sequence[Value],
    failure: str = "",
) -> tuple[Evaluation, list[AuditedTask]]:
    tasks = [_audited(task, value) for task, value in zip(audit, predicted, strict=True)]
    settled = [(task.consensus.value, v) for v, task in zip(predicted, audit, strict=True) if task.consensus.value]
    return replace(_figures(project_id, number, version, tasks, region_pairs(settled)), failure=failure), tasks


def _audited(task: AnnotatedTask, model: Value) -> AuditedTask:
    people = {a.annotator_id: a.value for a in task.annotations if a.value is not None}
    values = list(people.values())
    return AuditedTask(task.task.id, model, people, model_agreement(model, values), pairwise_agreement(values))


def _record(
    book: Book, state: ProjectState, number: int, fit: Fit, measured: tuple[Evaluation, list[AuditedTask]]
) -> None:
    record, tasks = measured
    round_record = newest(state.rounds, number=number)
    # a decision is due again for what was measured since the last one
    record = replace(record, created_at=moment_after([state.looped.decision(number)]))
    parents = (fit.artifact, round_record.artifact if round_record else "")
    book.record(record, f"evaluation-{number}-{fit.version}", audit_files(tasks), parents)


def audit_files(tasks: Sequence[AuditedTask]) -> dict[str, bytes]:
    """Return what an evaluation keeps of its audit tasks, which `audit_rows` reads."""
    return {ROWS_FILE: _ROWS.parquet(tasks)}


def predicted_values(book: Book, fit: Fit, audit: Sequence[AnnotatedTask], *, context: ModelContext) -> list[Value]:
    """Return what a version says of each audit task."""
    model = load_model(book, fit, context=context)
    return [prediction.value for prediction in model.predict(list(map(_asked, audit)))] if audit else []


def _figures(
    project_id: int, number: int, version: str, tasks: Sequence[AuditedTask], settled: list[tuple[Value, Value]]
) -> Evaluation:
    model = np.array([task.agreement for task in tasks])
    human = np.array([task.human_agreement for task in tasks if task.human_agreement is not None])
    (low, high), (human_low, human_high) = interval(model), interval(human)
    right = [same(truth, predicted) for truth, predicted in settled]
    return Evaluation(
        project_id=project_id,
        round_number=number,
        version=version,
        n=len(tasks),
        agreement=float(model.mean()) if len(model) else None,
        agreement_low=low,
        agreement_high=high,
        human_agreement=float(human.mean()) if len(human) else None,
        human_low=human_low,
        human_high=human_high,
        accuracy=sum(right) / len(right) if right else None,
        macro_f1=macro_f1(settled) if settled else None,
        ms_per_text=0.0,
        created_at=datetime.now(UTC),
    )


def interval(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Return the 95 % interval of the mean of values in [0, 1], shape (n,); None twice where n is 0."""
    if not len(values):
        return None, None
    # Where every task counts 0 or 1 the Wilson interval is the better one for few tasks.
    if set(np.unique(values)) <= {0.0, 1.0}:
        found = wilson(float(values.sum()), len(values))
    else:
        found = bootstrap_mean(values, confidence=0.95, seed=0)
    return found.low, found.high


def agreement_by_task(book: Book, evaluation: Evaluation) -> dict[int, float]:
    """Return an evaluated version's agreement with people, in [0, 1], by task id."""
    ids, agreements = read_columns(_rows(book, evaluation), "task_id", "agreement")
    return dict(zip(ids, agreements, strict=True))


def answers_by_task(book: Book, evaluation: Evaluation, kind: FieldKind) -> dict[int, Value]:
    """Return what an evaluated version says of each audit task, by task id."""
    ids, written = read_columns(_rows(book, evaluation), "task_id", "model_value")
    read = {text: value_from_json(kind, text) for text in set(written)}
    return {id_: read[text] for id_, text in zip(ids, written, strict=True)}


def audit_rows(book: Book, evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return what an evaluation measured, one row an audit task, in order of `task_id`.

    The other columns: `model` and `people` (what they say, for reading), `model_value` (as JSON), `agreement` and
    `human_agreement` (in [0, 1], the latter None where one person judged the task).
    """
    return read_rows(_rows(book, evaluation))


def _rows(book: Book, evaluation: Evaluation) -> bytes:
    return book.artifacts.read(evaluation.artifact, ROWS_FILE)
