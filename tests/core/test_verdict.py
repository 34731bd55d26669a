"""The verdict: the rule as a table, and the step on made-up rounds."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from labelloop.domain.disputes import AuditedTask, Confusion, among_people, disputed_tasks, of_model
from labelloop.domain.forecast import LearningPoint, forecast_labels
from labelloop.domain.records import Verdict
from labelloop.domain.tasks import Origin, Role
from labelloop.domain.values import Choice, Span, Spans
from labelloop.domain.verdict import Measured, Outcome, Standing, is_look, judge
from labelloop.errors import BrokenPromise
from labelloop.rules import Rules
from labelloop.stats.choice import optimism
from labelloop.steps.close_round import close_round
from labelloop.steps.verdict import give_verdict, verdict_report
from tests.core.made_up import ENCODE, LABELS, MadeUp, Make, choices, truth, turn

FULL = Standing(
    version="v3",
    people=2,
    n=200,
    gap=-0.01,
    gap_low=-0.06,
    human_agreement=0.8,
    audit_needed=None,
    look=1,
    looks=5,
    margin=0.1,
)
RULES = Rules(round_size=10, monitor_size=60, queue_rounds=2)


@pytest.mark.parametrize(
    ("change", "outcome", "says"),
    [
        ({}, Outcome.YES, "1.0 points worse than people with each other"),
        ({"gap": 0.0}, Outcome.YES, "as well as"),
        ({"gap_low": -0.1}, Outcome.NOT_YET, "10.0 points worse"),
        ({"gap_low": -0.12, "audit_needed": 90}, Outcome.CANNOT_TELL, "too close to call"),
        ({"gap_low": -0.12, "audit_needed": 4000}, Outcome.NOT_YET, "at worst 12.0 points worse"),
        ({"gap": -0.3, "gap_low": -0.4}, Outcome.NOT_YET, "30.0 points worse"),
        ({"human_agreement": 0.59}, Outcome.GUIDELINE, "59 %"),
        ({"human_agreement": 0.6}, Outcome.YES, "at worst"),
        ({"n": 19, "audit_needed": 81}, Outcome.CANNOT_TELL, "only 19 audit tasks"),
        ({"n": 19, "human_agreement": 0.3}, Outcome.CANNOT_TELL, "too few to compare"),
        ({"n": 0, "gap": None, "gap_low": None, "human_agreement": None}, Outcome.CANNOT_TELL, "no audit task"),
        ({"people": 1, "n": 0, "gap": None}, Outcome.CANNOT_TELL, "only one person has labelled"),
        ({"version": ""}, Outcome.CANNOT_TELL, "no model"),
        ({"look": 5}, Outcome.YES, "10 points worse is allowed"),
        ({"look": 6}, Outcome.YES, "the guarantee is used up, a false yes in any of them is now as likely as 6 %"),
    ],
)
def test_the_rule_of_the_verdict(change: dict[str, object], outcome: Outcome, says: str) -> None:
    """Figures in, one of four outcomes out, with the reason in words and what to do next."""
    ruling = judge(replace(FULL, **change))  # type: ignore[arg-type]
    assert ruling.outcome is outcome
    assert says in ruling.because
    assert ruling.advice


def test_agreement_with_the_only_person_is_stated_with_its_interval() -> None:
    """It is all that can be said, and is not called human level."""
    alone = replace(FULL, people=1, n=0, gap=None, gap_low=None, single=Measured(0.83, 0.76, 0.88, 100))
    assert "that one person the model agrees on 83 % (95 % interval 76 to 88, 100 tasks)" in judge(alone).because
    assert "second person" in judge(alone).advice


def test_only_what_could_come_to_a_yes_is_a_look() -> None:
    """Rounds with too few audit tasks do not use up the guarantee."""
    assert is_look("v1", 20)
    assert not is_look("v1", 19)
    assert not is_look("", 200)


def points(*agreements: float) -> list[LearningPoint]:
    return [LearningPoint(100 * 2**i, agreement, 200) for i, agreement in enumerate(agreements)]


def test_the_forecast_follows_a_power_law() -> None:
    """Errors that fall as 1 / sqrt(labels) are continued exactly: half the error takes four times the labels."""
    curve = points(*(1 - 4 / np.sqrt(100 * 2**i) for i in range(3)))
    assert forecast_labels(curve, target=0.9, most=5000).labels == pytest.approx(1200, abs=1)


@pytest.mark.parametrize(
    ("curve", "target", "labels", "says"),
    [
        (points(0.5, 0.6), 0.8, None, "3 measured rounds"),
        (points(0.7, 0.7, 0.7), 0.8, None, "not risen"),
        (points(0.7, 0.6, 0.5), 0.8, None, "not risen"),
        (points(0.5, 0.51, 0.52), 0.99, 1000, "more than the 1000 tasks"),
        (points(0.5, 0.6, 0.7), 1.02, None, "so few audit tasks"),
        (points(0.9, 0.95, 1.0), 0.8, 0, "rough guess"),
    ],
)
def test_a_forecast_that_cannot_be_made_says_why(
    curve: Sequence[LearningPoint], target: float, labels: int | None, says: str
) -> None:
    """No figure is invented, and none is larger than the tasks there are."""
    found = forecast_labels(curve, target=target, most=1000)
    assert found.labels == labels
    assert says in found.because


def test_disputes_are_counted_by_label_pair_and_task() -> None:
    """Pairs of people regardless of order, the model's with its direction, tasks from the most disputed."""
    good, bad = Choice("good"), Choice("bad")
    tasks = [
        AuditedTask(1, good, {1: good, 2: bad}, 0.5, 0.0),
        AuditedTask(2, bad, {1: bad, 2: good}, 0.5, 0.0),
        AuditedTask(3, bad, {1: good, 2: good}, 0.0, 1.0),
        AuditedTask(4, choices("a", "b"), {1: choices("a"), 2: choices("a", "c")}, 0.4, 0.5),
    ]
    assert among_people(tasks) == (Confusion("bad", "good", 2), Confusion("", "c", 1))
    assert of_model(tasks)[0] == Confusion("bad", "good", 3)
    assert Confusion("b", "", 1) in of_model(tasks)
    assert disputed_tasks(tasks) == (1, 2, 4)


