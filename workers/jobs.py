"""The whole loop on one page: each job takes ids, does one step, and queues what is due next.

Running a job twice does no harm: each step first asks the ledger whether its result exists.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from rq import get_current_job

from labelloop.domain.loop import Phase, Step, next_step
from labelloop.errors import NeighbourError, NotConnected, UserError
from labelloop.steps.certify import certificate_is_due, certify, complete_draw
from labelloop.steps.close_round import close_round
from labelloop.steps.deploy import decide_round, deploy_first
from labelloop.steps.evaluate import evaluate as evaluate_round
from labelloop.steps.fit import fit as fit_round
from labelloop.steps.order import order_queue, record_publication
from labelloop.steps.project import ProjectView
from labelloop.steps.release import abandon_release, answer_chunk, ends_by_change, release_is_due, write
from labelloop.steps.verdict import give_verdict
from workers.bootstrap import Tools, open_tools
from workers.exchange import bring_out, take_in
from workers.lock import project_lock
from workers.progress import JobProgress
from workers.tuning import queue_tuning
from workers.tuning import tune as tune_learner

# A collection that got in between is over in seconds; the lock of a killed worker is free again after 20 s.
PATIENCE_S = 30.0

log = structlog.get_logger()


def collect(project_id: int) -> None:
    """Take in what people have said, and close a round if one is due."""
    _run("collect", project_id, _collect)


def fit(project_id: int, number: int) -> None:
    """Fit the quick learners to a round."""
    _run("fit", project_id, _fit(number))


def tune(project_id: int, number: int, recipe: str) -> None:
    """Fit one slow learner, in the background; what people wait for goes on meanwhile."""
    with open_tools() as tools, structlog.contextvars.bound_contextvars(project=project_id, job="tune", learner=recipe):
        view, progress = ProjectView(tools.book, project_id), JobProgress(get_current_job())
        try:
            made = tune_learner(tools, view, number, recipe, report=progress, last_try=_is_last_try())
        except NotConnected:
            log.info("job_dropped", because="the project is not connected")
            return
        log.info("job_done", round=made.round_number if made else None, version=made.version if made else None)


def evaluate(project_id: int, number: int) -> None:
    """Measure the round's versions, those that came late and the champion on the audit set."""
    _run("evaluate", project_id, _evaluate(number))


def deploy(project_id: int, number: int) -> None:
    """Let the promotion rule decide which version serves, tell the ML backend, and give the verdict on it.

    In round 0, before anything can be measured, the version that was fitted to no labels serves.
    """
    _run("deploy", project_id, _deploy(number))


def predict(project_id: int, certificate: int, number: int) -> None:
    """Let the certified version answer one chunk of the pool; chunks may be predicted side by side."""
    with open_tools() as tools, structlog.contextvars.bound_contextvars(project=project_id, job="predict"):
        view = ProjectView(tools.book, project_id)
        answer_chunk(view, certificate, number, encode=tools.encode)
        left = len(view.missing_chunks())
        if not left:
            tools.bell.ring(project_id)
        log.info("job_done", certificate=certificate, chunk=number, left=left)


def publish(project_id: int) -> None:
    """Predict, order and push the head of the queue."""
    _run("publish", project_id, _publish)


def _collect(tools: Tools, view: ProjectView) -> None:
    for _ in range(3):  # a ring that comes while we look is answered at once, but not for ever
        tools.bell.rung(view.id)
        asked = tools.bell.close_wanted(view.id)
        take_in(view, tools.label_studio)
        _finish(tools, view)
        if asked and view.phase is not Phase.ROUNDS:
            log.warning("no_round_closed", because="the model is frozen while it is certified or released")
            tools.bell.close_answered(view.id)
        elif _may_close(view, tools.settings.job_timeout_s):
            close_round(view, asked=asked)
            if asked:  # only now: what fails before must not lose the wish
                tools.bell.close_answered(view.id)
        if not tools.bell.is_rung(view.id):
            break


