"""How far a project has come, and what people should have in their queue: pure functions of its state."""

from labelloop.domain.next_step import Phase, Progress
from labelloop.domain.published_queue import WantedQueue, queue_is_current
from labelloop.domain.task_index import open_certify, open_monitor, open_train
from labelloop.plugins import is_background
from labelloop.state.field_learners import field_learners
from labelloop.state.project_state import ProjectState


def progress(state: ProjectState) -> Progress:
    """Return how far the project has come with all its fields since its newest round."""
    number, phase, by_field = state.round_number, state.phase, state.in_newest_round
    fields = [one.looped for one in by_field]
    return Progress(
        round_number=number,
        fitted=all(map(is_fitted, by_field)),
        evaluated=all(one.is_evaluated(number) for one in fields),
        decided=all(one.is_decided(number) for one in fields),
        queue_is_current=queue_is_current(state.queue, wanted_queue(state), state.tasks.annotators.keys()),
        phase=phase,
        predicted=phase is not Phase.RELEASE or not state.missing_chunks,
        has_verdict=all(one.verdict(number) is not None for one in fields),
        first_waits=any(one.first_version is not None for one in by_field),
    )


def is_fitted(state: ProjectState) -> bool:
    """Return whether every quick learner of the field in focus was fitted to the newest round, or could not be."""
    number, looped = state.round_number, state.looped
    return all(looped.is_fitted(number, spec) or is_background(spec) for spec in field_learners(state))


def wanted_queue(state: ProjectState) -> WantedQueue:
    """Return what people should have in their queue."""
    phase, tasks = state.phase, state.tasks
    certified = [one.certificate.created_at for one in state.attempts if one.certificate]
    match phase:
        case Phase.ROUNDS if state.is_released:
            wanted, audit = [], []
        case Phase.ROUNDS:
            wanted, audit = open_train(tasks), open_monitor(tasks, state.rules.monitor_people)
        case Phase.CERTIFY:
            wanted, audit = open_certify(tasks), []
        case Phase.RELEASE:
            wanted, audit = list(state.waiting), []
    return WantedQueue(
        phase=phase,
        version=state.deployed_versions,
        round_number=state.round_number,
        tasks=frozenset(wanted),
        audit=frozenset(audit),
        enough=None if phase is Phase.CERTIFY else state.round_due_at,
        certified_at=max(certified, default=None),
    )


def queued_train(state: ProjectState) -> list[int]:
    """Return the TRAIN tasks of the newest publication that nobody has touched, in its order."""
    wanted = frozenset(open_train(state.tasks))
    return [task_id for task_id in state.queue.order if task_id in wanted] if state.queue else []