def test_disputes_about_spans_are_about_those_that_meet() -> None:
    """Another label, other ends (the label twice), or nothing on the other side."""
    person, place = Span(0, 4, "Person"), Span(10, 14, "Place")
    one, other = Spans(frozenset({person, place})), Spans(frozenset({Span(0, 4, "Place"), Span(9, 14, "Place")}))
    tasks = [AuditedTask(1, one, {1: one, 2: other}, 0.5, 0.0), AuditedTask(2, one, {1: Spans(frozenset())}, 0.0, None)]
    assert among_people(tasks) == (Confusion("Person", "Place", 1), Confusion("Place", "Place", 1))
    assert of_model(tasks[1:]) == (Confusion("Person", "", 1), Confusion("Place", "", 1))


def test_the_best_of_several_equals_is_flattered() -> None:
    """With one candidate nothing was chosen; with three equal ones the figure is about 1.6 points too high at 200."""
    rng = np.random.default_rng(1)
    equal = (rng.random((200, 3)) < 0.85).astype(np.float64)

    def best(agreements: NDArray[np.float64]) -> int:
        return int(agreements.mean(axis=0).argmax())

    assert optimism(equal[:, :1], best, seed=0) == 0.0
    assert 0.002 < optimism(equal, best, seed=0) < 0.04


def wrong(task: int) -> str:
    return LABELS[(task + 1) % 3]


def round_of(world: MadeUp, labels: int = 30) -> Verdict:
    """Let people label, close the round, turn it and give the verdict."""
    world.judge(world.untouched(labels))
    closed = close_round(world.view)
    assert closed is not None
    turn(world.view)
    return give_verdict(world.view, closed.number, encode=ENCODE)


