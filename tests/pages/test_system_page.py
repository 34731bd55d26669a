"""The page of the system: what `doctor` finds, who works at what, and failed jobs that are tried again."""

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from rq.job import JobStatus
from rq.results import Result

from labelloop.domain.action_record import Action
from labelloop.domain.records import Connection
from labelloop.errors import UserError
from labelloop.finding import Finding, Level
from labelloop.settings import Settings
from ml_backend.pages.doctor_looks import DoctorLooks
from ml_backend.pages.page_texts import LANGUAGES
from tests.local.proc import eventually
from tests.pages.conftest import Open
from tests.pages.world import NOON, World
from workers.admin import doctor
from workers.jobs.job_queue import Bell
from workers.jobs.worker import open_worker

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def client(open_pages: Open, world: World, bell: Bell, clean_redis_url: str) -> FlaskClient:
    """Return a client of a service with a project and a queue."""
    world.connect()
    return open_pages(redis_url=clean_redis_url)


def fail(bell: Bell, name: str, reason: str) -> None:
    """Let a job that waits fail for good."""
    job = bell.queue.fetch_job(name)
    assert job is not None
    bell.queue.remove(job)
    job.set_status(JobStatus.FAILED)
    bell.queue.failed_job_registry.add(job, ttl=60)
    Result.create_failure(job, 60, reason)


def post(client: FlaskClient, **form: str) -> tuple[int, str]:
    found = re.search(r'name="token" value="(\w+)"', client.get("/system").text)
    assert found
    answer = client.post("/system", data={"token": found[1], **form}, follow_redirects=True)
    return answer.status_code, answer.text


def seen(client: FlaskClient, what: str) -> bool:
    return eventually(lambda: what in client.get("/system").text, 60)


def test_what_doctor_finds_is_shown_worst_first_with_what_to_do(client: FlaskClient) -> None:
    """A look takes a while, above all where something is wrong: the page does not wait for it."""
    assert "Looking" in client.get("/system").text
    assert seen(client, "No worker is alive, so nothing is learned.")
    page = client.get("/system").text
    assert page.index("Start one: labelloop worker") < page.index('class="chip warn"') < page.index("Redis answers.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_redis_the_page_says_so(open_pages: Open, language: str) -> None:
    """And shows all that it knows without."""
    client = open_pages()
    said = {"en": "The job queue does not answer", "zh": "作业队列没有响应"}[language]
    page = client.get(f"/system?lang={language}").text
    assert said in page
    assert "scikit-learn" in page


def test_a_failed_job_is_tried_again_and_that_is_entered_in_the_log(
    client: FlaskClient, bell: Bell, world: World
) -> None:
    """With the reason it failed for; one that has not failed is refused."""
    assert bell.enqueue("fit", 12, 3)
    fail(bell, "fit-12-3", HOSTILE)
    page = client.get("/system").text
    assert "fit-12-3" in page
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page

    assert post(client, action="retry", job="fit-12-3")[0] == 200

    assert bell.queue.job_ids == ["fit-12-3"]
    assert "No job has failed for good." in client.get("/system").text
    assert post(client, action="retry", job="fit-12-3")[0] == 409
    assert bell.queue.job_ids == ["fit-12-3"]
    assert [(one.action, one.detail) for one in world.book.ledger.all(Action, 12)] == [("retry", "fit-12-3")]


@pytest.mark.parametrize("form", [{}, {"action": "retry"}, {"action": "retry", "job": "fit-99-1"}, {"action": "x"}])
def test_a_form_that_asks_for_nothing_known_is_refused(client: FlaskClient, form: dict[str, str]) -> None:
    """Neither an unknown action nor a job of a project that is not connected."""
    assert post(client, **form)[0] == 400


@pytest.mark.parametrize(("name", "status"), [("fit-²-1", 400), ("fit-12-a b:c", 409), ("fit-12-\0", 409)])
def test_a_name_that_no_job_can_have_is_refused_too(client: FlaskClient, name: str, status: int) -> None:
    """Whoever sends it."""
    assert post(client, action="retry", job=name)[0] == status


def test_jobs_of_a_project_that_left_the_loop_are_not_shown(client: FlaskClient, bell: Bell, world: World) -> None:
    """Nobody can do anything about them, and they hide what matters."""
    bell.enqueue("publish", 12)
    fail(bell, "publish-12", "the disk was full")
    assert "publish-12" in client.get("/system").text
    connection = world.book.ledger.newest(Connection, 12)
    assert connection
    world.record(replace(connection, active=False, artifact="", created_at=NOON), "connection-2")
    assert "publish-12" not in client.get("/system").text


def test_workers_are_shown_with_the_job_they_are_at(client: FlaskClient, bell: Bell) -> None:
    """Those of slow learners too."""
    assert "No worker is alive" in client.get("/system").text
    bell.enqueue("fit", 12, 3)
    for background in (False, True):
        worker = open_worker(bell.redis, background=background)
        worker.register_birth()  # type: ignore[no-untyped-call]
        if not background:
            job = bell.queue.fetch_job("fit-12-3")
            assert job is not None
            worker.prepare_execution(job)
    page = client.get("/system").text
    assert "all jobs but slow learners" in page
    assert "fit-12-3" in page
    assert '<span class="dim">idle</span>' in page


def test_a_look_is_taken_once_a_minute_at_most_and_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many people have the page open; and a look that fails is a finding."""
    looks, now = [], [0.0]

    def examine(_: Settings) -> list[Finding]:
        looks.append(now[0])
        if len(looks) > 2:
            raise UserError("LABELLOOP_REDIS_URL cannot be read.")
        return [Finding(Level.OK, f"look {len(looks)}")]

    monkeypatch.setattr(doctor, "examine", examine)
    kept = DoctorLooks(Settings(_env_file=None), clock=lambda: now[0])

    def newest(wanted: str) -> bool:
        look = kept.newest
        return look is not None and look.found[0].what == wanted

    assert kept.newest is None
    assert eventually(lambda: newest("look 1"), 10)
    now[0] = 59.0
    assert newest("look 1")
    now[0] = 61.0
    assert eventually(lambda: newest("look 2"), 10)
    kept.look()
    assert eventually(lambda: newest("LABELLOOP_REDIS_URL cannot be read."), 10)
    assert len(looks) == 3


def test_the_page_is_told_when_nothing_is_new(client: FlaskClient) -> None:
    """It asks every five seconds while it is open."""
    assert seen(client, "checks that found nothing wrong")
    first = client.get("/system")
    assert client.get("/system", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_strangers_see_the_log_in(open_pages: Open) -> None:
    """The page names hosts and folders."""
    assert open_pages(stranger=True).get("/system").status_code == 401
