"""The pure rules: consensus, predictions, promotion, the queue, and what is to be done next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelloop.domain.consensus import counted_annotations, settle
from labelloop.domain.next_step import Phase, Progress, Step, next_step
from labelloop.domain.predictions import Prediction, decide, margin
from labelloop.domain.promotion import Comparison, promote
from labelloop.domain.queue import interleave, ranked
from labelloop.domain.schema import Field, LabelSchema
from labelloop.domain.tasks import Annotation
from labelloop.domain.values import Choice, Choices, FieldKind, Value, similarity
from tests.core.made_up import FIELD, choices

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MANY = Field("topics", FieldKind.CHOICES, ("a", "b", "c"), "text", ("text",))


def said(person: int, value: Value | None, at: int = 0, skipped: bool = False, task: int = 1) -> Annotation:
    return Annotation(person * 100 + at, task, person, value, NOON + timedelta(minutes=at), skipped=skipped)


# Consensus


@pytest.mark.parametrize(
    ("values", "settled", "reason"),
    [
        ([Choice("good")], Choice("good"), ""),
        ([Choice("good"), Choice("bad"), Choice("good")], Choice("good"), ""),
        ([Choice("good"), Choice("bad")], None, "tie between bad, good"),
        ([Choice("good"), Choice("bad"), Choice("odd"), Choice("odd")], Choice("odd"), ""),
        ([choices("a", "b")], choices("a", "b"), ""),
        ([choices()], choices(), ""),
        ([choices("a"), choices()], None, "people are split on a"),
        ([choices("a", "b"), choices("a"), choices("a", "c")], choices("a"), ""),
        ([choices("a"), choices("b"), choices("c")], choices(), ""),
        ([choices("c", "a"), choices("a")], None, "people are split on c"),
    ],
)
def test_people_settle_by_majority(values: list[Value], settled: Value | None, reason: str) -> None:
    """One choice: the label most people gave; several: each label that more than half gave; else the reason."""
    consensus = settle([said(person, value, at=person) for person, value in enumerate(values, 1)])
    assert (consensus.value, consensus.unsettled_reason) == (settled, reason)
    assert consensus.annotators == tuple(range(1, len(values) + 1))
    assert consensus.settled_at == NOON + timedelta(minutes=len(values))


def test_one_person_counts_once_with_their_newest_judgement() -> None:
    """Judging again replaces what one said before, in whatever order it arrives; a skip takes nothing back."""
    everything = [
        said(1, Choice("bad"), at=5),
        said(1, Choice("good"), at=1),
        said(1, None, at=9, skipped=True),
        said(2, Choice("bad"), at=2),
        said(3, None, at=3),
        said(1, Choice("odd"), task=2),
    ]
    kept = counted_annotations(everything)
    assert [(a.task_id, a.annotator_id, str(a.value)) for a in kept] == [(1, 1, "bad"), (1, 2, "bad"), (2, 1, "odd")]
    assert counted_annotations(reversed(everything)) == kept
    assert counted_annotations([said(1, None, skipped=True)]) == []


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=7))
def test_who_comes_first_does_not_matter(labels: list[str]) -> None:
    """The settled value does not depend on the order of people."""
    there = settle([said(person, Choice(label)) for person, label in enumerate(labels)])
    back = settle([said(person, Choice(label)) for person, label in enumerate(reversed(labels))])
    assert (there.value, there.unsettled_reason) == (back.value, back.unsettled_reason)


# Values, fields, predictions


@given(st.sets(st.sampled_from("abcd")), st.sets(st.sampled_from("abcd")))
def test_similarity_is_symmetric_and_one_only_for_equals(one: set[str], other: set[str]) -> None:
    """Jaccard: in [0, 1], 1 exactly where the values are equal (two empty sets are)."""
    a, b = Choices(frozenset(one)), Choices(frozenset(other))
    assert 0 <= similarity(a, b) == similarity(b, a) <= 1
    assert (similarity(a, b) == 1) == (one == other)


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        (FIELD, Choice("good"), True),
        (FIELD, Choice("Good"), False),
        (FIELD, choices("good"), False),
        (FIELD, choices(), False),
        (MANY, choices(), True),
        (MANY, choices("a", "c"), True),
        (MANY, choices("a", "z"), False),
        (MANY, Choice("a"), False),
    ],
)
def test_a_field_allows_values_of_its_kind_and_labels(field: Field, value: Value, allowed: bool) -> None:
    """After one choice has become several, or the reverse, the old kind of value no longer fits."""
    assert field.allows(value) is allowed


def test_a_field_survives_json_and_its_digest_tells_any_change() -> None:
    """The ledger keeps the field as JSON; every part of it counts."""
    field = Field("情绪", FieldKind.CHOICES, ("好", '不好 "x"'), "text", ("正文",))
    assert Field.from_json(field.to_json()) == field
    others = [
        Field("x", field.kind, field.labels, field.to_name, field.inputs),
        Field(field.name, FieldKind.CHOICE, field.labels, field.to_name, field.inputs),
        Field(field.name, field.kind, field.labels[:1], field.to_name, field.inputs),
        Field(field.name, field.kind, field.labels, field.to_name, ("body",)),
    ]
    assert len({field.digest, *(other.digest for other in others)}) == 5


def test_a_schema_gives_the_named_field_or_the_first() -> None:
    """Without a name the first learnable field is looped; an unknown name is no field."""
    schema = LabelSchema((FIELD, MANY))
    assert [schema.field(name) for name in (None, "mood", "topics", "nothing")] == [FIELD, FIELD, MANY, None]
    assert LabelSchema(()).field(None) is None


def test_a_prediction_is_the_likeliest_label_or_all_at_half_and_above() -> None:
    """The confidence of several choices is that of the whole set."""
    assert decide(FieldKind.CHOICE, "abc", np.array([0.2, 0.5, 0.3])) == (Choice("b"), 0.5)
    for row, value, confidence in (([0.5, 0.9, 0.1], choices("a", "b"), 0.405), ([0.1, 0.0, 0.0], choices(), 0.9)):
        said, sure = decide(FieldKind.CHOICES, "abc", np.array(row))
        assert (said, round(sure, 9)) == (value, confidence)


def test_margins_say_how_far_a_row_is_from_a_tie() -> None:
    """p1 - p2 for one choice, the label closest to 0.5 for several, 1 where there is nothing to choose."""
    assert margin(FieldKind.CHOICE, np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]])) == pytest.approx([0.2, 0.0])
    assert margin(FieldKind.CHOICES, np.array([[0.9, 0.6]])) == pytest.approx([0.2])
    assert margin(FieldKind.CHOICE, np.array([[1.0]])) == pytest.approx([1.0])


# Promotion


@pytest.mark.parametrize(
    ("gain", "error", "n", "cheaper", "wins", "reason"),
    [
        (0.05, 0.02, 100, 1.0, True, "better by more than one standard error"),
        (0.02, 0.02, 100, 1.0, False, "not better"),
        (0.01, 0.02, 100, 1.0, False, "not better"),
        (0.0, 0.0, 100, 1.0, False, "not better"),
        (-0.2, 0.01, 100, 1.0, False, "not better"),
        (0.0, 0.02, 100, 2.0, True, "2.0 times cheaper"),
        (-0.01, 0.02, 100, 2.5, True, "2.5 times cheaper"),
        (-0.011, 0.02, 100, 9.0, False, "not better"),
        (0.0, 0.02, 100, 1.9, False, "not better"),
        (-0.9, 0.01, 19, 1.0, True, "only 19 audit tasks"),
        (-0.9, 0.01, 20, 1.0, False, "20 audit tasks"),
        (0.0, float("inf"), 0, 1.0, True, "only 0 audit tasks"),
    ],
)
def test_the_promotion_rule(gain: float, error: float, n: int, cheaper: float, wins: bool, reason: str) -> None:
    """Better by one standard error, or as good and half the price; too few audit tasks decide nothing."""
    decision, reason = promote(Comparison(gain, error, n, cheaper))
    assert decision is wins
    assert reason in reason


# The queue


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from([0.0, 0.2, 0.5, 1.0]), st.integers(0, 2**32))
@settings(max_examples=80)
def test_interleaving_loses_nothing_and_keeps_each_order(train: int, audit: int, share: float, seed: int) -> None:
    """Every task stands in the queue once, in the order it had among its kind."""
    mixed = interleave(range(train), range(100, 100 + audit), share, np.random.default_rng(seed))
    assert [t for t in mixed if t < 100] == list(range(train))
    assert [t for t in mixed if t >= 100] == list(range(100, 100 + audit))


def test_audit_tasks_stand_anywhere_with_the_same_probability() -> None:
    """Each of the first places holds an audit task in about the given share of queues."""
    queues = [interleave(range(80), range(100, 200), 0.2, np.random.default_rng(seed)) for seed in range(500)]
    shares = (np.array([queue[:80] for queue in queues]) >= 100).mean(axis=0)
    assert abs(shares.mean() - 0.2) < 0.01
    assert np.all(np.abs(shares - 0.2) < 4.5 * np.sqrt(0.2 * 0.8 / 500))


@given(st.lists(st.integers(1, 10**6), unique=True, max_size=3000))
@settings(max_examples=20)
def test_scores_rise_with_the_rank(order: list[int]) -> None:
    """Strictly rising in (0, 1), by a hundredth of a percent a place; only tasks with a prediction carry one."""
    known = {task: Prediction(Choice("good"), 0.9, 0.9) for task in order if task % 2}
    items = ranked(order, {"mood": known})
    scores = [item.score for item in items]
    assert [item.task_id for item in items] == order
    assert all(a < b for a, b in pairwise(scores))
    assert all(0 < score < 1 for score in scores)
    assert all(round(score * 10_000) == place for place, score in enumerate(scores, start=1))
    assert all((item.prediction is None) == (item.task_id not in known) for item in items)


# What is next


STEPS = (Step.FIT, Step.EVALUATE, Step.DEPLOY, Step.PUBLISH, Step.DEPLOY)


@pytest.mark.parametrize(
    ("round_number", "fitted", "evaluated", "decided", "current", "judged"),
    list(product((0, 3), *[(False, True)] * 5)),
)
def test_what_is_due_next(
    round_number: int, fitted: bool, evaluated: bool, decided: bool, current: bool, judged: bool
) -> None:
    """Before the first round only the queue counts; after it the first step that is missing is due.

    A missing verdict is made up for by the job that deploys, after people have their queue.
    """
    expected = None if current else Step.PUBLISH
    if round_number:
        missing = [s for s, done in zip(STEPS, (fitted, evaluated, decided, current, judged), strict=True) if not done]
        expected = missing[0] if missing else None
    assert next_step(Progress(round_number, fitted, evaluated, decided, current, has_verdict=judged)) is expected


def test_what_was_fitted_before_the_first_label_serves_before_people_have_its_queue() -> None:
    """Nothing is fitted, measured or judged for that."""
    before = Progress(0, False, False, False, queue_is_current=True, first_waits=True)
    assert next_step(before) is Step.DEPLOY
    assert next_step(replace(before, queue_is_current=False)) is Step.DEPLOY
    assert next_step(replace(before, phase=Phase.CERTIFY)) is None


@pytest.mark.parametrize("phase", [Phase.CERTIFY, Phase.RELEASE])
def test_while_the_model_is_frozen_only_the_queue_and_answers_are_due(phase: Phase) -> None:
    """A round that was under way is gone on with afterwards."""
    frozen = Progress(3, False, False, False, queue_is_current=True, phase=phase, has_verdict=False)
    assert next_step(frozen) is None
    assert next_step(replace(frozen, queue_is_current=False)) is Step.PUBLISH
    assert next_step(replace(frozen, queue_is_current=False, predicted=False)) is Step.PREDICT
