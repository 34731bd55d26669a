"""Faults cost time, never labels: nothing is lost, nothing is double, and no hand is needed."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import httpx
import pytest
from redis import Redis

from labelloop.domain.records import ClosedRound, Decision, Evaluation, Fit, Publication
from labelloop.domain.tasks import Role
from labelloop.steps.close_round import close_round
from tests.core.opened_project import OpenedProject
from tests.e2e.world import RULES, World, of_role, rounds, settled
from tests.local.proc import eventually
from workers.jobs.job_queue import BACK_OFF
from workers.jobs.job_status import jobs_of

TRIES = 4
"""As often does a job fail in a minute without Label Studio, as jobs are retried by default."""
SLOW = RULES.model_copy(update={"learners": ("slow",)})


@pytest.fixture(autouse=True)
def nothing_is_double(world: World) -> Iterator[None]:
    """After each test every step of every round happened once."""
    yield
    world.open_gate()
    ledger = world.context.book.ledger
    for project_id in ledger.projects():
        numbers = [r.number for r in ledger.all(ClosedRound, project_id)]
        assert numbers == list(range(1, len(numbers) + 1))
        fits = ledger.all(Fit, project_id)
        assert len({fit.version for fit in fits}) == len(fits)
        decided = [(d.round_number, d.challenger) for d in ledger.all(Decision, project_id)]
        assert len(set(decided)) == len(decided)
        names = [p.name for p in ledger.all(Publication, project_id)]
        assert len(set(names)) == len(names)


def test_a_worker_killed_in_the_middle_of_a_fit_costs_time_only(world: World) -> None:
    """SIGKILL for the worker and its job: the next worker fits the same round, once."""
    view = fitting(world, "Killed worker")

    world.kill_worker()
    world.open_gate()

    world.wait(lambda: settled(view) and rounds(view) >= 1, "the fit after the kill")
    assert everything_is_there(world, view)
    assert [fit.version for fit in view.ledger.all(Fit, view.id, round_number=1)] == ["v1"]


def test_a_flushed_redis_between_two_jobs_loses_no_fact(world: World) -> None:
    """With the queue gone, reconcile finds in the ledger what is due and goes on."""
    view = fitting(world, "Flushed queue")

    world.kill_worker()
    with Redis.from_url(world.services.settings.redis_url) as redis:
        redis.flushall()
    world.open_gate()

    world.wait(lambda: settled(view) and rounds(view) >= 1, "the fit after the flush")
    assert everything_is_there(world, view)
    assert len(view.ledger.all(Evaluation, view.id, round_number=1)) == 1


def test_a_label_studio_that_is_away_is_waited_for(world: World) -> None:
    """A round that closes as Label Studio goes down is fitted, and published when it is back, after several tries."""
    view = fitting(world, "Away")

    world.services.label_studio.process.stop()
    world.open_gate()
    # nobody repairs the stack meanwhile, so Label Studio stays away
    assert eventually(lambda: tries_left(world, f"publish-{view.id}") <= len(BACK_OFF) - TRIES, 240)
    assert view.ledger.newest(Decision, view.id, round_number=1), "fitting needs no Label Studio"
    assert not settled(view)

    world.wait(lambda: settled(view), "the publication after the outage", 300)
    assert world.context.label_studio.project(view.id).model_version == "v1"
    assert everything_is_there(world, view)
    world.label_until_round(view, 2)


def test_the_same_webhook_a_hundred_times_at_once_is_one_ring(world: World) -> None:
    """Each is answered, at most two collections are queued, and no round closes twice."""
    view = world.project(title="Hundred rings")
    settings = world.services.settings
    url = f"{settings.backend_url}/webhook/{view.id}"
    headers = {"X-LabelLoop-Secret": settings.webhook_secret.get_secret_value()}

    def ring(_: int) -> tuple[int, int]:
        answer = httpx.post(url, json={"action": "ANNOTATION_CREATED"}, headers=headers, timeout=30)
        jobs = jobs_of(world.context.bell, view.id)
        return answer.status_code, len({*jobs.queued, *jobs.running})  # one that just starts may be seen as both

    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(ring, range(100)))

    assert {status // 100 for status, _ in answers} == {2}
    assert max(queued for _, queued in answers) <= 2
    world.wait(lambda: not jobs_of(world.context.bell, view.id).queued, "the rings to be answered")
    assert rounds(view) == 0


def test_a_webhook_with_a_wrong_secret_is_refused(world: World) -> None:
    """Nobody but Label Studio rings."""
    answer = httpx.post(
        f"{world.services.settings.backend_url}/webhook/1", json={}, headers={"X-LabelLoop-Secret": "guess"}, timeout=30
    )

    assert answer.status_code == 401


def test_a_round_closed_by_several_workers_at_once_is_one_round(world: World) -> None:
    """The ledger decides the race; all get the winner's round."""
    view = before_round_1(world, "Race")
    start = threading.Barrier(4)

    def close(_: int) -> ClosedRound | None:
        own = OpenedProject(world.context.book, view.id)
        start.wait()
        return close_round(*own.now(), asked=True)

    with ThreadPoolExecutor(4) as pool:
        closed = [found for found in pool.map(close, range(4)) if found]

    assert closed
    assert {found.number for found in closed} == {1}
    assert {found.artifact for found in closed} == {view.ledger.all(ClosedRound, view.id)[0].artifact}


def tries_left(world: World, name: str) -> int:
    """Return how often a job that has failed will be tried again; all tries where it has not been queued."""
    job = world.context.bell.queue.fetch_job(name)
    left = job.retries_left if job else None
    return len(BACK_OFF) if left is None else left


def before_round_1(world: World, title: str) -> OpenedProject:
    """Return a project whose first labels, one to learn from among them, were taken in: too few for a round."""
    view = world.project(SLOW, title=title)
    train, said = of_role(view, Role.TRAIN), 0
    for person in cycle(world.people):
        said += world.label(view, person) is not None
        if world.done[view.id] & train:
            break
    world.wait(lambda: len(view.mirror.annotations()) == said, "the collection")
    return view


def fitting(world: World, title: str) -> OpenedProject:
    """Return a project whose first round is being fitted by a learner that waits at the gate."""
    world.close_gate()
    view = world.project(SLOW, title=title)
    world.label_until_round(view, 1)
    world.wait(lambda: (world.gate / "begun").exists(), "the fit")
    return view


def everything_is_there(world: World, view: OpenedProject) -> bool:
    """Return whether every annotation that Label Studio holds was taken in, once."""
    pages = world.context.label_studio.task_pages(view.id)
    said = sorted(a.id for page in pages for task in page for a in task.annotations)
    world.wait(lambda: len(view.mirror.annotations()) >= len(said), "the collection")
    return sorted(a.id for a in view.mirror.annotations()) == said
