"""The five jobs on a real queue with Label Studio as an object: the loop turns by itself and takes no harm."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection
from rq.job import Job
from rq.registry import ScheduledJobRegistry
from rq.serializers import JSONSerializer

from labelloop.domain.next_step import next_step
from labelloop.domain.records import (
    ClosedRound,
    Decision,
    Deployment,
    Evaluation,
    Fit,
    Publication,
    SchemaVersion,
    Verdict,
)
from labelloop.domain.tasks import Role
from labelloop.encoders.encoder_spec import WINDOWS
from labelloop.encoders.names import BUNDLED, MULTILINGUAL
from labelloop.errors import NeighbourError
from labelloop.state.project_state import ProjectState
from labelloop.testing import BagOfWords
from tests.workers.conftest import PROJECT, RULES, Site, site
from tests.workers.fake_label_studio import CONFIG, NOTHING_TO_LEARN, FakeLabelStudio
from workers.jobs import loop as jobs
from workers.jobs import reconcile
from workers.jobs.label_studio_sync import take_in
from workers.jobs.project_lock import project_lock

KINDS = (ClosedRound, Fit, Evaluation, Decision, Deployment, Publication)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clean_redis_url: str) -> Iterator[Site]:
    """A connected project of 120 tasks, nothing collected yet."""
    with site(monkeypatch, tmp_path, clean_redis_url, FakeLabelStudio(120)) as made:
        yield made


def facts(here: Site) -> dict[str, int]:
    """Return how many facts of each kind there are."""
    return {kind.__name__: len(here.view.ledger.all(kind, PROJECT)) for kind in KINDS}


def start(here: Site) -> None:
    """Collect the tasks for the first time and let people judge enough for a round."""
    here.bell.ring(PROJECT)
    here.work()
    here.label_studio.annotate(here.of(Role.TRAIN)[:12], person=1)
    for person in (1, 2):
        here.label_studio.annotate(here.of(Role.MONITOR), person)


def failed(here: Site, name: str) -> Job:
    return Job.fetch(name, connection=here.bell.redis, serializer=JSONSerializer)


def coming_back(here: Site) -> list[str]:
    """Return the names of the jobs that are tried again later."""
    return ScheduledJobRegistry(queue=here.bell.queue).get_job_ids()  # type: ignore[no-untyped-call]


def test_one_ring_turns_the_loop(here: Site) -> None:
    """From people's judgements to their next pre-annotations, job after job, without a hand."""
    start(here)
    studio, ledger = here.label_studio, here.view.ledger
    audit = set(here.of(Role.MONITOR))
    assert studio.model_version == "v0"
    assert studio.overlaps.keys() <= audit
    assert set(studio.overlaps.values()) == {2}
    for number in (1, 2):
        here.bell.ring(PROJECT)
        here.work()
        assert studio.model_version == f"v{number}"
        assert next_step(here.view.progress()) is None
        shown = {task: rows[f"v{number}"] for task, rows in studio.predictions.items() if f"v{number}" in rows}
        assert all(bool(row["result"]) is (task not in audit) for task, row in shown.items())
        judged = {a.task_id for a in here.view.mirror.annotations()}
        assert not shown.keys() & judged
        studio.annotate([task for task in shown if task not in audit][:15], person=3)
    assert [verdict.round_number for verdict in ledger.all(Verdict, PROJECT)] == [1, 2]
    assert facts(here) == {
        "ClosedRound": 2,
        "Fit": 2,
        "Evaluation": 3,
        "Decision": 2,
        "Deployment": 2,
        "Publication": 3,
    }
    assert here.queued() == []
    take_in(*here.view.now(), studio)  # type: ignore[arg-type]
    origins = Counter(a.origin.value for a in here.view.mirror.annotations() if a.annotator_id == 3)
    assert origins["manual"] == 0
    assert here.view.state.published_name == "v2"