def test_a_model_as_good_as_people_is_told_yes(make: Make) -> None:
    """With the whole report in the artifact; giving the verdict again changes nothing."""
    world = make(RULES, tasks=300)
    world.judge_audit()
    given = round_of(world, 90)
    assert (given.outcome, given.n, given.look, given.version) == ("yes", 60, 1, "v1")
    assert given.gap is not None
    assert given.gap_low is not None
    assert given.margin == 0.1
    assert -0.1 < given.gap_low < given.gap
    assert give_verdict(world.view, 1) == given
    assert world.view.ledger.all(Verdict, 7) == [given]
    report = verdict_report(world.book, given)
    assert report["krippendorff_alpha"]["people"] == 1.0
    assert report["human_agreement"]["value"] == 1.0
    assert report["alternative_annotator"] is None
    assert report["forecast"]["hours_by_hand"] is None
    assert report["anchoring"]["difference"] is None
    assert report["alpha"] == pytest.approx(0.01)


def test_with_one_annotator_the_honest_sentence_is_said(make: Make) -> None:
    """No human level; agreement with that one person is measured on audit tasks, blind."""
    world = make(RULES, tasks=300)
    world.judge_audit((1,))
    given = round_of(world, 90)
    assert (given.outcome, given.n, given.look, given.gap, given.audit_needed) == ("cannot tell", 0, 0, None, 100)
    assert "only one person has labelled" in given.because
    assert "60 tasks" in given.because


def test_without_overlap_the_verdict_cannot_tell(make: Make) -> None:
    """Two people who never judged the same audit task cannot be compared."""
    world = make(Rules(round_size=10, monitor_size=60, monitor_people=1), tasks=300)
    audit = world.of(Role.MONITOR)
    world.judge(audit[:30], 1)
    world.judge(audit[30:], 2)
    given = round_of(world)
    assert (given.outcome, given.n) == ("cannot tell", 0)
    assert "no audit task was judged by two people" in given.because
    assert "60 tasks" in given.because
    assert "monitor_people" in verdict_report(world.book, given)["advice"]


def test_a_tiny_audit_set_says_how_many_more_are_needed(make: Make) -> None:
    """By the power of the test; it does not count as a look."""
    world = make(RULES, tasks=300)
    for person in (1, 2):
        world.judge(world.of(Role.MONITOR)[:6], person)
    given = round_of(world)
    assert (given.outcome, given.n, given.look) == ("cannot tell", 6, 0)
    assert given.audit_needed is not None
    assert given.audit_needed >= 14
    assert str(given.audit_needed) in verdict_report(world.book, given)["advice"]


def test_people_who_disagree_are_sent_to_the_guideline(make: Make) -> None:
    """Below 0.6 nothing is said of the model; the disputed pairs and tasks are listed by id."""
    world = make(RULES, tasks=300)
    world.judge_audit((1,))
    for task in world.of(Role.MONITOR):
        world.judge([task], 2, value=wrong(task) if task % 2 else None)
    given = round_of(world, 90)
    assert given.outcome == "guideline needs work"
    assert "labels_needed" not in given.because
    disputed = verdict_report(world.book, given)["disputed"]
    assert sum(pair["times"] for pair in disputed["people"]) == sum(t % 2 for t in world.of(Role.MONITOR))
    assert len(disputed["tasks"]) == 10
    assert all(task % 2 for task in disputed["tasks"])


def test_a_look_too_many_says_that_the_guarantee_is_used_up(make: Make) -> None:
    """Looks are counted in the ledger, one for each new version or larger audit set."""
    world = make(Rules(round_size=10, round_growth=0, monitor_size=60, looks=2), tasks=300)
    given = []
    for start in (0, 20, 40):
        for person in (1, 2):
            world.judge(world.of(Role.MONITOR)[start : start + 20], person)
        given.append(round_of(world, 12))
    assert [verdict.look for verdict in given] == [1, 2, 3]
    assert ["used up" in verdict.because for verdict in given] == [False, False, True]


def test_the_same_version_on_the_same_audit_set_is_no_new_look(make: Make) -> None:
    """What gives the same answer again is no further chance of a false yes."""
    world = make(RULES, tasks=300)
    world.judge_audit()
    first = round_of(world, 60)
    for task in world.untouched(80):
        world.judge([task], value=wrong(task))
    second = round_of(world, 10)
    assert (first.version, second.version) == ("v1", "v1")
    assert (first.look, second.look) == (1, 1)


