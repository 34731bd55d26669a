"""The page of the system: what is wrong and what to do, who works, which jobs have failed, what is installed."""

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from flask import Response, flash, request
from redis.exceptions import RedisError

from labelloop import __version__
from labelloop.domain.records import Connection
from labelloop.finding import Finding
from labelloop.steps.trail import enter
from ml_backend.pages.desk import Desk, spoken
from workers.admin.health_checks import failed_for_good
from workers.jobs.job_status import FailedJob, Jobs, WorkerRow, failed_jobs, jobs_of, project_of, worker_rows

LIBRARIES = ("flask", "label-studio-sdk", "rq", "scikit-learn", "onnxruntime", "torch", "transformers", "openai")
KINDS = ("collect", "fit", "evaluate", "deploy", "publish", "predict", "tune", "relabel", "ask_again")


@dataclass(frozen=True, slots=True)
class JobView:
    """A job by name, with the project it is for and the kind that the pages have a word for, empty where not."""

    name: str
    project: int | None
    kind: str


@dataclass(frozen=True, slots=True)
class Work:
    """Who works at what, and what has failed, of the connected projects.

    `told_below` are doctor's findings of failed jobs, which have a table of their own.
    """

    jobs: Jobs
    workers: list[tuple[WorkerRow, JobView | None]]
    failed: list[tuple[FailedJob, JobView]]
    told_below: list[Finding]


def system_page(desk: Desk, code: int = 200, error: str = "") -> Response:
    """Return the page; it never waits for a neighbour but Redis."""
    look, work = desk.doctor.newest, _work(desk)
    answer = desk.page(
        "system.html",
        code,
        error=error,
        look=look,
        findings=[one for one in look.worst_first if not (work and one in work.told_below)] if look else [],
        fine=look.fine if look else [],
        work=work,
        versions=list(_versions(desk)),
    )
    answer.add_etag()
    return answer


def act(desk: Desk) -> Response | None:
    """Look again, or try a failed job again; return the page where that cannot be done, None where it was."""
    t, asked, name = spoken(), request.form.get("action"), request.form.get("job", "")
    if asked == "look":
        desk.doctor.look()
        return None
    project = project_of(name)
    if asked != "retry" or project is None or project not in _connected(desk):
        return system_page(desk, 400, t("nothing_known"))
    try:
        again = desk.bell.retry(name)
    except RedisError:
        return system_page(desk, 503, t("jobs_unknown"))
    if not again:
        return system_page(desk, 409, t("not_failed"))
    enter(desk.book, project, "retry", name)
    flash(t("tried_again", job=name))
    return None


def _work(desk: Desk) -> Work | None:
    """Return what is done and by whom, None where Redis does not answer."""
    try:
        jobs, workers = jobs_of(desk.bell, *_connected(desk)), worker_rows(desk.bell)
        every_failed = failed_jobs(desk.bell)
    except RedisError:
        return None
    return Work(
        jobs,
        [(worker, _view(worker.job) if worker.job else None) for worker in workers],
        [(failed, _view(failed.job)) for failed in jobs.failed],
        [failed_for_good(job) for job in every_failed],
    )


def _view(name: str) -> JobView:
    kind = name.partition("-")[0]
    return JobView(name, project_of(name), kind if kind in KINDS else "")


def _connected(desk: Desk) -> list[int]:
    ledger = desk.book.ledger
    found = ((project, ledger.newest(Connection, project)) for project in ledger.projects())
    return [project for project, connection in found if connection and connection.active]


def _versions(desk: Desk) -> Iterator[tuple[str, str]]:
    yield "LabelLoop", __version__
    yield "Python", platform.python_version()
    yield "ledger", desk.book.ledger.engine.dialect.name
    for library in LIBRARIES:
        try:
            yield library, version(library)
        except PackageNotFoundError:
            continue
