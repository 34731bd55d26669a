"""Slow learners on a real queue: nobody waits for them, and each competes when it is ready."""

import multiprocessing
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from rq import Retry, SimpleWorker
from rq.job import Job, JobStatus
from rq.registry import ScheduledJobRegistry
from rq.serializers import JSONSerializer

from labelloop import plugins
from labelloop.domain.next_step import next_step
from labelloop.domain.records import ClosedRound, Decision, Deployment, Evaluation, Fit, Publication, Verdict
from labelloop.domain.tasks import Role
from labelloop.learners.base import FitContext
from labelloop.steps.background_learners import untuned
from labelloop.steps.workspace import alone
from tests.local.proc import eventually
from tests.workers.conftest import PROJECT, RULES, Site, site
from tests.workers.fake_label_studio import FakeLabelStudio
from tests.workers.late import InHand, Point, nothing
from workers.admin.gc import collect_garbage, find_garbage
from workers.cli import main
from workers.jobs import loop as jobs
from workers.jobs import reconcile
from workers.jobs.foreground import train_now
from workers.jobs.job_queue import BACKGROUND
from workers.jobs.job_status import Tuning, jobs_of
from workers.jobs.loop_job import LoopJob
from workers.jobs.worker import BackgroundWorker

TARDY = InHand("tardy", background=True)
BORE = InHand("bore", background=True, dull=True)
STUB = InHand("stub", background=False, dull=True)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clean_redis_url: str) -> Iterator[Site]:
    """A connected project with a quick learner that is no good and a slow one that is; people have judged a round."""
    real = plugins._installed
    ours = {one.name: Point(one) for one in (TARDY, BORE, STUB)}
    for one in (TARDY, BORE, STUB):
        one.meanwhile, one.fits, one.away = nothing, 0, False
    monkeypatch.setattr(plugins, "_installed", lambda group: real(group) | (ours if group == plugins.LEARNERS else {}))
    with site(monkeypatch, tmp_path, clean_redis_url, FakeLabelStudio(160)) as made:
        candidates(made, "stub", "tardy")
        made.ring()
        made.label_studio.annotate(made.of(Role.TRAIN)[:15], person=1)
        for person in (1, 2):
            made.label_studio.annotate(made.of(Role.MONITOR), person)
        yield made


def candidates(here: Site, *specs: str) -> None:
    here.connect(RULES.model_copy(update={"learners": specs}))


def label(here: Site, first: int, last: int) -> None:
    """Let a person judge some TRAIN tasks, and the loop turn."""
    here.label_studio.annotate(here.of(Role.TRAIN)[first:last], person=1)
    here.ring()


def work_in_background(here: Site) -> None:
    worker = SimpleWorker([BACKGROUND], connection=here.bell.redis, serializer=JSONSerializer, job_class=LoopJob)
    worker.work(burst=True, logging_level="WARNING")


def in_background(here: Site) -> list[str]:
    return list(here.bell.background.job_ids)


def scratch_of(here: Site) -> list[str]:
    return sorted(path.name for path in (here.settings.cache_dir / "fits").glob("*-*-*/"))


def test_a_slow_learner_blocks_no_round_and_wins_when_it_is_ready(here: Site) -> None:
    """Two rounds go by while it waits; then it is given the newest, competes there, and serves."""
    ledger = here.view.ledger
    here.ring()
    assert (here.label_studio.model_version, in_background(here)) == ("v1", ["tune-7-tardy"])
    label(here, 15, 35)
    assert here.label_studio.model_version == "v1.2", "the quick one is no better with more labels"
    assert in_background(here) == ["tune-7-tardy"]
    assert next_step(here.view.progress()) is None

    work_in_background(here)
    late = ledger.version(PROJECT, "v3")
    assert (late.learner, late.round_number, late.labels) == ("tardy", 2, 35)
    assert scratch_of(here) == []
    here.work()
    decisions = ledger.all(Decision, PROJECT, round_number=2)
    assert [(d.challenger, d.winner) for d in decisions] == [("v2", "v1"), ("v3", "v3")]
    assert decisions[1].reason.startswith("v3, fitted to round 2 with 35 labels, came late: better by more than")
    assert [v.version for v in ledger.all(Verdict, PROJECT, round_number=2)] == ["v1", "v3"]
    assert (here.label_studio.model_version, in_background(here)) == ("v3", [])
    assert next_step(here.view.progress()) is None
    assert TARDY.fits == 1, "the round in between was skipped"