def test_a_weak_model_is_told_not_yet_with_a_forecast(make: Make) -> None:
    """After three rounds there is a forecast, or the words that say why there is none."""
    world = make(Rules(round_size=10, round_growth=0, monitor_size=60), tasks=300)
    world.judge_audit()
    for number in (1, 2, 3):
        for task in world.untouched(12):
            world.judge([task], value=wrong(task) if task % 2 else None)
        assert close_round(world.view)
        turn(world.view)
        given = give_verdict(world.view, number)
    assert given.outcome == "not yet"
    forecast = verdict_report(world.book, given)["forecast"]
    assert forecast["labels"] == given.labels_needed
    assert forecast["labels_because"]


def test_anchoring_compares_what_was_shown_with_what_was_not(make: Make) -> None:
    """People who accept everything they are shown agree more with the model than people who see nothing."""
    world = make(RULES, tasks=300)
    world.judge_audit()
    world.judge(world.untouched(30), origin=Origin.ACCEPTED)
    world.judge(world.untouched(10), value="odd", origin=Origin.CORRECTED)
    given = round_of(world)
    found = verdict_report(world.book, given)["anchoring"]
    assert (found["shown"]["n"], found["blind"]["n"]) == (40, 60)
    assert found["shown"]["value"] == 0.75
    assert found["low"] < found["difference"] < found["high"]
    assert "TRAIN tasks are chosen" in found["caveat"]


def test_three_people_are_compared_with_the_model_one_by_one(make: Make) -> None:
    """From 30 audit tasks each the alternative annotator test and every pair's kappa stand in the report."""
    world = make(Rules(round_size=10, monitor_size=60, monitor_people=3), tasks=300)
    for person in (1, 2, 3):
        for task in world.of(Role.MONITOR):
            world.judge([task], person, value=wrong(task) if task % 10 == person else None)
    report = verdict_report(world.book, round_of(world, 90))
    test = report["alternative_annotator"]
    assert [person["person"] for person in test["people"]] == ["1", "2", "3"]
    assert 0 < test["rho"] <= 1
    assert [pair["people"] for pair in report["cohen_kappa"]] == [[1, 2], [1, 3], [2, 3]]
    assert all(0.3 < pair["kappa"] < 1 for pair in report["cohen_kappa"])
    assert report["krippendorff_alpha"]["people_and_model"] < 1


def test_a_winner_of_a_contest_has_a_corrected_agreement(make: Make) -> None:
    """Where champion and challenger met, the corrected figure is no higher than the measured one."""
    world = make(RULES, tasks=300)
    world.judge_audit()
    first, second = (verdict_report(world.book, round_of(world, 15)) for _ in range(2))
    assert first["agreement"]["flattered_by"] == 0.0
    assert 0.0 <= second["agreement"]["flattered_by"] < 0.05
    assert second["agreement"]["corrected"] <= second["agreement"]["value"]


def test_hours_come_from_the_median_lead_time(make: Make) -> None:
    """One person who goes to lunch does not double the forecast."""
    world = make(RULES, tasks=300)
    for person in (1, 2):
        world.judge(world.of(Role.MONITOR)[:6], person)
    world.judge(world.untouched(30))
    for task, state in list(world.states.items()):
        slow = 9000.0 if task % 10 == 0 else 36.0
        said = tuple(replace(annotation, lead_time=slow) for annotation in state.annotations)
        world.states[task] = replace(state, annotations=said)
    world.view.mirror.put(list(world.states.values()))
    given = round_of(world)
    forecast = verdict_report(world.book, given)["forecast"]
    assert forecast["seconds"] == 36.0
    assert forecast["judgements"] == 2 * (given.audit_needed or 0)
    assert forecast["hours"] == pytest.approx(forecast["judgements"] / 100)


def test_a_round_that_was_never_decided_has_no_verdict(make: Make) -> None:
    """The verdict follows the decision."""
    world = make(RULES)
    with pytest.raises(BrokenPromise, match="never decided"):
        give_verdict(world.view, 1)


def test_when_no_model_could_be_fitted_the_verdict_says_so(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A round without any version still gets its honest line."""
    world = make(RULES)
    world.judge([task for task in world.untouched(40) if truth(task) == "good"])
    assert close_round(world.view, asked=True)
    decision = turn(world.view)
    given = give_verdict(world.view, 1)
    assert (given.version == "") == (decision.winner == "")
    assert given.outcome == "cannot tell"
