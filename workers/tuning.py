"""Fit slow learners in the background: nobody waits for them, and each competes when it is ready."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from labelloop.domain.ladder import Candidate
from labelloop.domain.loop import Phase
from labelloop.domain.records import Fit
from labelloop.errors import NeighbourError
from labelloop.learners.base import Scratch
from labelloop.steps.background import in_background, untuned
from labelloop.steps.fit import record_failure
from labelloop.steps.fit import tune as tune_step
from labelloop.steps.project import ProjectView
from labelloop.steps.scratch import Place, alone
from workers.bootstrap import Tools
from workers.lock import project_lock
from workers.queue import Bell

# The lock only saves work: where the project is that busy, the ledger's constraints decide.
PATIENCE_S = 120.0

Report = Callable[[float], None]

log = structlog.get_logger()


class TunedElsewhere(NeighbourError):
    """Another process of this machine is fitting the same learner for the same project."""


def queue_tuning(bell: Bell, view: ProjectView) -> None:
    """Queue every slow learner that has not been fitted to the newest round, while rounds are what the project is at.

    Before the first one, as round 0, it is the one that is to answer before the first label.
    One that still works on an older round is left to finish; after that it is given the newest.
    """
    if view.phase is Phase.ROUNDS:
        last = view.last_round
        for one in untuned(view):
            bell.enqueue_tuning(view.id, last.number if last else 0, one.recipe, seconds=one.seconds)


def tune(
    tools: Tools, view: ProjectView, number: int, recipe: str, *, report: Report, last_try: bool = False
) -> Fit | None:
    """Fit a slow learner to a round if that was begun already, else to the newest; return None if it is not wanted.

    Whatever goes wrong is recorded in the `last_try`, so that it is tried again after the next round only. Raises
    NeighbourError if another process of this machine is at it.
    """
    place, candidate = _place(tools, view, number, recipe), _candidate(view, recipe)
    if candidate is None or view.phase is not Phase.ROUNDS:
        log.info("tuning_dropped", because="it is not wanted now")
        return None
    with alone(place.work, view.id, recipe) as mine:
        if not mine:
            raise TunedElsewhere(f"Another process is fitting {recipe} for project {view.id} on this machine.")
        scratch = Scratch(place.made(), report, time.monotonic() + candidate.seconds)
        try:
            fit = tune_step(view, place, scratch, encode=tools.encode, hold=lambda: _held(tools, view))
        except Exception as error:
            if not last_try:
                raise
            log.exception("tuning_failed", round=place.number)
            with _held(tools, view):
                fit = record_failure(view, place, f"{type(error).__name__}: {error}. See the log of the worker.")
    tools.bell.ring(view.id)
    return fit


def _place(tools: Tools, view: ProjectView, number: int, recipe: str) -> Place:
    work, last = tools.settings.cache_dir / "fits", view.last_round
    begun = Place(work, view.id, number, recipe)
    if last is None or (number and begun.folder.exists()):
        return begun
    return Place(work, view.id, last.number, recipe)


def _candidate(view: ProjectView, recipe: str) -> Candidate | None:
    return next((one for one in in_background(view, view.last_round) if one.recipe == recipe), None)


@contextmanager
def _held(tools: Tools, view: ProjectView) -> Iterator[None]:
    with project_lock(tools.bell.redis, view.id, wait_s=PATIENCE_S):
        yield
