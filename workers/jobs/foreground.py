"""The loop's steps in this process, for a person who waits: the same jobs, one after another."""

import time
from collections.abc import Callable, Iterator

from labelloop.domain.next_step import Step, next_step
from labelloop.errors import BrokenPromise, NeighbourError
from labelloop.state.load import load
from labelloop.state.progress import progress
from labelloop.state.project_state import ProjectState
from labelloop.steps.background_learners import untuned
from labelloop.stores.book import Book
from workers.jobs import loop as jobs
from workers.jobs.app_context import open_context
from workers.jobs.background_fit import Report, TunedElsewhere, tune
from workers.jobs.job_queue import Bell
from workers.jobs.project_lock import is_held

PAUSE_S = 0.5


def close_now(book: Book, project_id: int, bell: Bell) -> bool:
    """Collect, and close a round if anything is new; return whether one was closed.

    While the round before is not decided the wish stays, and is granted after that.
    """
    before = load(book, project_id).round_number
    bell.want_close(project_id)
    _when_free(project_id, bell, lambda: jobs.collect(project_id))
    return load(book, project_id).round_number != before


def train_now(
    book: Book, project_id: int, bell: Bell, report: Report = lambda _: None, *, llm: bool = False
) -> Iterator[str]:
    """Collect, do every step that is due, then fit the slow learners, each followed by the steps that are due for it.

    Yields the name of each just before it is done; a slow learner reports the share that is done, in [0, 1]. A worker
    may take a step first: then it is waited for. Raises BrokenPromise if a step does not get done.
    """
    for _ in range(2):  # the second time where a round had to be finished before the next could be closed
        yield "collect"
        close_now(book, project_id, bell)
        yield from _steps_due(book, project_id, bell)
        if not bell.close_wanted(project_id):
            break
    for state in load(book, project_id).by_field:
        for one in untuned(state, llm=llm):
            yield f"tune {one.spec}" + (f" for {state.field.name}" if state.field_on_record else "")
            _tune(book, state, one.spec, report, llm=llm)
            yield from _steps_due(book, project_id, bell)


def _tune(book: Book, state: ProjectState, spec: str, report: Report, *, llm: bool) -> None:
    field = state.field_on_record
    while any(one.spec == spec for one in untuned(load(book, state.id).focused(field), llm=llm)):
        try:
            with open_context() as context:
                tune(context, state.id, state.round_number, spec, field=field, report=report)
            return
        except TunedElsewhere:
            time.sleep(PAUSE_S)


def release_now(book: Book, project_id: int, bell: Bell) -> Iterator[int]:
    """Predict what the release under way still lacks, publish, and write it if nobody is waited for.

    Yields how many chunks are left after each.
    """
    state = load(book, project_id)
    missing = state.missing_chunks
    for done, (field, chunk) in enumerate(missing, 1):
        _predict(state.focused(field), chunk)
        yield len(missing) - done
    _when_free(project_id, bell, lambda: jobs.collect(project_id))
    for _ in _steps_due(book, project_id, bell):
        continue


def _steps_due(book: Book, project_id: int, bell: Bell) -> Iterator[str]:
    done: tuple[Step, int] | None = None
    while due := next_step(progress(state := load(book, project_id))):
        if done == (due, state.round_number):
            raise BrokenPromise(
                f"The step {due.value} of project {project_id} ran but is still due: see the log above."
            )
        yield due.value
        ran = _when_free(project_id, bell, _job(due, state))
        done = (due, state.round_number) if ran else None


def _job(step: Step, state: ProjectState) -> Callable[[], None]:
    match step:
        case Step.PREDICT:
            return lambda: _predict_all(state)
        case Step.FIT:
            return lambda: jobs.fit(state.id, state.round_number)
        case Step.EVALUATE:
            return lambda: jobs.evaluate(state.id, state.round_number)
        case Step.DEPLOY:
            return lambda: jobs.deploy(state.id, state.round_number)
        case Step.PUBLISH:
            return lambda: jobs.publish(state.id)


def _predict_all(state: ProjectState) -> None:
    for field, chunk in state.missing_chunks:
        _predict(state.focused(field), chunk)


def _predict(state: ProjectState, chunk: int) -> None:
    if state.attempt:
        jobs.predict(state.id, state.attempt.draw.number, chunk, state.field.name)


def _when_free(project_id: int, bell: Bell, job: Callable[[], None]) -> bool:
    """Wait for whoever works on the project, then do the job; return False where somebody else came first."""
    while is_held(bell.redis, project_id):
        time.sleep(PAUSE_S)
    try:
        job()
    except NeighbourError:
        if is_held(bell.redis, project_id):
            return False
        raise
    return True
