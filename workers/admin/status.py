"""How a project stands: everything a person or a script asks, read from the ledger, the mirror and the job queue."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from redis.exceptions import RedisError

from labelloop.domain.answer_counts import AnswerCounts
from labelloop.domain.field_rounds import FieldRounds
from labelloop.domain.lookup import newest
from labelloop.domain.next_step import next_step
from labelloop.domain.records import ClosedRound, Connection, Deployment, Evaluation, Fit, Verdict
from labelloop.domain.schema import Field
from labelloop.domain.task_index import open_monitor, open_train
from labelloop.domain.tasks import Role
from labelloop.state.answers import answer_counts
from labelloop.state.progress import progress
from labelloop.state.project_state import ProjectState
from labelloop.state.queue_left import queue_left
from labelloop.state.rename_offers import RenameOffer, rename_offers
from labelloop.state.round_content import fields_judged_now, settled_before
from labelloop.stores.book import Book
from labelloop.stores.llm_unreadable import unreadable_answers
from workers.admin.answer_report import conditional_counts, hidden_unlooped
from workers.admin.leaderboard import Compared, compared
from workers.admin.newest_version import why_not_newest
from workers.admin.next_move import Move, NextMove
from workers.admin.release_status import (
    CertificateStatus,
    ReleaseStatus,
    certificate_status,
    next_of_ending,
    release_status,
)
from workers.jobs.job_queue import Bell
from workers.jobs.job_status import Jobs, jobs_of


@dataclass(frozen=True, slots=True)
class Labels:
    """How many labels there are.

    `train` counts settled TRAIN labels, `monitor` audit tasks that enough people have judged; the rest counts tasks:
    by role, without any annotation, and left in the queue that people work through.
    """

    train: int
    monitor: int
    train_tasks: int
    monitor_tasks: int
    untouched: int
    queue_left: int


@dataclass(frozen=True, slots=True)
class Measured:
    """A version's evaluation after a round, and whether it served after that round."""

    evaluation: Evaluation
    served: bool


@dataclass(frozen=True, slots=True)
class ProjectStatus:
    """One project, now: with the figures of one of its fields.

    `fields` are the names of all, `field` is the one whose figures these are, None before there is any; `chosen` says
    how many of the next tasks were chosen for it, None where it is the only one.
    `agreement` is the newest evaluation of the deployed version, `verdict` the newest one given, None before the first.
    `next` says whose move it is; `due_at` new labels close a round. `jobs` is None where Redis does not answer.
    `compared` are the newest round's candidates, `rename_offers` labels that stopped counting and may only have been
    renamed, `newest_waits` says why the newest version does not serve, empty where it does. `unreadable_of_llm` counts,
    by reason, the texts about which an LLM's last answer was none.
    `answers` is what counts as no answer, `hidden` why controls, by name, are not asked of every task and not looped,
    `conditional` what counts as no answer of those that are. `encoder` is the project's, `deployed_encoder` the one
    that the deployed version was fitted with.
    """

    connection: Connection
    rounds: tuple[ClosedRound, ...]
    labels: Labels
    versions: tuple[Fit, ...]
    evaluations: tuple[Measured, ...]
    agreement: Evaluation | None
    verdict: Verdict | None
    deployment: Deployment | None
    published: str | None
    next: NextMove
    labels_to_next_round: int | None
    due_at: int
    jobs: Jobs | None
    certificate: CertificateStatus | None = None
    release: ReleaseStatus | None = None
    compared: tuple[Compared, ...] = ()
    rename_offers: tuple[RenameOffer, ...] = ()
    answers: AnswerCounts = dataclasses.field(default_factory=AnswerCounts)
    hidden: Mapping[str, str] = dataclasses.field(default_factory=dict)
    conditional: Mapping[str, AnswerCounts] = dataclasses.field(default_factory=dict)
    encoder: str = ""
    deployed_encoder: str | None = None
    newest_waits: str = ""
    unreadable_of_llm: Mapping[str, int] = dataclasses.field(default_factory=dict)
    field: Field | None = None
    fields: tuple[str, ...] = ()
    chosen: int | None = None


def project_status(book: Book, state: ProjectState, bell: Bell) -> ProjectStatus:
    """Return how a project stands, and the field in focus; it must have been connected once."""
    return project_statuses(book, (state,), bell)[0]


