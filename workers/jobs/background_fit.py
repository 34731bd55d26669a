"""Fit slow learners in the background: nobody waits for them, and each competes when it is ready."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from labelloop.domain.default_learners import BackgroundLearner
from labelloop.domain.next_step import Phase
from labelloop.domain.records import Fit
from labelloop.errors import NeighbourError
from labelloop.state.load import load
from labelloop.state.project_state import ProjectState
from labelloop.steps.background_learners import in_background, untuned
from labelloop.steps.fit import record_failure
from labelloop.steps.fit import tune as tune_step
from labelloop.steps.workspace import FitFolder, alone, fit_folder
from workers.jobs.app_context import AppContext
from workers.jobs.job_queue import Bell
from workers.jobs.project_lock import project_lock

# The lock only saves work: where the project is that busy, the ledger's constraints decide.
PATIENCE_S = 120.0

Report = Callable[[float], None]

log = structlog.get_logger()


class TunedElsewhere(NeighbourError):
    """Another process of this machine is fitting the same learner for the same project."""


def queue_tuning(bell: Bell, state: ProjectState, *, llm: bool) -> None:
    """Queue every slow learner that has not been fitted to the newest round, while rounds are what the project is at.

    Before the first one, as round 0, it is the one that is to answer before the first label.
    One that still works on an older round is left to finish; after that it is given the newest. `llm` tells whether an
    LLM is set up.
    """
    if state.phase is Phase.ROUNDS:
        for field in state.by_field:
            for one in untuned(field, llm=llm):
                what = (state.id, state.round_number, one.spec)
                bell.enqueue_tuning(*what, field=field.field_on_record, seconds=one.seconds)


def tune(
    context: AppContext,
    project_id: int,
    number: int,
    spec: str,
    *,
    field: str = "",
    report: Report,
    last_try: bool = False,
) -> Fit | None:
    """Fit a slow learner to a round if that was begun already, else to the newest; return None if it is not wanted.

    `field` names the one to fit it to, empty where the project loops no other.
    Whatever goes wrong is recorded in the `last_try`, so that it is tried again after the next round only. Raises
    NeighbourError if another process of this machine is at it.
    """
    state = load(context.book, project_id)
    if field and field not in {one.field.name for one in state.fields}:
        log.info("tuning_dropped", reason="its field is not looped now")
        return None
    state = state.focused(field)
    place, candidate = _place(context, state, number, spec), _candidate(context, state, spec)
    if candidate is None or state.phase is not Phase.ROUNDS:
        log.info("tuning_dropped", reason="it is not wanted now")
        return None
    with alone(place.work, project_id, spec) as mine:
        if not mine:
            raise TunedElsewhere(f"Another process is fitting {spec} for project {project_id} on this machine.")
        deadline = time.monotonic() + candidate.seconds
        given = context.models_of(state).to_fit(place.made(), report=report, deadline=deadline)
        try:
            fit = tune_step(context.book, state, place, given, hold=lambda: _held(context, project_id))
        except Exception as error:
            if not last_try:
                raise
            log.exception("tuning_failed", round=place.number)
            with _held(context, project_id):
                fit = record_failure(
                    context.book, state, place, f"{type(error).__name__}: {error}. See the log of the worker."
                )
    context.bell.ring(project_id)
    return fit


def _place(context: AppContext, state: ProjectState, number: int, spec: str) -> FitFolder:
    work = context.settings.cache_dir / "fits"
    begun = fit_folder(work, state, number, spec)
    if not state.rounds or (number and begun.folder.exists()):
        return begun
    return fit_folder(work, state, state.round_number, spec)


def _candidate(context: AppContext, state: ProjectState, spec: str) -> BackgroundLearner | None:
    found = in_background(state, llm=context.settings.llm.is_complete)
    return next((one for one in found if one.spec == spec), None)


@contextmanager
def _held(context: AppContext, project_id: int) -> Iterator[None]:
    with project_lock(context.bell.redis, project_id, wait_s=PATIENCE_S):
        yield
