"""A prompted LLM answers before the first label: on a real queue, with a scripted server, and nobody waits for it."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from labelloop.domain.next_step import next_step
from labelloop.domain.records import (
    ClosedRound,
    Decision,
    Deployment,
    Evaluation,
    Fit,
    Publication,
)
from labelloop.domain.tasks import Role
from labelloop.errors import UserError
from labelloop.llm.llm_settings import LlmSettings
from labelloop.rules import Rules
from labelloop.settings import Settings
from labelloop.steps.certify import start_attempt
from labelloop.steps.deploy import UNMEASURED
from tests.core.made_up import text
from tests.llm.server import Fault, ScriptedLLM
from tests.llm.stage import name
from tests.llm.test_prompt import asked
from tests.llm.test_round import right
from tests.workers.conftest import PROJECT, RULES, Site, site
from tests.workers.fake_label_studio import FakeLabelStudio
from workers.cli import main
from workers.jobs import loop as jobs
from workers.jobs import reconcile
from workers.jobs.foreground import train_now
from workers.jobs.job_queue import BACKGROUND
from workers.jobs.loop_job import LoopJob

ASKING = RULES.model_copy(update={"learners": ("logistic", "prompt")})


@pytest.fixture
def llm() -> Iterator[ScriptedLLM]:
    """Yield a server that knows the answers."""
    with ScriptedLLM(right) as server:
        yield server


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clean_redis_url: str, llm: ScriptedLLM) -> Iterator[Site]:
    """A connected project whose rules name a prompted LLM; nobody has looked at its tasks."""
    name(llm, monkeypatch, tmp_path)
    with site(monkeypatch, tmp_path, clean_redis_url, FakeLabelStudio(120)) as made:
        made.connect(ASKING)
        yield made


def work_in_background(here: Site) -> None:
    worker = SimpleWorker([BACKGROUND], connection=here.bell.redis, serializer=JSONSerializer, job_class=LoopJob)
    worker.work(burst=True, logging_level="WARNING")
    here.work()


def in_background(here: Site) -> list[str]:
    return list(here.bell.background.job_ids)


def answer_first(here: Site) -> None:
    """Let the LLM answer before anybody has labelled."""
    here.ring()
    work_in_background(here)


def people_judge(here: Site) -> None:
    """Let one person label what is first in its queue, and two the audit tasks: round 1."""
    here.label_studio.annotate(order(here, "v1")[:15], person=1)
    for person in (1, 2):
        here.label_studio.annotate(here.of(Role.MONITOR), person)
    here.ring()


def pushed(here: Site, version: str) -> dict[int, bool]:
    """Return the tasks of a publication, and which of them have an answer."""
    shown = here.label_studio.predictions
    return {task: bool(rows[version]["result"]) for task, rows in shown.items() if version in rows}


def order(here: Site, version: str) -> list[int]:
    """Return the TRAIN tasks of a publication in the order in which people are given them."""
    train, shown = set(here.of(Role.TRAIN)), here.label_studio.predictions
    scores = {task: float(str(rows[version]["score"])) for task, rows in shown.items() if version in rows}
    return sorted((task for task in scores if task in train), key=scores.__getitem__)


def test_the_first_answers_are_there_before_the_first_label(here: Site, llm: ScriptedLLM) -> None:
    """People have their queue at once; then it is published again, the same tasks, answered, audit tasks blind."""
    here.ring()
    assert here.label_studio.model_version == "v0"
    assert (llm.requests, in_background(here)) == ([], ["tune-7-prompt"])

    work_in_background(here)

    ledger, train = here.view.ledger, set(here.of(Role.TRAIN))
    (fit,) = ledger.all(Fit, PROJECT)
    assert (fit.round_number, fit.learner, fit.version, fit.labels, fit.failure) == (0, "prompt", "v1", 0, "")
    assert [(d.version, d.reason) for d in ledger.all(Deployment, PROJECT)] == [("v1", UNMEASURED)]
    assert (here.label_studio.model_version, here.view.state.published_name) == ("v1", "v1")
    answered = pushed(here, "v1")
    assert {task for task, said in answered.items() if said} == train & answered.keys()
    assert order(here, "v1") == order(here, "v0")
    assert sorted(asked(body) for body in llm.requests) == sorted(text(task) for task in order(here, "v1"))
    assert not ledger.all(ClosedRound, PROJECT)
    assert not ledger.all(Decision, PROJECT)
    assert next_step(here.view.progress()) is None
    assert (here.queued(), in_background(here)) == ([], [])


def test_nobody_believes_what_was_not_measured(here: Site, llm: ScriptedLLM) -> None:
    """Its confidence is even odds, whatever it says of itself, and its doubts choose no task."""
    here.ring()
    work_in_background(here)

    published = here.view.ledger.newest(Publication, PROJECT)
    assert published
    with here.book.artifacts.folder(published.artifact) as folder:
        rows = pd.read_parquet(folder / "queue.parquet")
    assert set(rows["confidence"].dropna()) == {0.5}
    with pytest.raises(UserError, match="no model to certify"):
        start_attempt(*here.view.now(), max_error=0.3, confidence=0.9, n=30)


def test_ringing_and_running_again_changes_nothing(here: Site, llm: ScriptedLLM) -> None:
    """Each job asks first what there is; no text is asked about twice."""
    here.ring()
    work_in_background(here)
    kinds = (Fit, Deployment, Publication, Evaluation, Decision)
    before, requests = [here.view.ledger.all(kind, PROJECT) for kind in kinds], len(llm.requests)
    for _ in range(2):
        reconcile.reconcile(here.settings)
        here.work()
        work_in_background(here)
    jobs.tune(PROJECT, 0, "prompt")
    jobs.deploy(PROJECT, 0)
    jobs.publish(PROJECT)
    here.work()

    assert [here.view.ledger.all(kind, PROJECT) for kind in kinds] == before
    assert len(llm.requests) == requests


def test_the_first_round_measures_it_and_lets_the_others_compete(here: Site, llm: ScriptedLLM) -> None:
    """It is evaluated on the audit set as the champion that it is; the rule decides, and the LLM comes again."""
    llm.accuracy = 0.4
    answer_first(here)
    people_judge(here)

    ledger = here.view.ledger
    (decision,) = ledger.all(Decision, PROJECT)
    assert (decision.challenger, decision.champion, decision.winner) == ("v2", "v1", "v2")
    assert "better by more than one standard error" in decision.reason
    measured = {e.version: e.agreement or 0 for e in ledger.all(Evaluation, PROJECT, round_number=1)}
    assert measured.keys() == {"v1", "v2"}
    assert measured["v1"] < measured["v2"]
    assert (here.label_studio.model_version, in_background(here)) == ("v2", ["tune-7-prompt"])

    work_in_background(here)
    again = ledger.version(PROJECT, "v3")
    assert (again.learner, again.round_number, again.labels) == ("prompt", 1, 15)
    assert {e.version for e in ledger.all(Evaluation, PROJECT, round_number=1)} == {"v1", "v2", "v3"}
    assert next_step(here.view.progress()) is None


def test_it_is_measured_where_it_stays_the_only_one(here: Site) -> None:
    """A round without another candidate says so, and the version goes on serving, now with figures."""
    here.connect(RULES.model_copy(update={"learners": ("prompt",)}))
    answer_first(here)
    people_judge(here)

    decision = here.view.ledger.newest(Decision, PROJECT, round_number=1)
    assert decision
    assert (decision.challenger, decision.winner) == ("", "v1")
    assert decision.reason.startswith("prompt will come late")
    found = here.view.ledger.newest(Evaluation, PROJECT, version="v1")
    assert found
    assert found.agreement == 1.0


@pytest.mark.parametrize(
    ("fault", "variable", "value", "reason"),
    [
        (Fault(401), "LABELLOOP_LLM_API_KEY", "wrong", "LABELLOOP_LLM_API_KEY"),
        (None, "LABELLOOP_LLM_CAP", "0.004", "LABELLOOP_LLM_CAP"),
        (None, "LABELLOOP_LLM_PRICES", "{}", "price"),
        (None, "LABELLOOP_LLM_BASE_URL", "http://127.0.0.1:9/v1", "127.0.0.1:9"),
        (Fault(words="I am a poet."), "LABELLOOP_LLM_RUNS", "1", "JSON"),
    ],
    ids=["key", "cap", "price", "down", "prose"],
)
def test_without_its_answers_people_begin_as_ever(
    here: Site,
    llm: ScriptedLLM,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: Fault | None,
    variable: str,
    value: str,
    reason: str,
) -> None:
    """The reason is recorded and shown; the queue stays, and after the first round it is tried once more."""
    monkeypatch.setitem(LlmSettings.__init__.__kwdefaults__ or {}, "pause_s", 0.01)
    llm.always = fault
    monkeypatch.setenv(variable, value)
    here.ring()
    work_in_background(here)

    (fit,) = here.view.ledger.all(Fit, PROJECT)
    assert (fit.round_number, fit.version) == (0, "")
    assert reason in fit.failure
    assert here.label_studio.pushes == ["v0"]
    assert not any(pushed(here, "v0").values())
    main(["status", str(PROJECT)])
    shown = capsys.readouterr().out
    assert "Round 0: prompt could not be fitted" in shown
    assert "Model: none yet" in shown
    here.ring()
    assert in_background(here) == []

    here.label_studio.annotate(order(here, "v0")[:12], person=1)
    here.ring()
    assert here.label_studio.model_version == "v1"
    assert in_background(here) == ["tune-7-prompt"]


def test_a_crash_between_the_version_and_its_deployment_is_made_up_for(here: Site) -> None:
    """The queue is lost too: reconcile rings, and what was fitted serves."""
    here.ring()
    worker = SimpleWorker([BACKGROUND], connection=here.bell.redis, serializer=JSONSerializer, job_class=LoopJob)
    worker.work(burst=True, logging_level="WARNING")
    assert here.view.ledger.newest(Fit, PROJECT, version="v1")
    assert here.view.ledger.newest(Deployment, PROJECT) is None
    here.bell.redis.flushall()

    reconcile.reconcile(here.settings)
    here.work()

    assert len(here.view.ledger.all(Deployment, PROJECT)) == 1
    assert here.label_studio.model_version == "v1"


def test_a_fit_that_is_killed_pays_for_nothing_twice(
    here: Site, llm: ScriptedLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the LLM has answered is kept; the next try goes on from there."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    here.ring()
    with monkeypatch.context() as patch:
        patch.setattr("labelloop.learners.prompt.learner.no_fallback", killed)
        with pytest.raises(KeyboardInterrupt):
            jobs.tune(PROJECT, 0, "prompt")
    here.bell.redis.flushall()
    reconcile.reconcile(here.settings)
    here.work()
    work_in_background(here)

    assert here.label_studio.model_version == "v1"
    assert set(llm.bodies.values()) == {1}
    assert len(llm.requests) == len(order(here, "v1"))


def test_a_round_that_closes_meanwhile_ends_it(here: Site, llm: ScriptedLLM) -> None:
    """Labels are there: the LLM is fitted to them, and nobody asks what it would have said before."""
    here.ring()
    here.label_studio.annotate(order(here, "v0")[:12], person=1)
    here.ring()
    assert here.label_studio.model_version == "v1"
    work_in_background(here)

    assert [(f.round_number, f.learner) for f in here.view.ledger.all(Fit, PROJECT)] == [(1, "logistic"), (1, "prompt")]


def test_labels_from_before_are_round_one_and_leave_nothing_to_answer(here: Site, llm: ScriptedLLM) -> None:
    """A project that was labelled elsewhere has no time before the first label."""
    here.label_studio.annotate(range(1, 41), person=1)
    here.ring()

    assert here.view.state.last_round is not None
    assert in_background(here) == ["tune-7-prompt"]
    assert llm.requests == []
    assert not here.view.ledger.all(Fit, PROJECT, round_number=0)


@pytest.mark.parametrize(
    "changes", [{"learners": ("logistic",)}, {"pre_annotate": False}], ids=["not named", "nothing is shown"]
)
def test_who_does_not_want_it_never_asks(here: Site, llm: ScriptedLLM, changes: dict[str, object]) -> None:
    """Rules that name learners without it, and projects that show no answers, cost nothing."""
    here.connect(ASKING.model_copy(update=changes))
    here.ring()
    work_in_background(here)

    assert (llm.requests, here.label_studio.pushes) == ([], ["v0"])


@pytest.mark.parametrize("server", [True, False])
def test_setting_an_llm_up_is_wish_enough(here: Site, monkeypatch: pytest.MonkeyPatch, server: bool) -> None:
    """Where the rules name no learners it joins by itself; without a server there is nobody to ask."""
    if not server:
        monkeypatch.setenv("LABELLOOP_LLM_BASE_URL", "")
    here.connect(Rules(round_size=10, monitor_size=20, queue_rounds=2))
    here.ring()

    assert Settings().llm.is_complete is server
    assert in_background(here) == (["tune-7-prompt"] if server else [])


def test_going_back_to_it_and_away_again(here: Site, llm: ScriptedLLM) -> None:
    """A version without labels is a version: rollback and deploy know it."""
    llm.accuracy = 0.4
    answer_first(here)
    people_judge(here)
    assert here.label_studio.model_version == "v2"

    assert main(["rollback", str(PROJECT)]) == 0
    here.work()
    assert here.label_studio.model_version == "v1.2"
    assert main(["deploy", str(PROJECT), "v2"]) == 0
    here.work()
    assert here.label_studio.model_version == "v2.2"


def test_what_it_leaves_to_people_is_shown_to_nobody(here: Site, llm: ScriptedLLM) -> None:
    """Where it is unsure no label says what people say most: the task stays blank."""
    llm.oracle = lambda said: {"label": "unsure"} if "lovely" in said else right(said)
    here.ring()
    work_in_background(here)

    answered, train = pushed(here, "v1"), set(order(here, "v1"))
    blank = {task for task in train if "lovely" in text(task)}
    assert blank
    assert {task for task in train if not answered[task]} == blank


def test_an_llm_that_dies_holds_up_no_queue(here: Site, llm: ScriptedLLM) -> None:
    """When the queue runs low, people get further tasks, those that it was never asked about blank."""
    here.ring()
    work_in_background(here)
    llm.always = Fault(401)
    here.label_studio.annotate(order(here, "v1")[:9], person=1)
    for task in order(here, "v1")[9:14]:
        del here.label_studio.stored[task]
    here.ring()

    assert here.label_studio.model_version == "v1.2"
    answered = pushed(here, "v1.2")
    assert order(here, "v1.2")[:6] == order(here, "v1")[14:]
    assert [answered[task] for task in order(here, "v1.2")] == [True] * 6 + [False] * 14


def test_the_foreground_asks_it_too(here: Site) -> None:
    """`labelloop train --now` before the first label ends with its answers in the queue."""
    steps = list(train_now(here.book, PROJECT, here.bell, llm=True))

    assert steps == ["collect", "publish", "tune prompt", "deploy", "publish"]
    assert here.label_studio.model_version == "v1"