def project_statuses(book: Book, states: Sequence[ProjectState], bell: Bell) -> list[ProjectStatus]:
    """Return how a project stands, once for each of these of its fields: what they share is computed once."""
    state = states[0]
    active, judged = state.connection.active, fields_judged_now(book, state)
    jobs, wanted = (known_jobs(bell, state.id), _wanted(book, state, judged)) if active else (Jobs(), None)
    shared = _Shared(
        judged=judged,
        labels=_labels(state),
        wanted=wanted,
        jobs=jobs,
        first=_first(state, jobs) if active else NextMove(Move.DISCONNECTED, project=state.id),
        last=_last(state, wanted),
        conditional=conditional_counts(book, state),
    )
    return [_of_field(book, one, bell, shared) for one in states]


@dataclass(frozen=True, slots=True)
class _Shared:
    """What a project's fields have in common, see `ProjectStatus`; `judged` is what people have said by now.

    `labels` are without those of the fields. `first` is the next move where nothing of a field comes before it, None if
    something may, `last` the move where nothing of it is left.
    """

    judged: FieldRounds
    labels: Labels
    wanted: int | None
    jobs: Jobs | None
    first: NextMove | None
    last: NextMove
    conditional: Mapping[str, AnswerCounts]


def _of_field(book: Book, state: ProjectState, bell: Bell, shared: _Shared) -> ProjectStatus:
    looped, connection, now = state.looped, state.connection, shared.judged.by_field[state.field.name]
    winners = {(decision.round_number, decision.winner) for decision in looped.decisions}
    settled = {"train": len(now.training), "monitor": len(now.audit(state.rules.monitor_people))}
    return ProjectStatus(
        connection=connection,
        rounds=state.rounds,
        labels=replace(shared.labels, **settled),
        versions=looped.fits,
        evaluations=tuple(Measured(e, (e.round_number, e.version) in winners) for e in looped.evaluations),
        agreement=newest(looped.evaluations, version=looped.deployed_version, failure=""),
        verdict=newest(looped.verdicts),
        deployment=newest(looped.deployments),
        published=state.published_name,
        next=shared.first or next_of_ending(book, state) or shared.last,
        labels_to_next_round=shared.wanted,
        due_at=state.round_due_at,
        jobs=shared.jobs,
        certificate=certificate_status(book, state),
        release=release_status(book, state),
        compared=compared(looped),
        rename_offers=rename_offers(book, state),
        answers=answer_counts(book, state),
        hidden=hidden_unlooped(state),
        conditional=shared.conditional,
        encoder=state.encoder if state.fields else "",
        deployed_encoder=looped.encoder_of(state.deployed) if state.deployed else None,
        newest_waits=why_not_newest(state, bell) if connection.active else "",
        unreadable_of_llm=unreadable_answers(
            book.ledger.engine, state.id, state.deployed.round_number if state.deployed else 0
        ),
        field=state.field if state.fields else None,
        fields=tuple(one.field.name for one in state.fields),
        chosen=_chosen(state),
    )


def _chosen(state: ProjectState) -> int | None:
    """Return how many of the published tasks that nobody has touched were chosen for the field in focus."""
    if len(state.fields) < 2 or state.queue is None:
        return None
    chosen, touched = state.queue.chosen_for, state.tasks.annotators.keys()
    return sum(name == state.field.name for task_id, name in chosen.items() if task_id not in touched)


def _labels(state: ProjectState) -> Labels:
    """Return the counts of tasks alone."""
    tasks = state.tasks
    return Labels(
        train=0,
        monitor=0,
        train_tasks=len(tasks.of(Role.TRAIN)),
        monitor_tasks=len(tasks.of(Role.MONITOR)),
        untouched=len(tasks.ids - tasks.annotators.keys()),
        queue_left=queue_left(state),
    )


def _wanted(book: Book, state: ProjectState, judged: FieldRounds) -> int:
    return max(0, state.round_due_at - len(judged.training - settled_before(book, state)))


def _first(state: ProjectState, jobs: Jobs | None) -> NextMove | None:
    due = next_step(progress(state))
    if due is not None:
        return NextMove(Move.STEP, step=due.value)
    if not state.tasks.ids:  # a job that is to take them in may not have been at work yet
        return NextMove(Move.COLLECT if jobs and (jobs.queued or jobs.running) else Move.IMPORT)
    return None


def _last(state: ProjectState, wanted: int | None) -> NextMove:
    if not open_train(state.tasks) and not open_monitor(state.tasks, state.rules.monitor_people):
        return NextMove(Move.ALL_LABELLED)
    return NextMove(Move.LABEL, count=wanted) if wanted else NextMove(Move.CLOSE_ROUND)


def known_jobs(bell: Bell, project_id: int) -> Jobs | None:
    """Return a project's jobs, None where Redis does not answer."""
    try:
        return jobs_of(bell, project_id)
    except RedisError:
        return None
