"""The whole loop on one page: each job takes ids, does one step, and queues what is due next.

Running a job twice does no harm: each step first asks the ledger whether its result exists.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from rq import get_current_job

from labelloop.domain.next_step import Phase, Step, next_step
from labelloop.errors import NotConnected, UserError
from labelloop.state.load import load
from labelloop.state.progress import progress
from labelloop.state.project_state import ProjectState
from labelloop.steps.certify import certificate_is_due, certify, complete_draw
from labelloop.steps.close_round import close_round
from labelloop.steps.deploy import decide_round, deploy_first
from labelloop.steps.encoder_by_texts import settle_encoder
from labelloop.steps.evaluate import evaluate as evaluate_round
from labelloop.steps.fit import fit as fit_round
from labelloop.steps.give_verdict import give_verdict
from labelloop.steps.gold_tasks import record_gold
from labelloop.steps.gone_fields import end_without_fields
from labelloop.steps.order_queue import order_queue, record_publication
from labelloop.steps.release import abandon_release, answer_chunk, ends_by_change, release_is_due, write
from workers.admin.relabel import ask_about_unsettled
from workers.admin.relabel import relabel as put_back
from workers.jobs.annotator_instructions import refresh_instructions
from workers.jobs.app_context import AppContext, open_context
from workers.jobs.background_fit import queue_tuning
from workers.jobs.background_fit import tune as tune_learner
from workers.jobs.blank_audit import ask_one_more
from workers.jobs.closing import close_released
from workers.jobs.job_progress import JobProgress
from workers.jobs.job_queue import Bell
from workers.jobs.label_studio_sync import bring_out, clear_outdated, take_in
from workers.jobs.project_lock import PATIENCE_S, ProjectBusy, held_project

# What a job does between two looks at the project; it returns the state after it where it knows that.
Job = Callable[[AppContext, ProjectState], ProjectState | None]

log = structlog.get_logger()


def collect(project_id: int) -> None:
    """Take in what people have said, and close a round if one is due."""
    _run("collect", project_id, _collect)


def fit(project_id: int, number: int) -> None:
    """Fit the quick learners to a round."""
    _run("fit", project_id, partial(_fit, number))


def tune(project_id: int, number: int, spec: str, field: str = "") -> None:
    """Fit one slow learner to a field, in the background; what people wait for goes on meanwhile."""
    with _opened("tune", project_id, learner=spec) as context:
        report = JobProgress(get_current_job())
        made = tune_learner(context, project_id, number, spec, field=field, report=report, last_try=_is_last_try())
        log.info("job_done", round=made.round_number if made else None, version=made.version if made else None)


def evaluate(project_id: int, number: int) -> None:
    """Measure the round's versions, those that came late and the champion on the audit set."""
    _run("evaluate", project_id, partial(_evaluate, number))


def deploy(project_id: int, number: int) -> None:
    """Let the promotion rule decide which version serves, tell the ML backend, and give the verdict on it.

    In round 0, before anything can be measured, the version that was fitted to no labels serves.
    """
    _run("deploy", project_id, partial(_deploy, number))


def predict(project_id: int, certificate: int, number: int, field: str = "") -> None:
    """Let a field's certified version answer one chunk of the pool; chunks may be predicted side by side."""
    with _opened("predict", project_id) as context:
        state = load(context.book, project_id)
        if any(one.field.name == field for one in state.fields) or not field:  # else it is looped no more
            state = state.focused(field)
            answer_chunk(context.book, state, certificate, number, context=context.models_of(state))
        left = len(load(context.book, project_id).missing_chunks)
        if not left:
            context.bell.ring(project_id)
        log.info("job_done", certificate=certificate, chunk=number, left=left)


def publish(project_id: int) -> None:
    """Predict, order and push the head of the queue."""
    _run("publish", project_id, _publish)


def relabel(project_id: int, top: int, field: str = "") -> None:
    """Put at most `top` doubtful labels of a field back into the queue, for a second person."""
    with _opened("relabel", project_id) as context, _no_retry():
        done = put_back(context, project_id, top, field=field)
        log.info("job_done", put_back=len(done.suspects), judged=done.judged)


def ask_again(project_id: int) -> None:
    """Put the tasks that people are split on back into the queue, for one more person."""
    with _opened("ask_again", project_id) as context, _no_retry():
        log.info("job_done", put_back=len(ask_about_unsettled(context, project_id).tasks))


def _collect(context: AppContext, state: ProjectState) -> ProjectState:
    """Return the state as it is when nothing more rings."""
    book, bell = context.book, context.bell
    for _ in range(3):  # a ring that comes while we look is answered at once, but not for ever
        bell.rung(state.id)
        asked = bell.close_wanted(state.id)
        state = take_in(book, state, context.label_studio)
        state = _finished(context, settle_encoder(book, state, setting=context.settings.encoder))
        ask_one_more(state, context.label_studio)
        if asked and state.phase is not Phase.ROUNDS:
            log.warning("no_round_closed", reason="the model is frozen while it is certified or released")
            bell.close_answered(state.id)
        elif _may_close(state, context.settings.job_timeout_s):
            if close_round(book, state, asked=asked):
                state = load(book, state.id)
            if asked:  # only now: what fails before must not lose the wish
                bell.close_answered(state.id)
        if not bell.is_rung(state.id):
            break
    return state


