"""How annotators compare: two by two, with versions, by label, and with a prediction in view or not."""

import time
from datetime import UTC, datetime
from itertools import combinations, product
from math import comb
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from labelloop.domain.consensus import settle
from labelloop.domain.disagreements import AuditedTask
from labelloop.domain.rounds import AnnotatedTask, Round
from labelloop.domain.tasks import Annotation, Origin, Role, Task
from labelloop.domain.values import Choice, Choices, Value
from labelloop.stats.agreement import pairwise_agreement
from labelloop.stats.exchangeable import p_value_among_equals
from labelloop.steps.people_together import leanings, shown_and_blind, two_by_two, with_versions
from labelloop.steps.verdict_figures import anchoring

LABELS = "abc"
NOW = datetime(2026, 11, 22, tzinfo=UTC)

answers = st.lists(
    st.dictionaries(st.integers(1, 5), st.sampled_from(LABELS).map(Choice), min_size=1, max_size=5), max_size=20
)


@given(answers)
def test_two_people_agree_as_far_as_their_common_tasks_do(said: list[dict[int, Value]]) -> None:
    """Of each pair the mean agreement of the tasks that both labelled, with the number of those."""
    found = two_by_two(said)
    for one, other in combinations(range(1, 6), 2):
        shared = [pairwise_agreement([task[one], task[other]]) for task in said if {one, other} <= task.keys()]
        known = [share for share in shared if share is not None]
        assert ((one, other) in found) is bool(known)
        if known:
            assert found[one, other].n == len(known)
            assert found[one, other].value == pytest.approx(sum(known) / len(known))


def test_a_person_and_a_version_are_compared_where_both_answered() -> None:
    """Tasks that only one of them answered do not count; similarity does, not only equality."""
    said: dict[int, dict[int, Value]] = {1: {7: Choices(frozenset("ab"))}, 2: {7: Choices(frozenset("a"))}, 3: {}}
    found = with_versions(
        said, {"v1": {1: Choices(frozenset("bc")), 3: Choices(frozenset("a")), 9: Choices(frozenset())}}
    )
    assert {cell: (one.value, one.n) for cell, one in found.items()} == {(7, "v1"): (1 / 3, 1)}


@given(answers)
def test_leanings_of_all_people_cancel_out(said: list[dict[int, Value]]) -> None:
    """What one gives more often the others give less often: over a task's people the differences sum to nothing."""
    found = leanings(said)
    for label in LABELS:
        assert sum(one.times - one.others for one in found if one.label == label) == pytest.approx(0)
    assert all(0 <= one.times <= one.tasks and 0 < one.p_value <= 1 for one in found)


@given(st.integers(0, 40), st.integers(0, 40))
def test_of_two_people_the_test_is_that_of_mcnemar(more: int, less: int) -> None:
    """The exact binomial test of the tasks on which they differ."""
    expected = binomtest(more, more + less).pvalue if more + less else 1.0
    assert p_value_among_equals(more, {(1, 2): more + less}) == pytest.approx(expected, abs=1e-11)


@given(st.lists(st.sampled_from([(1, 2), (1, 3), (2, 3), (3, 4)]), max_size=7), st.data())
def test_of_several_people_the_test_counts_every_way_in_which_the_labels_could_have_fallen(
    tasks: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Each of a task's people is as likely as any other to be among those who gave the label."""
    times = data.draw(st.integers(0, len(tasks)))
    drawn = {kind: tasks.count(kind) for kind in tasks}
    chances = [0.0] * (len(tasks) + 1)
    for outcome in product((0, 1), repeat=len(tasks)):
        chance = 1.0
        for (k, m), mine in zip(tasks, outcome, strict=True):
            chance *= (comb(m - 1, k - 1) if mine else comb(m - 1, k)) / comb(m, k)
        chances[sum(outcome)] += chance
    expected = min(1.0, 2 * min(sum(chances[: times + 1]), sum(chances[times:])))
    assert p_value_among_equals(times, drawn) == pytest.approx(expected, abs=1e-9)


def test_a_count_that_cannot_be_is_refused() -> None:
    """More labels than tasks."""
    with pytest.raises(ValueError, match="3 is not within"):
        p_value_among_equals(3, {(1, 2): 2})


def test_people_who_are_alike_are_rarely_said_to_lean() -> None:
    """At most 5 of 100 tables show any leaning where all people label alike, whatever the number of people."""
    chance, flagged = Random(0), 0
    for _ in range(200):
        said = [
            {who: Choice(chance.choice("aabcd")) for who in chance.sample(range(1, 7), chance.choice((2, 3)))}
            for _ in range(80)
        ]
        flagged += any(one.is_clear for one in leanings(said))
    assert flagged / 200 <= 0.05 + 3 * (0.05 * 0.95 / 200) ** 0.5


def test_who_leans_is_found() -> None:
    """A person who says "b" for every third "a" of the others."""
    chance = Random(1)
    said = [{1: Choice("b" if chance.random() < 0.33 else "a"), 2: Choice("a"), 3: Choice("a")} for _ in range(60)]
    clear = [(one.annotator, one.label, one.is_more) for one in leanings(said, fewest=20) if one.is_clear]
    assert (1, "b", True) in clear
    assert (1, "a", False) in clear
    assert leanings(said[:19], fewest=20) == ()


def test_each_persons_anchoring_is_that_of_a_round_of_theirs() -> None:
    """The figures of one person are those of the verdict where nobody else annotated."""

    def annotated(task: int, who: int, label: str, origin: Origin = Origin.MANUAL) -> AnnotatedTask:
        role = Role.MONITOR if origin is Origin.MANUAL else Role.TRAIN
        told = (Annotation(task, task, who, Choice(label), NOW, origin),)
        return AnnotatedTask(Task(task, "text"), role, told, settle(told))

    chance = Random(2)
    judged = [
        annotated(task, 1 + task % 2, "a", Origin.CORRECTED if chance.random() < 0.3 else Origin.ACCEPTED)
        for task in range(80)
    ]
    audited = [
        AuditedTask(100 + task, Choice(chance.choice("ab")), {1 + task % 2: Choice("a")}, 0.0, None)
        for task in range(60)
    ]
    said = {task.id: task.people for task in audited} | {999: {1: Choice("a")}}  # of 999 the version was not asked
    found = shown_and_blind(Round(1, tuple(judged)), said, {task.id: task.model for task in audited})
    assert sorted(found) == [1, 2]
    for who, own in found.items():
        of_theirs = Round(1, tuple(task for task in judged if task.annotations[0].annotator_id == who))
        assert own == anchoring(of_theirs, [task for task in audited if who in task.people])
        assert (own.shown.n, own.blind.n) == (40, 30)


@pytest.mark.slow
def test_twenty_thousand_answers_are_compared_within_seconds() -> None:
    """Twenty people, two on each task: a page waits for them once."""
    chance = Random(3)
    said = {
        task: {who: Choice(chance.choice("abcdefgh")) for who in chance.sample(range(20), 2)} for task in range(10_000)
    }
    began = time.perf_counter()
    assert len(two_by_two(said.values())) == 190
    assert len(leanings(said.values(), fewest=20)) == 160
    model = {task: Choice("a") for task in said}
    assert len(with_versions(said, {f"v{number}": model for number in range(5)})) == 100
    assert time.perf_counter() - began < 5.0