def test_a_changed_encoder_turns_the_loop_by_one_ring(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one is chosen by the texts; another is fitted, measured, deployed and published without a hand."""
    sizes = {MULTILINGUAL: 96, BUNDLED: 64}
    monkeypatch.setattr("workers.jobs.models_of_settings.load_encoder", lambda one: BagOfWords(sizes[one.encoder]))
    start(here)
    here.bell.ring(PROJECT)
    here.work()
    first = here.view.state.rules.encoder
    other = next(name for name in sizes if name != first)
    assert here.view.state.encoder == f"{first}?windows={WINDOWS}"
    here.connect(here.view.state.rules.model_copy(update={"encoder": other}))
    here.bell.ring(PROJECT)
    here.work()

    made = here.view.ledger.all(Fit, PROJECT)
    assert [(fit.version, fit.round_number, fit.encoder) for fit in made] == [
        ("v1", 1, f"{first}?windows={WINDOWS}"),
        ("v2", 1, f"{other}?windows={WINDOWS}"),
    ]
    assert here.view.state.looped.deployed_version == here.label_studio.model_version == "v2"
    assert next_step(here.view.progress()) is None


def test_old_publications_are_cleared_but_for_the_newest_two(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task has at most the current prediction and the one before; others stay while somebody may have them open."""
    start(here)
    for keep in (600, 600, 0):
        monkeypatch.setenv("LABELLOOP_KEEP_PUBLICATIONS_S", str(keep))
        here.bell.ring(PROJECT)
        here.work()
        versions = {name for rows in here.label_studio.predictions.values() for name in rows}
        published = [one.name for one in here.view.state.publications]
        assert versions == set(published if keep else published[-2:])
        here.label_studio.annotate([task for task in here.of(Role.TRAIN) if not_judged(here, task)][:12], person=3)
    assert len(published) > 3


def not_judged(here: Site, task: int) -> bool:
    return not here.label_studio.stored[task].annotations


def test_ringing_again_changes_nothing(here: Site) -> None:
    """When the next move is people's, a ring is one look and nothing else."""
    start(here)
    here.bell.ring(PROJECT)
    here.work()
    before, pushes = facts(here), list(here.label_studio.pushes)
    for _ in range(3):
        assert here.bell.ring(PROJECT)
        here.work()
    assert (facts(here), here.label_studio.pushes) == (before, pushes)
    for job in (jobs.collect, jobs.publish):
        job(PROJECT)
    for step in (jobs.fit, jobs.evaluate, jobs.deploy):
        step(PROJECT, 1)
    assert (facts(here), here.label_studio.pushes) == (before, pushes)


@pytest.mark.parametrize("done", range(1, 5))
def test_a_flushed_queue_costs_time_and_nothing_else(here: Site, done: int) -> None:
    """Redis is emptied after any of the jobs: reconcile rings, and the loop goes on where it stood."""
    start(here)
    here.bell.ring(PROJECT)
    here.work(most=done)
    here.bell.redis.flushall()
    assert reconcile.reconcile(here.settings) == [PROJECT]
    here.work()
    assert list(facts(here).values()) == [1, 1, 1, 1, 1, 2]
    assert here.label_studio.pushes == ["v0", "v1"]
    assert here.label_studio.model_version == "v1"


@pytest.mark.parametrize("after", ["push", "record"])
def test_a_worker_killed_while_publishing_publishes_once(
    here: Site, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    """What was pushed before the crash is replaced under its own name, not joined by another."""
    start(here)
    target = {"push": "record_publication", "record": "next_step"}[after]
    real = getattr(jobs, target)

    def killed(*arguments: object) -> object:
        if target == "record_publication" and here.view.state.deployed is not None:
            raise KeyboardInterrupt
        if target == "next_step" and facts(here)["Publication"] == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    for step in (jobs.collect, lambda p: jobs.fit(p, 1), lambda p: jobs.evaluate(p, 1), lambda p: jobs.deploy(p, 1)):
        step(PROJECT)
    with monkeypatch.context() as patched:
        patched.setattr(jobs, target, killed)
        with pytest.raises(KeyboardInterrupt):
            jobs.publish(PROJECT)
    here.bell.redis.flushall()
    reconcile.reconcile(here.settings)
    here.work()
    assert list(dict.fromkeys(here.label_studio.pushes)) == ["v0", "v1"]
    assert here.view.state.published_name == "v1"


def test_a_verdict_that_a_killed_worker_owes_is_made_up_for(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decision stands, people get their queue, and then the verdict on that round is given, once."""
    start(here)
    for step in (jobs.collect, lambda project: jobs.fit(project, 1), lambda project: jobs.evaluate(project, 1)):
        step(PROJECT)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "give_verdict", killed)
        with pytest.raises(KeyboardInterrupt):
            jobs.deploy(PROJECT, 1)
    here.bell.redis.flushall()
    assert here.view.ledger.newest(Decision, PROJECT, round_number=1) is not None
    assert here.view.ledger.all(Verdict, PROJECT) == []
    here.label_studio.annotate(here.of(Role.TRAIN)[12:40], person=1)
    for _ in range(2):
        reconcile.reconcile(here.settings)
        here.work()
    rounds = [closed.number for closed in here.view.ledger.all(ClosedRound, PROJECT)]
    assert rounds == [1, 2], "the round that was due waited for the verdict"
    assert [verdict.round_number for verdict in here.view.ledger.all(Verdict, PROJECT)] == rounds


def test_start_training_closes_a_round_at_once(here: Site) -> None:
    """The wish is granted once; a round that is due for nothing new is not closed."""
    here.bell.ring(PROJECT)
    here.work()
    here.label_studio.annotate(here.of(Role.TRAIN)[:3], person=1)
    here.bell.ring(PROJECT, close=True)
    here.work()
    assert [r.reason for r in here.view.ledger.all(ClosedRound, PROJECT)] == ["asked for"]
    assert not here.bell.close_wanted(PROJECT)
    here.bell.ring(PROJECT, close=True)
    here.work()
    assert facts(here)["ClosedRound"] == 1
    assert not here.bell.close_wanted(PROJECT)


def test_the_wish_to_train_survives_an_outage_of_label_studio(here: Site) -> None:
    """Label Studio is away when the wish is looked at: the job comes back by itself and grants it."""
    here.bell.ring(PROJECT)
    here.work()
    here.label_studio.annotate(here.of(Role.TRAIN)[:3], person=1)
    here.label_studio.away = True
    here.bell.ring(PROJECT, close=True)
    here.work()
    assert coming_back(here) == ["collect-7"]
    assert failed(here, "collect-7").retries_left == 4
    here.label_studio.away = False
    jobs.collect(PROJECT)
    assert [r.reason for r in here.view.ledger.all(ClosedRound, PROJECT)] == ["asked for"]


def test_a_ring_while_collecting_is_answered_by_the_same_job(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What people say while a collection runs, and a wish to train, is not left for later."""
    here.bell.ring(PROJECT)
    here.work()
    real: Callable[..., ProjectState] = take_in
    rings = 0

    def ring_meanwhile(*arguments: object) -> ProjectState:
        nonlocal rings
        state = real(*arguments)
        if rings == 0:
            rings += 1
            here.label_studio.annotate(here.of(Role.TRAIN)[:3], person=1)
            here.bell.ring(PROJECT, close=True)
        return state

    monkeypatch.setattr(jobs, "take_in", ring_meanwhile)
    here.bell.ring(PROJECT)
    here.work(most=1)
    assert facts(here)["ClosedRound"] == 1
    assert not here.bell.is_rung(PROJECT)


def test_what_the_user_must_mend_is_not_tried_again(here: Site) -> None:
    """The job fails at once, visibly, with a sentence; after it is mended and has rested, the loop goes on."""
    here.label_studio.label_config = NOTHING_TO_LEARN
    here.bell.ring(PROJECT)
    here.work()
    job = failed(here, "collect-7")
    assert job.is_failed
    assert "nothing that can be learned" in str(job.latest_result().exc_string)  # type: ignore[union-attr]
    assert coming_back(here) == []
    assert not here.bell.ring(PROJECT)
    here.label_studio.label_config = CONFIG
    job.delete()
    here.bell.ring(PROJECT)
    here.work()
    assert here.label_studio.model_version == "v0"


def test_a_busy_project_makes_other_jobs_come_back(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds the project answers a ring when it is done; the other jobs wait a little, then come back later."""
    monkeypatch.setattr(jobs, "PATIENCE_S", 0.1)
    with Redis.from_url(here.settings.redis_url) as other, project_lock(other, PROJECT):
        jobs.collect(PROJECT)
        assert here.label_studio.pulls == 0
        with pytest.raises(NeighbourError, match="busy"):
            jobs.publish(PROJECT)
        here.bell.enqueue("publish", PROJECT)
        here.work()
        assert coming_back(here) == ["publish-7"]


def test_a_disconnected_project_is_left_alone(here: Site) -> None:
    """Its jobs are dropped without a failure, and reconcile does not ring for it."""
    here.connect(RULES, active=False)
    here.bell.ring(PROJECT)
    here.work()
    assert here.label_studio.pulls == 0
    assert reconcile.reconcile(here.settings) == []
    assert here.queued() == []


def test_reconcile_rings_once(here: Site) -> None:
    """A bell that waits already is not rung anew."""
    assert reconcile.reconcile(here.settings) == [PROJECT]
    assert reconcile.reconcile(here.settings) == []


@pytest.mark.parametrize("error", [NeighbourError("away"), NoConnection("away"), OSError("away")])
def test_reconcile_goes_on_when_a_neighbour_is_away(
    here: Site, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The ledger or Redis restarts: the next minute is another try."""
    asleep: list[float] = []

    def away(*_: object) -> None:
        raise error

    def sleep(seconds: float) -> None:
        asleep.append(seconds)
        if len(asleep) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(reconcile, "reconcile", away)
    monkeypatch.setattr(time, "sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        reconcile.reconcile_forever(here.settings, 60)
    assert asleep == [60, 60]


# What comes in


def test_deleted_tasks_and_a_changed_configuration_are_taken_in(here: Site) -> None:
    """A task that is gone is forgotten; the same meaning is no new schema, another one is read from the beginning."""
    studio = here.label_studio
    start(here)
    take_in(*here.view.now(), studio)  # type: ignore[arg-type]
    gone = here.of(Role.TRAIN)[0]
    del studio.stored[gone]
    studio.label_config = CONFIG.replace("<View>", "<View><Header value='hello'/>")
    take_in(*here.view.now(), studio)  # type: ignore[arg-type]
    assert gone not in here.view.mirror.tasks()
    assert len(here.view.ledger.all(SchemaVersion, PROJECT)) == 1
    studio.label_config = CONFIG.replace('choice="single"', 'choice="multiple"')
    take_in(*here.view.now(), studio)  # type: ignore[arg-type]
    values = [a.value for a in here.view.mirror.annotations()]
    assert len(here.view.ledger.all(SchemaVersion, PROJECT)) == 2
    assert values
    assert all(value is not None and here.view.state.field.allows(value) for value in values)


def test_an_interrupted_re_reading_keeps_the_mirror(here: Site) -> None:
    """While a changed configuration is read anew, nothing that was known is missing."""
    studio = here.label_studio
    start(here)
    take_in(*here.view.now(), studio)  # type: ignore[arg-type]
    studio.label_config = CONFIG.replace('choice="single"', 'choice="multiple"')

    def cut_off(*_: object, **__: object) -> None:
        raise NeighbourError("cut off")

    pages, studio.task_pages = studio.task_pages, cut_off  # type: ignore[assignment, method-assign]
    with pytest.raises(NeighbourError):
        take_in(*here.view.now(), studio)  # type: ignore[arg-type]
    assert len(here.view.mirror.tasks()) == 120
    studio.task_pages = pages  # type: ignore[method-assign]
    take_in(*here.view.now(), studio)  # type: ignore[arg-type]
    assert all(here.view.state.field.allows(a.value) for a in here.view.mirror.annotations() if a.value)