def test_a_slow_learner_that_is_no_better_changes_nothing(here: Site) -> None:
    """The decision is recorded with its reason; neither the verdict nor the queue is made again."""
    candidates(here, "logistic", "bore")
    here.ring()
    before = (here.label_studio.pushes, len(here.view.ledger.all(Verdict, PROJECT)))
    work_in_background(here)
    here.work()
    newest = here.view.ledger.newest(Decision, PROJECT)
    assert newest
    assert (newest.challenger, newest.champion, newest.winner) == ("v2", "v1", "v1")
    assert "came late: not better" in newest.reason
    assert (here.label_studio.pushes, len(here.view.ledger.all(Verdict, PROJECT))) == before
    assert len(here.view.ledger.all(Deployment, PROJECT)) == 1


def test_a_round_that_closes_meanwhile_is_where_it_competes(here: Site) -> None:
    """It is left to finish with the labels it has; after that the newest round is given to it."""
    here.ring()
    TARDY.meanwhile = lambda _: label(here, 15, 35)
    jobs.tune(PROJECT, 1, "tardy")
    TARDY.meanwhile = nothing
    here.bell.background.empty()  # type: ignore[no-untyped-call]
    ledger = here.view.ledger
    late = ledger.newest(Fit, PROJECT, learner="tardy")
    assert late
    assert (late.round_number, late.labels, late.version) == (1, 15, "v3")
    here.work()
    assert [(e.round_number, e.version) for e in ledger.all(Evaluation, PROJECT, version="v3")] == [(2, "v3")]
    newest = ledger.newest(Decision, PROJECT, round_number=2)
    assert newest
    assert newest.winner == "v3"
    assert "fitted to round 1 with 15 labels, came late" in newest.reason
    assert in_background(here) == ["tune-7-tardy"]
    work_in_background(here)
    here.work()
    assert [fit.round_number for fit in ledger.all(Fit, PROJECT, learner="tardy")] == [1, 2]
    assert untuned(here.view.state, llm=False) == []


def test_a_fit_that_is_killed_goes_on_where_it_was(here: Site) -> None:
    """Worker and queue are lost: reconcile finds what is missing, and the folder of the fit is as it was left."""
    found: list[bool] = []

    def killed_once(context: FitContext) -> None:
        checkpoint = context.path("checkpoint")
        found.append(checkpoint.exists())
        checkpoint.touch()
        if len(found) == 1:
            raise KeyboardInterrupt

    TARDY.meanwhile = killed_once
    here.ring()
    with pytest.raises(KeyboardInterrupt):
        jobs.tune(PROJECT, 1, "tardy")
    assert len(scratch_of(here)) == 1
    here.bell.redis.flushall()
    reconcile.reconcile(here.settings)
    here.work()
    work_in_background(here)
    assert found == [False, True]
    assert scratch_of(here) == []
    here.work()
    assert here.label_studio.model_version == "v2"


def test_a_begun_fit_is_finished_before_a_newer_round_is_taken_up(here: Site) -> None:
    """What was cut off in round 1 is not thrown away because round 2 has closed; what was never begun is."""

    def killed(_: FitContext) -> None:
        raise KeyboardInterrupt

    here.ring()
    TARDY.meanwhile = killed
    with pytest.raises(KeyboardInterrupt):
        jobs.tune(PROJECT, 1, "tardy")
    TARDY.meanwhile = nothing
    label(here, 15, 35)
    work_in_background(here)
    assert [fit.round_number for fit in here.view.ledger.all(Fit, PROJECT, learner="tardy")] == [1]


