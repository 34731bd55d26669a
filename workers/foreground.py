"""The loop's steps in this process, for a person who waits: the same jobs, one after another."""

import time
from collections.abc import Callable, Iterator

from labelloop.domain.loop import Step, next_step
from labelloop.errors import BrokenPromise, NeighbourError
from labelloop.steps.background import untuned
from labelloop.steps.project import ProjectView
from workers import jobs
from workers.bootstrap import open_tools
from workers.lock import is_held
from workers.queue import Bell
from workers.tuning import Report, TunedElsewhere, tune

PAUSE_S = 0.5


def close_now(view: ProjectView, bell: Bell) -> bool:
    """Collect, and close a round if anything is new; return whether one was closed.

    While the round before is not decided the wish stays, and is granted after that.
    """
    before = view.last_round
    bell.want_close(view.id)
    _when_free(view, bell, lambda: jobs.collect(view.id))
    return view.last_round != before


def train_now(view: ProjectView, bell: Bell, report: Report = lambda _: None) -> Iterator[str]:
    """Collect, do every step that is due, then fit the slow learners, each followed by the steps that are due for it.

    Yields the name of each just before it is done; a slow learner reports the share that is done, in [0, 1]. A worker
    may take a step first: then it is waited for. Raises BrokenPromise if a step does not get done.
    """
    for _ in range(2):  # the second time where a round had to be finished before the next could be closed
        yield "collect"
        close_now(view, bell)
        yield from _steps_due(view, bell)
        if not bell.close_wanted(view.id):
            break
    last = view.last_round
    for one in untuned(view):
        yield f"tune {one.recipe}"
        _tune(view, last.number if last else 0, one.recipe, report)
        yield from _steps_due(view, bell)


def _tune(view: ProjectView, number: int, recipe: str, report: Report) -> None:
    while any(one.recipe == recipe for one in untuned(view)):
        try:
            with open_tools() as tools:
                tune(tools, view, number, recipe, report=report)
            return
        except TunedElsewhere:
            time.sleep(PAUSE_S)


def release_now(view: ProjectView, bell: Bell) -> Iterator[int]:
    """Predict what the release under way still lacks, publish, and write it if nobody is waited for.

    Yields how many chunks are left after each.
    """
    missing = view.missing_chunks()
    for done, chunk in enumerate(missing, 1):
        _predict(view, chunk)
        yield len(missing) - done
    _when_free(view, bell, lambda: jobs.collect(view.id))
    for _ in _steps_due(view, bell):
        continue


def _steps_due(view: ProjectView, bell: Bell) -> Iterator[str]:
    done: tuple[Step, int] | None = None
    while due := next_step(view.progress()):
        number = view.progress().round_number
        if done == (due, number):
            raise BrokenPromise(f"The step {due.value} of project {view.id} ran but is still due: see the log above.")
        yield due.value
        ran = _when_free(view, bell, _job(due, view, number))
        done = (due, number) if ran else None


def _job(step: Step, view: ProjectView, number: int) -> Callable[[], None]:
    match step:
        case Step.PREDICT:
            return lambda: _predict_all(view)
        case Step.FIT:
            return lambda: jobs.fit(view.id, number)
        case Step.EVALUATE:
            return lambda: jobs.evaluate(view.id, number)
        case Step.DEPLOY:
            return lambda: jobs.deploy(view.id, number)
        case Step.PUBLISH:
            return lambda: jobs.publish(view.id)


def _predict_all(view: ProjectView) -> None:
    for chunk in view.missing_chunks():
        _predict(view, chunk)


def _predict(view: ProjectView, chunk: int) -> None:
    attempt = view.attempt
    if attempt:
        jobs.predict(view.id, attempt.draw.number, chunk)


def _when_free(view: ProjectView, bell: Bell, job: Callable[[], None]) -> bool:
    """Wait for whoever works on the project, then do the job; return False where somebody else came first."""
    while is_held(bell.redis, view.id):
        time.sleep(PAUSE_S)
    try:
        job()
    except NeighbourError:
        if is_held(bell.redis, view.id):
            return False
        raise
    return True
