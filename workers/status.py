"""How a project stands: everything a person or a script asks, read from the ledger, the mirror and the job queue."""

import io
from dataclasses import dataclass

import pandas as pd
from redis.exceptions import RedisError

from labelloop.domain.loop import next_step
from labelloop.domain.records import (
    ClosedRound,
    Connection,
    Decision,
    Deployment,
    Evaluation,
    Fit,
    Publication,
    Verdict,
)
from labelloop.domain.rounds import Round, snapshot
from labelloop.domain.tasks import Annotation, Role
from labelloop.rules import Rules
from labelloop.steps.project import QUEUE_FILE, ProjectView
from workers.compared import Compared, compared
from workers.ending import CertificateStatus, ReleaseStatus, certificate_status, next_of_ending, release_status
from workers.job_list import Jobs, jobs_of
from workers.queue import Bell


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
    """One project, now.

    `agreement` is the newest evaluation of the deployed version, `verdict` the newest one given, None before the first.
    `next` says whose move it is. `jobs` is None where Redis does not answer. `compared` are the newest
    round's candidates.
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
    next: str
    labels_to_next_round: int | None
    jobs: Jobs | None
    certificate: CertificateStatus | None = None
    release: ReleaseStatus | None = None
    compared: tuple[Compared, ...] = ()


def project_status(view: ProjectView, bell: Bell) -> ProjectStatus:
    """Return how a project stands; it must have been connected once."""
    ledger, id_ = view.ledger, view.id
    connection = ledger.newest(Connection, id_)
    assert connection is not None
    annotations = view.mirror.annotations()
    now = _now(view, annotations)
    deployment, evaluations = ledger.newest(Deployment, id_), ledger.all(Evaluation, id_)
    winners = {(decision.round_number, decision.winner) for decision in ledger.all(Decision, id_)}
    measured = tuple(Measured(e, (e.round_number, e.version) in winners) for e in evaluations)
    of_deployed = [e for e in evaluations if deployment and e.version == deployment.version and not e.failure]
    labels = _labels(view, now, annotations, Rules.model_validate_json(connection.rules))
    wanted = _wanted(view, now) if connection.active else None
    return ProjectStatus(
        connection=connection,
        rounds=tuple(ledger.all(ClosedRound, id_)),
        labels=labels,
        versions=tuple(ledger.all(Fit, id_)),
        evaluations=measured,
        agreement=of_deployed[-1] if of_deployed else None,
        verdict=ledger.newest(Verdict, id_),
        deployment=deployment,
        published=ledger.published_name(id_),
        next=_next(view, wanted) if connection.active else f"disconnected: run `labelloop connect {id_}`",
        labels_to_next_round=wanted,
        jobs=known_jobs(bell, id_),
        certificate=certificate_status(view),
        release=release_status(view),
        compared=compared(view),
    )


def _now(view: ProjectView, annotations: list[Annotation]) -> Round:
    return snapshot(0, view.mirror.tasks(), annotations, view.ledger.roles(view.id), view.field)


def _labels(view: ProjectView, now: Round, annotations: list[Annotation], rules: Rules) -> Labels:
    roles = view.ledger.roles(view.id)
    touched = {annotation.task_id for annotation in annotations}
    return Labels(
        train=len(now.training),
        monitor=len(now.audit(rules.monitor_people)),
        train_tasks=sum(role is Role.TRAIN for role in roles.values()),
        monitor_tasks=sum(role is Role.MONITOR for role in roles.values()),
        untouched=len(view.mirror.tasks().keys() - touched),
        queue_left=_queue_left(view, annotations, rules.monitor_people),
    )


def _queue_left(view: ProjectView, annotations: list[Annotation], people: int) -> int:
    newest = view.ledger.newest(Publication, view.id)
    if newest is None:
        return 0
    queued = pd.read_parquet(io.BytesIO(view.book.artifacts.read(newest.artifact, QUEUE_FILE)))["task_id"].tolist()
    judges: dict[int, set[int]] = {}
    for annotation in annotations:
        judges.setdefault(annotation.task_id, set()).add(annotation.annotator_id)
    roles, tasks = view.ledger.roles(view.id), view.mirror.tasks()
    needed = {task: people if roles.get(task) is Role.MONITOR else 1 for task in queued if task in tasks}
    return sum(len(judges.get(task, ())) < wanted for task, wanted in needed.items())


def _wanted(view: ProjectView, now: Round) -> int:
    last = view.last_round
    before = view.round(last.number) if last else None
    known = {task.task.id for task in before.training} if before else set()
    new = sum(task.task.id not in known for task in now.training)
    return max(0, view.rules.round_due_at(last.train if last else 0) - new)


def _next(view: ProjectView, wanted: int | None) -> str:
    due = next_step(view.progress())
    if due is not None:
        return due.value
    if not view.mirror.tasks():
        return "people: import tasks into the project"
    if ending := next_of_ending(view):
        return ending
    train, audit = view.open_tasks(view.mirror.annotations())
    if not train and not audit:
        return "nothing: every task is labelled"
    if not wanted:
        return "collect: enough labels for the next round"
    return f"people: {wanted} more labels until the next round"


def known_jobs(bell: Bell, project_id: int) -> Jobs | None:
    """Return a project's jobs, None where Redis does not answer."""
    try:
        return jobs_of(bell, project_id)
    except RedisError:
        return None