def _finish(tools: Tools, view: ProjectView) -> None:
    complete_draw(view)
    if certificate_is_due(view):
        certify(view, encode=tools.encode)
        tools.bell.announce(view.id)
    elif ends_by_change(view):
        abandon_release(view)
        log.warning("release_called_off", because="tasks were added, deleted or edited: a new certificate is needed")
    elif release_is_due(view):
        write(view)


def _may_close(view: ProjectView, patience_s: int) -> bool:
    # A round waits until the one before has been decided on and judged, unless that one is stuck.
    last, progress = view.last_round, view.progress()
    if progress.phase is not Phase.ROUNDS:
        return False
    done = progress.decided and progress.judged
    return last is None or done or datetime.now(UTC) - last.at > timedelta(seconds=patience_s)


def _fit(number: int) -> Callable[[Tools, ProjectView], object]:
    return lambda tools, view: fit_round(view, number, encode=tools.encode, work=tools.settings.cache_dir / "fits")


def _evaluate(number: int) -> Callable[[Tools, ProjectView], object]:
    last_try = _is_last_try()
    return lambda tools, view: evaluate_round(view, number, encode=tools.encode, last_try=last_try)


def _deploy(number: int) -> Callable[[Tools, ProjectView], None]:
    def step(tools: Tools, view: ProjectView) -> None:
        if view.phase is not Phase.ROUNDS:  # frozen: the round is decided on when that is over
            return
        if number == 0:
            deploy_first(view)
            tools.bell.announce(view.id)
            return
        decide_round(view, number)
        tools.bell.announce(view.id)
        give_verdict(view, number, encode=tools.encode)

    return step


def _publish(tools: Tools, view: ProjectView) -> None:
    if view.progress().queue_is_current:
        return
    head = order_queue(view, encode=tools.encode)
    if head is not None:
        bring_out(view, tools.label_studio, head)
        record_publication(view, head)
        tools.bell.announce(view.id)


def _run(job: str, project_id: int, step: Callable[[Tools, ProjectView], object]) -> None:
    started = time.perf_counter()
    with open_tools() as tools, structlog.contextvars.bound_contextvars(project=project_id, job=job):
        view = ProjectView(tools.book, project_id)
        try:
            with project_lock(tools.bell.redis, project_id, wait_s=0 if job == "collect" else PATIENCE_S) as mine:
                if not mine:
                    return _come_back(job, project_id)
                step(tools, view)
                due = next_step(view.progress())
        except NotConnected:
            log.info("job_dropped", because="the project is not connected")
            return None
        except UserError as error:
            _do_not_retry()
            log.warning("job_refused", because=str(error))
            raise
        _queue_next(tools, view, due)
        log.info("job_done", ms=round((time.perf_counter() - started) * 1000), next=due.value if due else "people")
    return None


def _queue_next(tools: Tools, view: ProjectView, due: Step | None) -> None:
    if due is Step.PREDICT:
        attempt = view.attempt
        for chunk in view.missing_chunks():
            tools.bell.enqueue(due.value, view.id, attempt.draw.number if attempt else 0, chunk)
    elif due is Step.PUBLISH:
        tools.bell.enqueue(due.value, view.id)
    elif due is not None:
        tools.bell.enqueue(due.value, view.id, view.progress().round_number)
    elif tools.bell.is_rung(view.id) or tools.bell.close_wanted(view.id):
        tools.bell.enqueue("collect", view.id)
    if due is not Step.FIT:  # the quick ones first, where there are few cores
        queue_tuning(tools.bell, view)


def _come_back(job: str, project_id: int) -> None:
    # Whoever holds the project answers a ring when it is done; the other jobs come back by RQ's retry.
    if job != "collect":
        raise NeighbourError(f"Project {project_id} is busy with another job; {job} comes back by itself.")


def _is_last_try() -> bool:
    current = get_current_job()
    return current is not None and current.retries_left == 0


def _do_not_retry() -> None:
    current = get_current_job()
    if current is not None:
        current.retries_left = 0