def _finished(context: AppContext, state: ProjectState) -> ProjectState:
    """Certify, or end the release, if that is due; return the state after it."""
    book = context.book
    if complete_draw(book, state):
        state = load(book, state.id)
    if reason := end_without_fields(book, state):
        log.warning("ended_for_fields", reason=reason)
        state = load(book, state.id)
    if certificate_is_due(state):
        for one in state.attempted:
            certify(book, one, context=context.models_of(one))
        context.bell.announce(state.id)
    elif ends_by_change(book, state):
        abandon_release(book, state)
        log.warning("release_called_off", reason="tasks were added, deleted or edited: a new certificate is needed")
    elif release_is_due(state):
        write(book, state)
        close_released(load(book, state.id), context.label_studio)
    else:
        return state
    return load(book, state.id)


def _may_close(state: ProjectState, patience_s: int) -> bool:
    # A round waits until the one before has been decided on and judged, unless that one is stuck.
    last = state.last_round
    if last is None or state.phase is not Phase.ROUNDS:
        return state.phase is Phase.ROUNDS
    number = last.number
    fields = [one.looped for one in state.in_newest_round]
    done = all(one.is_decided(number) and one.verdict(number) is not None for one in fields)
    return done or datetime.now(UTC) - last.created_at > timedelta(seconds=patience_s)


def _fit(number: int, context: AppContext, state: ProjectState) -> None:
    for one in state.in_newest_round:
        fit_round(context.book, one, number, context=context.models_of(one), work=context.settings.cache_dir / "fits")


def _evaluate(number: int, context: AppContext, state: ProjectState) -> None:
    for one in state.in_newest_round:
        evaluate_round(context.book, one, number, context=context.models_of(one), last_try=_is_last_try())


def _deploy(number: int, context: AppContext, state: ProjectState) -> None:
    book = context.book
    if state.phase is not Phase.ROUNDS:  # frozen: the round is decided on when that is over
        return
    for one in state.in_newest_round:
        if number == 0:
            deploy_first(book, one)
        else:
            decide_round(book, one, number, llm=context.settings.llm.is_complete)
    context.bell.announce(state.id)
    for one in load(book, state.id).in_newest_round if number else ():
        give_verdict(book, one, number, context=context.models_of(one))


def _publish(context: AppContext, state: ProjectState) -> ProjectState | None:
    if progress(state).queue_is_current:
        return state
    head = order_queue(context.book, state, context=context.models_of(state))
    if head is None:
        return state
    record_gold(context.book, state, head.gold)
    bring_out(state, context.label_studio, head)
    record_publication(context.book, state, head)
    context.bell.announce(state.id)
    keep = timedelta(seconds=context.settings.keep_publications_s)
    refresh_instructions(context.label_studio, context.book, state, context.settings)
    clear_outdated(context.label_studio, state.id, (*state.publications, head.publication), keep)
    return None


@contextmanager
def _opened(name: str, project_id: int, **about: str) -> Iterator[AppContext]:
    """Open what a job works with; it is dropped where its project is not connected."""
    with open_context() as context, structlog.contextvars.bound_contextvars(project=project_id, job=name, **about):
        try:
            yield context
        except NotConnected:
            log.info("job_dropped", reason="the project is not connected")


def _run(name: str, project_id: int, job: Job) -> None:
    started = time.perf_counter()
    with _opened(name, project_id) as context:
        try:
            wait_s = 0 if name == "collect" else PATIENCE_S
            with _no_retry(), held_project(context.bell.redis, project_id, wait_s=wait_s):
                state = job(context, load(context.book, project_id)) or load(context.book, project_id)
                due = next_step(progress(state))
        except ProjectBusy:  # whoever holds it answers a ring when it is done; other jobs come back by RQ's retry
            if name != "collect":
                raise
            return
        _queue_next(context.bell, state, due, llm=context.settings.llm.is_complete)
        log.info("job_done", ms=round((time.perf_counter() - started) * 1000), next=due.value if due else "people")


def _queue_next(bell: Bell, state: ProjectState, due: Step | None, *, llm: bool) -> None:
    if due is Step.PREDICT:
        for one in state.attempted:
            for chunk in one.looped.missing_chunks:
                bell.enqueue_chunk(state.id, one.attempt.draw.number if one.attempt else 0, chunk, one.field_on_record)
    elif due is Step.PUBLISH:
        bell.enqueue(due.value, state.id)
    elif due is not None:
        bell.enqueue(due.value, state.id, state.round_number)
    elif bell.is_rung(state.id) or bell.close_wanted(state.id):
        bell.enqueue("collect", state.id)
    if due is not Step.FIT:  # the quick ones first, where there are few cores
        queue_tuning(bell, state, llm=llm)


def _is_last_try() -> bool:
    current = get_current_job()
    return current is not None and current.retries_left == 0


@contextmanager
def _no_retry() -> Iterator[None]:
    """Let what a person has to put right fail at once: trying again would change nothing."""
    try:
        yield
    except NotConnected:
        raise
    except UserError as error:
        if current := get_current_job():
            current.retries_left = 0
        log.warning("job_refused", reason=str(error))
        raise
