"""The bell, the queue and the lock on a real server: one job however often it rings, one holder at a time."""

import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from threading import Barrier

import pytest
from redis import Redis
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.utils import now

from tests.local.proc import eventually
from workers.jobs import project_lock as lock
from workers.jobs.job_queue import CHANNEL, Bell
from workers.jobs.project_lock import project_lock


def job(bell: Bell, name: str) -> Job:
    return Job.fetch(name, connection=bell.redis, serializer=JSONSerializer)


def test_a_hundred_rings_at_once_are_one_job(bell: Bell) -> None:
    """A labelling session's webhooks make one job, not a hundred; exactly one ring is told that it made it."""
    start = Barrier(20)

    def ring(_: int) -> list[bool]:
        start.wait()
        return [bell.ring(7) for _ in range(5)]

    with ThreadPoolExecutor(20) as webhooks:
        answers = [answer for some in webhooks.map(ring, range(20)) for answer in some]
    assert (len(answers), sum(answers)) == (100, 1)
    assert bell.queue.job_ids == ["collect-7"]


def test_projects_and_rounds_have_jobs_of_their_own(bell: Bell) -> None:
    """Jobs carry ids only and are named by them."""
    for project in (7, 8):
        assert bell.ring(project)
    assert bell.enqueue("fit", 7, 1)
    assert not bell.enqueue("fit", 7, 1)
    assert bell.enqueue("fit", 7, 2)
    assert bell.queue.job_ids == ["collect-7", "collect-8", "fit-7-1", "fit-7-2"]
    found = job(bell, "fit-7-2")
    assert (found.func_name, list(found.args), found.kwargs) == ("workers.jobs.loop.fit", [7, 2], {})
    assert (found.retries_left, found.timeout) == (5, 3600)


def test_a_ring_is_remembered_until_it_is_answered(bell: Bell) -> None:
    """The mark and the wish to close a round survive until they are taken back, each project's its own."""
    assert not bell.is_rung(7)
    bell.ring(7, close=True)
    bell.ring(8)
    assert (bell.is_rung(7), bell.close_wanted(7), bell.close_wanted(7), bell.close_wanted(8)) == (
        True,
        True,
        True,
        False,
    )
    bell.rung(7)
    bell.close_answered(7)
    assert (bell.is_rung(7), bell.close_wanted(7), bell.is_rung(8)) == (False, False, True)


@pytest.mark.parametrize(
    ("status", "minutes_ago", "tried_anew"),
    [
        (JobStatus.FAILED, 1, False),
        (JobStatus.FAILED, 6, True),
        (JobStatus.FINISHED, 0, True),
        (JobStatus.SCHEDULED, 60, False),
    ],
)
def test_a_failed_job_is_tried_anew_after_its_rest(
    bell: Bell, status: JobStatus, minutes_ago: int, tried_anew: bool
) -> None:
    """Until then it stays visible and every ring is refused, so that a broken project does not spin."""
    bell.enqueue("collect", 7)
    old = job(bell, "collect-7")
    bell.redis.delete(bell.queue.key, old.key)
    old.ended_at = now() - timedelta(minutes=minutes_ago)
    old.save()
    old.set_status(status)
    assert bell.ring(7) is tried_anew
    assert bell.queue.job_ids == (["collect-7"] if tried_anew else [])
    assert bell.is_rung(7), "the ring is remembered either way"


def test_rings_while_the_project_is_being_collected_are_one_job_after_it(bell: Bell) -> None:
    """What changes behind the running collection's back is looked at again, once."""
    bell.enqueue("collect", 7)
    running = job(bell, "collect-7")
    bell.redis.delete(bell.queue.key)
    running.set_status(JobStatus.STARTED)
    assert [bell.ring(7) for _ in range(5)] == [True, False, False, False, False]
    assert bell.queue.job_ids == ["collect-7-again"]
    assert job(bell, "collect-7-again").func_name == "workers.jobs.loop.collect"


def test_a_switch_is_announced_to_whoever_listens(bell: Bell) -> None:
    """Serving processes hear which project has changed."""
    with bell.redis.pubsub(ignore_subscribe_messages=True) as ears:  # type: ignore[no-untyped-call]
        ears.subscribe(CHANNEL)
        assert eventually(lambda: bool(bell.redis.pubsub_numsub(CHANNEL)[0][1]))
        bell.announce(7)
        heard: list[bytes] = []

        def listen() -> bool:
            message = ears.get_message()
            heard.extend([message["data"]] if message else [])
            return bool(heard)

        assert eventually(listen)
        assert heard == [b"7"]


# The lock


@pytest.fixture
def short_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make locks that are lost after three seconds instead of twenty, and renewed often."""
    monkeypatch.setattr(lock, "TTL_S", 3.0)
    monkeypatch.setattr(lock, "RENEW_S", 0.1)


def test_one_holder_at_a_time(redis: Redis) -> None:
    """The second is told so at once; another project is free; afterwards, even after an error, so is this one."""
    with project_lock(redis, 7) as mine:
        with project_lock(redis, 7) as too, project_lock(redis, 8) as other:
            assert (mine, too, other) == (True, False, True)
        with project_lock(redis, 7) as still:
            assert not still, "who did not get the lock must not release it"
    with pytest.raises(KeyError), project_lock(redis, 7):
        raise KeyError
    with project_lock(redis, 7) as free:
        assert free


@pytest.mark.usefixtures("short_lock")
def test_a_lock_is_renewed_while_its_holder_works(redis: Redis) -> None:
    """A fit that takes longer than the lock lasts keeps it."""
    with project_lock(redis, 7) as mine:
        assert mine
        lives = [redis.pttl("labelloop:lock:7")]

        def renewed_often() -> bool:
            lives.append(redis.pttl("labelloop:lock:7"))
            return sum(later > earlier for earlier, later in pairwise(lives)) >= 8

        assert eventually(renewed_often, 60)
        assert min(lives) > 0


def _hold_for_ever(url: str) -> None:
    with Redis.from_url(url) as client, project_lock(client, 7):
        signal.pause()


@pytest.mark.usefixtures("short_lock")
def test_the_lock_of_a_killed_holder_frees_itself(redis: Redis, clean_redis_url: str) -> None:
    """A worker that the machine kills mid-job blocks its project for no longer than the lock lasts."""
    holder = multiprocessing.get_context("fork").Process(target=_hold_for_ever, args=(clean_redis_url,))
    holder.start()
    assert eventually(lambda: bool(redis.exists("labelloop:lock:7")))
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()

    def free() -> bool:
        with project_lock(redis, 7) as mine:
            return mine

    assert not free()
    assert eventually(free, 60)


@pytest.mark.usefixtures("short_lock")
def test_a_flushed_server_does_not_disturb_the_holder(redis: Redis) -> None:
    """Losing the lock raises nothing, and leaves the next holder's alone."""
    with project_lock(redis, 7):
        redis.flushall()
        with project_lock(redis, 7) as next_one:
            assert next_one
