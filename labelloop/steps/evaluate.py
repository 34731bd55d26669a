"""Measure a round's candidates, and the champion, on the same audit set."""

import io
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import structlog
from numpy.typing import NDArray

from labelloop.domain.candidates import candidates
from labelloop.domain.records import ClosedRound, Evaluation, Fit
from labelloop.domain.rounds import JudgedTask
from labelloop.domain.values import Value, plain
from labelloop.errors import BrokenPromise, LabelLoopError, UserError
from labelloop.learners.base import Encode, cost_per_1000
from labelloop.stats.agreement import model_agreement, pairwise_agreement
from labelloop.stats.intervals import bootstrap_mean, wilson
from labelloop.stats.per_label import macro_f1
from labelloop.steps.models import load_model
from labelloop.steps.project import ProjectView
from labelloop.stores.book import Book

ROWS_FILE = "audit.parquet"

log = structlog.get_logger()


def evaluate(view: ProjectView, number: int, *, encode: Encode, last_try: bool = False) -> list[Evaluation]:
    """Evaluate the champion and a round's candidates on the round's audit set; return all evaluations of the round.

    What cannot be evaluated is passed over with the reason, so that it stops no round: a UserError and a champion that
    cannot be loaded at once, whatever else in the `last_try`; before that it is raised once the others are evaluated.
    """
    closed = view.round(number)
    if closed is None:
        raise BrokenPromise(f"Round {number} of project {view.id} is queued for evaluation but was never closed.")
    audit = closed.audit(view.rules.monitor_people)
    champion, competing = view.ledger.deployed(view.id), _candidates(view, number)
    trouble: Exception | None = None
    for fit in [*([champion] if champion else []), *competing]:
        if view.ledger.newest(Evaluation, view.id, round_number=number, version=fit.version) is not None:
            continue
        try:
            _evaluate_one(view, number, fit, audit, encode=encode)
        except Exception as error:
            lost = isinstance(error, BrokenPromise) and fit not in competing
            if not last_try and not lost and not isinstance(error, UserError):
                trouble = error
                continue
            why = str(error) if isinstance(error, LabelLoopError) else f"{type(error).__name__}: {error}"
            log.error("version_not_evaluated", project=view.id, version=fit.version, because=why)
            if fit in competing:
                _record(view, number, fit, _measured(view.id, number, fit.version, (), (), why))
    if trouble is not None:
        raise trouble
    return view.ledger.all(Evaluation, view.id, round_number=number)


def _candidates(view: ProjectView, number: int) -> list[Fit]:
    return candidates(view.ledger.all(Fit, view.id), view.ledger.all(Evaluation, view.id), number)


def _evaluate_one(view: ProjectView, number: int, fit: Fit, audit: Sequence[JudgedTask], *, encode: Encode) -> None:
    _refuse_outdated(view, number, fit)
    model, texts = load_model(view.book, fit, encode=encode), [task.task.text for task in audit]
    started = time.perf_counter()
    said = [answer.value for answer in model.answer(texts)] if texts else []
    ms_per_text = (time.perf_counter() - started) * 1000 / max(len(audit), 1)
    figures, rows = _measured(view.id, number, fit.version, audit, said)
    figures = replace(figures, ms_per_text=ms_per_text, cost_per_1000=cost_per_1000(model))
    _record(view, number, fit, (figures, rows))


def _refuse_outdated(view: ProjectView, number: int, fit: Fit) -> None:
    learned, now = (view.ledger.newest(ClosedRound, view.id, number=n) for n in (fit.round_number, number))
    champion = view.ledger.deployed(view.id)
    changed = learned and now and learned.schema_number != now.schema_number
    if changed and not (champion and champion.version == fit.version):
        raise UserError(f"{fit.version} came late, and the labelling configuration has changed since it was begun.")


def _measured(
    project_id: int,
    number: int,
    version: str,
    audit: Sequence[JudgedTask],
    said: Sequence[Value],
    failure: str = "",
) -> tuple[Evaluation, pd.DataFrame]:
    people = [[a.value for a in task.judgements if a.value is not None] for task in audit]
    rows = pd.DataFrame(
        {
            "task_id": [task.task.id for task in audit],
            "model": [str(value) for value in said],
            "model_value": [json.dumps(plain(value), ensure_ascii=False) for value in said],
            "people": [" / ".join(map(str, values)) for values in people],
            "agreement": [model_agreement(value, values) for value, values in zip(said, people, strict=True)],
            "human_agreement": [pairwise_agreement(values) for values in people],
        }
    ).astype({"task_id": "int64", "agreement": "float64", "human_agreement": "float64"})
    settled = [(task.consensus.value, v) for v, task in zip(said, audit, strict=True) if task.consensus.value]
    return replace(_figures(project_id, number, version, rows, settled), failure=failure), rows


def _record(view: ProjectView, number: int, fit: Fit, measured: tuple[Evaluation, pd.DataFrame]) -> None:
    record, rows = measured
    buffer = io.BytesIO()
    rows.to_parquet(buffer, index=False)
    round_record = view.ledger.newest(ClosedRound, view.id, number=number)
    parents = (fit.artifact, round_record.artifact if round_record else "")
    view.book.record(record, f"evaluation-{number}-{fit.version}", {ROWS_FILE: buffer.getvalue()}, parents)


def predicted_values(view: ProjectView, fit: Fit, texts: Sequence[str], *, encode: Encode) -> list[Value]:
    """Return what a version says of each text."""
    model = load_model(view.book, fit, encode=encode)
    return [answer.value for answer in model.answer(texts)] if texts else []


def _figures(
    project_id: int, number: int, version: str, rows: pd.DataFrame, settled: list[tuple[Value, Value]]
) -> Evaluation:
    model, human = rows["agreement"].to_numpy(), rows["human_agreement"].dropna().to_numpy()
    (low, high), (human_low, human_high) = interval(model), interval(human)
    right = [truth == said for truth, said in settled]
    return Evaluation(
        project_id=project_id,
        round_number=number,
        version=version,
        n=len(rows),
        agreement=float(model.mean()) if len(model) else None,
        agreement_low=low,
        agreement_high=high,
        human_agreement=float(human.mean()) if len(human) else None,
        human_low=human_low,
        human_high=human_high,
        accuracy=sum(right) / len(right) if right else None,
        macro_f1=macro_f1(settled) if settled else None,
        ms_per_text=0.0,
        at=datetime.now(UTC),
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


def agreement_by_task(book: Book, evaluation: Evaluation) -> pd.Series:
    """Return an evaluated version's agreement with people, in [0, 1], by task id."""
    return audit_rows(book, evaluation)["agreement"]


def audit_rows(book: Book, evaluation: Evaluation) -> pd.DataFrame:
    """Return what an evaluation measured, one row an audit task, by task id.

    Columns: `model` and `people` (what they say, for reading), `model_value` (as JSON), `agreement` and
    `human_agreement` (in [0, 1], the latter missing where one person judged the task).
    """
    rows = pd.read_parquet(io.BytesIO(book.artifacts.read(evaluation.artifact, ROWS_FILE)))
    return rows.set_index("task_id")