def test_a_deadline_and_how_far_it_is(here: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """The rule sets the deadline, and people see the share that is done."""
    seen: list[float] = []
    told: list[tuple[Tuning, ...]] = []

    def look(context: FitContext) -> None:
        seen.append(context.deadline - time.monotonic())
        told.append(jobs_of(here.bell, PROJECT).tuning)
        main(["status", str(PROJECT)])
        main(["versions", str(PROJECT)])

    here.connect(RULES.model_copy(update={"learners": ("stub", "tardy"), "fit_minutes": 7}))
    here.ring()
    assert jobs_of(here.bell, PROJECT).tuning == (Tuning("tardy", 1, "queued", None),)
    timeout = Job.fetch("tune-7-tardy", connection=here.bell.redis, serializer=JSONSerializer).timeout
    assert timeout == 7 * 60 + here.settings.job_timeout_s
    TARDY.meanwhile = look
    work_in_background(here)
    assert 7 * 60 - 60 < seen[0] <= 7 * 60
    assert told == [(Tuning("tardy", 1, "running", 0.5),)]
    assert capsys.readouterr().out.count("In the background: tardy on round 1: 50 %") == 2


def test_what_cannot_be_learned_is_recorded_and_not_tried_again(here: Site) -> None:
    """Too few labels is a reason; anything else is tried again first, and in the end recorded too."""
    here.ring()

    def broken(_: FitContext) -> None:
        raise RuntimeError("no luck")

    TARDY.meanwhile = broken
    work_in_background(here)
    assert TARDY.fits == 1
    assert ScheduledJobRegistry(queue=here.bell.background).get_job_ids() == ["tune-7-tardy"]  # type: ignore[no-untyped-call]
    job = Job.fetch("tune-7-tardy", connection=here.bell.redis, serializer=JSONSerializer)
    job.retries_left = 0
    job.save()
    here.bell.background.enqueue_job(job)
    work_in_background(here)
    fit = here.view.ledger.newest(Fit, PROJECT, learner="tardy")
    assert fit
    assert (fit.version, fit.failure) == ("", "RuntimeError: no luck. See the log of the worker.")
    here.ring()
    assert in_background(here) == []


def test_a_version_that_cannot_be_asked_is_passed_over(here: Site) -> None:
    """A dead backend's version is tried again; then the round is decided without it, with the reason."""
    here.ring()
    work_in_background(here)
    TARDY.away = True
    here.work()
    assert ScheduledJobRegistry(queue=here.bell.queue).get_job_ids() == ["evaluate-7-1"]  # type: ignore[no-untyped-call]
    job = Job.fetch("evaluate-7-1", connection=here.bell.redis, serializer=JSONSerializer)
    job.retries_left = 0
    job.save()
    here.bell.queue.enqueue_job(job)
    here.work()
    found = here.view.ledger.newest(Evaluation, PROJECT, version="v2")
    assert found
    assert (found.n, found.failure) == (0, "The backend is away.")
    assert next_step(here.view.progress()) is None
    assert here.label_studio.model_version == "v1"
    label(here, 15, 35)
    assert [r.number for r in here.view.ledger.all(ClosedRound, PROJECT)] == [1, 2]


def test_only_slow_learners(here: Site) -> None:
    """With none to wait for the round is decided at once, without a model; the first that comes late serves."""
    candidates(here, "tardy")
    here.ring()
    first = here.view.ledger.newest(Decision, PROJECT)
    assert first
    assert (first.winner, first.reason[:19]) == ("", "tardy will come lat")
    work_in_background(here)
    here.work()
    assert here.label_studio.model_version == "v1"
    assert len(here.view.ledger.all(Verdict, PROJECT)) == 2


def test_a_late_version_waits_while_the_model_is_frozen(here: Site) -> None:
    """Nothing is deployed while a certificate is made; when that is given up, the late one competes."""

    def certify(_: FitContext) -> None:
        assert main(["certify", "7", "--max-error", "0.3", "--n", "30", "--anyway"]) == 0

    here.ring()
    TARDY.meanwhile = certify
    work_in_background(here)
    here.work()
    assert here.view.ledger.newest(Fit, PROJECT, learner="tardy") is not None
    assert here.view.ledger.all(Evaluation, PROJECT, version="v2") == []
    assert main(["certify", "7", "--abandon"]) == 0
    here.ring()
    deployed = here.view.state.deployed
    assert deployed
    assert deployed.version == "v2"
    assert here.label_studio.model_version == "v2"


def test_running_everything_twice_changes_nothing(here: Site) -> None:
    """Each job first asks what there is."""
    here.ring()
    work_in_background(here)
    here.work()
    kinds = (Fit, Evaluation, Decision, Verdict, Deployment, Publication)
    before = [here.view.ledger.all(kind, PROJECT) for kind in kinds]
    jobs.tune(PROJECT, 1, "tardy")
    for step in (jobs.fit, jobs.evaluate, jobs.deploy):
        step(PROJECT, 1)
    here.work()
    assert [here.view.ledger.all(kind, PROJECT) for kind in kinds] == before


def test_the_foreground_fits_slow_learners_last(here: Site) -> None:
    """First the model people wait for, then one slow learner after another, each competing when it is ready."""
    shares: list[float] = []
    steps = list(train_now(here.book, PROJECT, here.bell, shares.append))
    once = ["evaluate", "deploy", "publish"]
    assert steps == ["collect", "fit", *once, "tune tardy", *once]
    assert shares == [0.5]
    assert here.label_studio.model_version == "v2"


def test_gc_deletes_the_scratch_of_rounds_that_are_over(here: Site) -> None:
    """A fit that was cut off is kept while its round is the newest; then it is garbage, unless somebody has it."""

    def killed(_: FitContext) -> None:
        raise KeyboardInterrupt

    here.ring()
    TARDY.meanwhile = killed
    with pytest.raises(KeyboardInterrupt):
        jobs.tune(PROJECT, 1, "tardy")
    work = here.settings.cache_dir / "fits"
    (left,) = work.glob("*-*-*/")
    os.utime(left, (0, 0))
    assert find_garbage(here.book, here.bell, work=work).fits == ()
    label(here, 15, 35)
    with alone(work, PROJECT, "tardy") as mine:
        assert mine
        assert find_garbage(here.book, here.bell, work=work).fits == ()
    garbage = find_garbage(here.book, here.bell, work=work)
    assert garbage.fits == (str(left),)
    collect_garbage(here.book, here.bell, garbage)
    assert not left.exists()


def test_two_workers_give_no_two_versions_one_name(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another fit is recorded between the look at the versions and the recording: the next name is taken."""
    here.ring()
    real, stale = here.view.ledger.versions, [True]

    def versions(ledger: object, project: int) -> list[str]:
        return [] if stale and stale.pop() else real(project)

    monkeypatch.setattr("labelloop.stores.ledger.Ledger.versions", versions)
    jobs.tune(PROJECT, 1, "tardy")
    assert [(fit.learner, fit.version) for fit in here.view.ledger.all(Fit, PROJECT)] == [
        ("stub", "v1"),
        ("tardy", "v2"),
    ]


def test_a_background_worker_that_is_told_to_stop_does_not_wait(here: Site) -> None:
    """It ends at once, and the job it had is tried again: what was cut off goes on from its checkpoint."""
    queue = here.bell.background
    job = queue.enqueue("time.sleep", 120, retry=Retry(max=2, interval=60))
    process = multiprocessing.get_context("fork").Process(target=_work, args=(here.settings.redis_url,))
    process.start()
    assert eventually(lambda: job.get_status() is JobStatus.STARTED, 60)
    process.terminate()
    process.join(60)
    assert process.exitcode == 0
    assert ScheduledJobRegistry(queue=queue).get_job_ids() == [job.id]  # type: ignore[no-untyped-call]


def _work(url: str) -> None:
    with Redis.from_url(url) as client:
        BackgroundWorker([BACKGROUND], connection=client, serializer=JSONSerializer).work(logging_level="WARNING")


def test_a_queue_that_is_away_stops_no_fit(here: Site) -> None:
    """Progress is a courtesy: a fit goes on without Redis."""
    from workers.jobs.job_progress import JobProgress

    with Redis.from_url("redis://127.0.0.1:1/0") as nobody:
        job = Job("x", connection=nobody, serializer=JSONSerializer)
        JobProgress(job)(0.5)
        assert job.meta == {"share": 0.5}
