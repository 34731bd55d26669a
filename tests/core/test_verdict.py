"""The verdict on made-up rounds."""

from dataclasses import replace

import pytest

from labelloop.domain.records import Verdict
from labelloop.domain.tasks import Origin, Role
from labelloop.errors import BrokenPromise
from labelloop.rules import Rules
from labelloop.steps.close_round import close_round
from labelloop.steps.give_verdict import give_verdict
from labelloop.steps.verdict_report import verdict_report
from tests.core.made_up import LABELS, MODELS, MadeUp, Make, truth, turn

pytestmark = pytest.mark.slow

RULES = Rules(round_size=10, monitor_size=60, queue_rounds=2)


def wrong(task: int) -> str:
    return LABELS[(task + 1) % 3]


def round_of(world: MadeUp, labels: int = 30) -> Verdict:
    """Let people label, close the round, turn it and give the verdict."""
    world.judge(world.untouched(labels))
    closed = close_round(*world.view.now())
    assert closed is not None
    turn(world.view)
    return give_verdict(*world.view.now(), closed.number, context=MODELS)


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
    assert give_verdict(*world.view.now(), 1) == given
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
    assert (given.outcome, given.n, given.look, given.gap, given.audit_needed) == ("cannot tell", 0, 0, None, 75)
    assert "only one annotator has labelled" in given.reason
    assert "60 tasks" in given.reason


def test_without_overlap_the_verdict_cannot_tell(make: Make) -> None:
    """Two people who never judged the same audit task cannot be compared."""
    world = make(Rules(round_size=10, monitor_size=60, monitor_people=1), tasks=300)
    audit = world.of(Role.MONITOR)
    world.judge(audit[:30], 1)
    world.judge(audit[30:], 2)
    given = round_of(world)
    assert (given.outcome, given.n) == ("cannot tell", 0)
    assert "no audit task was labelled by two people" in given.reason
    assert "60 tasks" in given.reason
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
    assert "labels_needed" not in given.reason
    disputed = verdict_report(world.book, given)["disputed"]
    assert sum(pair["times"] for pair in disputed["people"]) == sum(t % 2 for t in world.of(Role.MONITOR))
    assert len(disputed["tasks"]) == 10
    assert all(task % 2 for task in disputed["tasks"])


def test_rounds_spend_no_looks_of_their_own(make: Make) -> None:
    """Looks are planned at sizes of the audit set, the last at all of it; the lead may ask for more, and is counted."""
    world = make(Rules(round_size=10, round_growth=0, monitor_size=60, looks=2), tasks=300)
    given = []
    for start in (0, 20, 40):
        for person in (1, 2):
            world.judge(world.of(Role.MONITOR)[start : start + 20], person)
        given.append(round_of(world, 12))
    assert [verdict.look for verdict in given] == [0, 0, 1]
    assert given[0].outcome != "yes"
    assert "the next look is planned at 60 audit tasks" in given[0].reason or given[0].outcome == "not yet"
    given.append(round_of(world, 12))
    asked = give_verdict(*world.view.now(), 4, asked=True)
    assert (asked.round_number, asked.look) == (4, given[-1].look + (asked != given[-1]))
    assert give_verdict(*world.view.now(), 4, asked=True) == asked
    assert give_verdict(*world.view.now(), 4) == asked
    assert not any("used up" in verdict.reason for verdict in [*given, asked])


def test_a_look_too_many_says_that_the_guarantee_is_used_up(make: Make) -> None:
    """Only who asks for more looks than planned is told so; the ledger counts them."""
    world = make(Rules(round_size=10, round_growth=0, monitor_size=60, looks=1), tasks=300)
    given = []
    for start in (0, 20, 40):
        for person in (1, 2):
            world.judge(world.of(Role.MONITOR)[start : start + 20], person)
        number = round_of(world, 12).round_number
        given.append(give_verdict(*world.view.now(), number, asked=True))
    assert [verdict.look for verdict in given] == [1, 2, 3]
    assert ["used up" in verdict.reason for verdict in given] == [False, True, True]


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
        assert close_round(*world.view.now())
        turn(world.view)
        given = give_verdict(*world.view.now(), number)
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
        give_verdict(*world.view.now(), 1)


def test_when_no_model_could_be_fitted_the_verdict_says_so(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A round without any version still gets its honest line."""
    world = make(RULES)
    world.judge([task for task in world.untouched(40) if truth(task) == "good"])
    assert close_round(*world.view.now(), asked=True)
    decision = turn(world.view)
    given = give_verdict(*world.view.now(), 1)
    assert (given.version == "") == (decision.winner == "")
    assert given.outcome == "cannot tell"
