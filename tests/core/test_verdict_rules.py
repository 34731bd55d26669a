"""The rules of the verdict, of its forecast and of disputes, by hand: no model is fitted."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from labelloop.domain.disagreements import AuditedTask, Confusion, among_people, disputed_tasks, of_model
from labelloop.domain.forecast import LearningPoint, forecast_labels
from labelloop.domain.human_level import Measured, Outcome, Standing, ruling_on
from labelloop.domain.looks import could_be_a_look
from labelloop.domain.values import Choice, Span, Spans
from labelloop.stats.selection_optimism import optimism
from tests.core.made_up import choices

pytestmark = pytest.mark.slow


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
        ({"people": 1, "n": 0, "gap": None}, Outcome.CANNOT_TELL, "only one annotator has labelled"),
        ({"version": ""}, Outcome.CANNOT_TELL, "no model"),
        ({"look": 5}, Outcome.YES, "10 points worse is allowed"),
        ({"tested": False, "next_look": 300}, Outcome.CANNOT_TELL, "the next look is planned at 300 audit tasks"),
        ({"tested": False, "gap": -0.2}, Outcome.NOT_YET, "20.0 points worse"),
        ({"tested": False, "said_yes": True}, Outcome.YES, "look 1 said yes to v3"),
        ({"gap_low": -0.12, "audit_needed": 90, "audit_possible": 80}, Outcome.NOT_YET, "at worst 12.0"),
        ({"look": 6}, Outcome.YES, "the guarantee is used up, a false yes in any of them is now as likely as 6 %"),
    ],
)
def test_the_rule_of_the_verdict(change: dict[str, object], outcome: Outcome, says: str) -> None:
    """Figures in, one of four outcomes out, with the reason in words and what to do next."""
    ruling = ruling_on(replace(FULL, **change))  # type: ignore[arg-type]
    assert ruling.outcome is outcome
    assert says in ruling.reason
    assert ruling.advice


def test_no_advice_asks_for_what_is_not_there() -> None:
    """Neither for more audit tasks than a quarter of the pool, nor for labels of tasks that are all labelled."""
    few = replace(FULL, gap_low=-0.12, n=19, audit_needed=81, audit_possible=31)
    assert "31 further audit tasks" in ruling_on(few).advice
    assert "quarter" in ruling_on(replace(few, audit_possible=0)).advice
    alone = replace(FULL, people=1, n=0, audit_possible=40)
    assert "40 tasks labelled by both" in ruling_on(alone).advice
    done = ruling_on(replace(FULL, gap=-0.3, gap_low=-0.4, left=0))
    assert done.outcome is Outcome.NOT_YET
    assert "--people-only" in done.advice
    assert "Go on labelling" not in done.advice


def test_agreement_with_the_only_person_is_stated_with_its_interval() -> None:
    """It is all that can be said, and is not called human level."""
    alone = replace(FULL, people=1, n=0, gap=None, gap_low=None, single=Measured(0.83, 0.76, 0.88, 100))
    assert "that one person the model agrees on 83 % (95 % interval 76 to 88, 100 tasks)" in ruling_on(alone).reason
    assert "second annotator" in ruling_on(alone).advice


def test_only_what_could_come_to_a_yes_is_a_look() -> None:
    """Rounds with too few audit tasks do not use up the guarantee."""
    assert could_be_a_look("v1", 20)
    assert not could_be_a_look("v1", 19)
    assert not could_be_a_look("", 200)


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
    assert says in found.reason


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
