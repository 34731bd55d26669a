"""What can be said of a task: alike, settled, allowed, written and read, for every kind of field."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelloop.domain.chrf import chrf
from labelloop.domain.consensus import settle
from labelloop.domain.predictions import decide
from labelloop.domain.schema import Field
from labelloop.domain.tasks import INPUT_BREAK, Annotation, inputs_of
from labelloop.domain.value_cells import kind_of, plain, value_cells, value_from_cells, value_of
from labelloop.domain.values import (
    Choice,
    Choices,
    FieldKind,
    Moment,
    Number,
    Ranking,
    Rating,
    Span,
    Spans,
    Text,
    Value,
    labels_of,
    similarity,
)
from tests.core.kinds import problem

LABELS = st.text(min_size=1, max_size=5)
SPANS = st.builds(
    lambda start, size, label: Span(start, start + size, label), st.integers(0, 50), st.integers(1, 9), LABELS
)
SOME: dict[FieldKind, st.SearchStrategy[Value]] = {
    FieldKind.CHOICE: st.builds(Choice, LABELS),
    FieldKind.CHOICES: st.builds(Choices, st.frozensets(LABELS, max_size=4)),
    FieldKind.RATING: st.builds(Rating, st.integers(1, 7), st.just(7)),
    FieldKind.PAIRWISE: st.builds(Choice, st.sampled_from(["left", "right"])),
    FieldKind.TAXONOMY: st.builds(Choices, st.frozensets(LABELS, max_size=4)),
    FieldKind.SPANS: st.builds(Spans, st.frozensets(SPANS, max_size=5)),
    FieldKind.TEXT: st.builds(Text, st.text(max_size=30)),
    FieldKind.NUMBER: st.builds(Number, st.floats(-1e9, 1e9), st.none() | st.floats(0, 9)),
    FieldKind.OPTION: st.builds(Choice, LABELS),
    FieldKind.OPTIONS: st.builds(Choices, st.frozensets(LABELS, max_size=4)),
    FieldKind.RANKING: st.builds(
        lambda order, cut: Ranking((("_", tuple(order[:cut])), ("x", tuple(order[cut:])))),
        st.permutations("abcd"),
        st.integers(0, 4),
    ),
    FieldKind.DATETIME: st.builds(lambda day: Moment(day.isoformat()), st.dates()),
}


@pytest.mark.parametrize("kind", FieldKind, ids=str)
@given(data=st.data())
def test_a_value_is_read_back_as_it_was_written(kind: FieldKind, data: st.DataObject) -> None:
    """Through JSON, by the field's kind and by the value's own, and as cells of a table, of old ones too."""
    value = data.draw(SOME[kind])
    cells = value_cells(value)
    assert value_from_cells(cells) == value == value_from_cells({"kind": kind, "labels": cells["value"]})
    written = json.loads(json.dumps(plain(value)))
    assert value_of(kind, written) == value == value_of(kind_of(value), written)
    assert plain(value) == plain(value_of(kind, written))


@pytest.mark.parametrize("kind", FieldKind, ids=str)
@given(data=st.data())
def test_likeness_is_a_share_and_goes_both_ways(kind: FieldKind, data: st.DataObject) -> None:
    """In [0, 1], 1 for a value and itself, the same from either side."""
    one, other = data.draw(SOME[kind]), data.draw(SOME[kind])
    assert 0 <= similarity(one, other) <= 1
    assert similarity(one, one) == 1
    assert similarity(one, other) == pytest.approx(similarity(other, one))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Choice("a"), Choice("b"), 0.0),
        (Choices(frozenset()), Choices(frozenset()), 1.0),
        (Choices(frozenset()), Choices(frozenset("a")), 0.0),
        (Rating(1), Rating(5), 0.0),
        (Rating(2), Rating(4), 0.5),
        (Spans(frozenset()), Spans(frozenset()), 1.0),
        (Spans(frozenset({Span(0, 2, "A")})), Spans(frozenset({Span(0, 2, "A"), Span(3, 4, "B")})), 2 / 3),
        (Spans(frozenset({Span(0, 2, "A")})), Spans(frozenset({Span(0, 2, "B")})), 0.0),
        (Spans(frozenset({Span(0, 2, "A")})), Spans(frozenset({Span(0, 3, "A")})), 0.0),
        (Text("猫在睡觉"), Text("猫在睡觉"), 1.0),
        (Text("abc"), Text("xyz"), 0.0),
        (Text(""), Text("x"), 0.0),
    ],
)
def test_likeness_by_hand(one: Value, other: Value, expected: float) -> None:
    """STATISTICS: equality, Jaccard, 1 - distance / range, exact-span F1, chrF."""
    assert similarity(one, other) == pytest.approx(expected)


def test_chrf_by_hand() -> None:
    """`ab` for `abc`: single characters 2/2 and 2/3, pairs 1/1 and 1/2; recall counts twice (beta = 2)."""
    precision, recall = 1.0, (2 / 3 + 1 / 2) / 2
    assert chrf("ab", "abc") == pytest.approx(5 * precision * recall / (4 * precision + recall))
    assert chrf("a b", "ab") == 1.0


NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
A, B = Span(0, 4, "Person"), Span(5, 9, "Place")


@pytest.mark.parametrize(
    ("values", "settled", "reason"),
    [
        ([Rating(4)], Rating(4), ""),
        ([Rating(1), Rating(5), Rating(4)], Rating(4), ""),
        ([Rating(3), Rating(4)], None, "people are split between 3 and 4"),
        ([Rating(3), Rating(3), Rating(5), Rating(1)], Rating(3), ""),
        ([Spans(frozenset({A, B})), Spans(frozenset({A})), Spans(frozenset({A, B}))], Spans(frozenset({A, B})), ""),
        ([Spans(frozenset({A, B})), Spans(frozenset({A}))], None, "people are split on 5-9 Place"),
        ([Spans(frozenset()), Spans(frozenset())], Spans(frozenset()), ""),
        ([Text("hello"), Text("hello"), Text("hi")], Text("hello"), ""),
        ([Text("hello"), Text("hi")], None, "people wrote hello, hi"),
    ],
)
def test_how_people_settle_what_is_no_plain_choice(values: list[Value], settled: Value | None, reason: str) -> None:
    """Stars by their median, spans one by one, texts by the most common one."""
    said = [Annotation(n, 1, n, value, NOON) for n, value in enumerate(values, 1)]
    found = settle(said)
    assert (found.value, found.unsettled_reason) == (settled, reason)


@pytest.mark.parametrize("kind", FieldKind, ids=str)
def test_a_field_allows_its_own_kind_of_value_only(kind: FieldKind) -> None:
    """Whatever a changed configuration leaves behind is no label of the field any more."""
    told = problem(kind)
    assert all(told.field.allows(example.value) for example in told.examples)
    strangers = [problem(other) for other in FieldKind if type(problem(other).first) is not type(told.first)]
    assert not any(told.field.allows(stranger.first) for stranger in strangers)


def test_stars_of_another_scale_and_empty_texts_are_not_allowed() -> None:
    """Four of five is not four of ten, and nothing written is nothing said."""
    assert not problem(FieldKind.RATING).field.allows(Rating(4, 10))
    assert not problem(FieldKind.TEXT).field.allows(Text("  "))


def test_a_field_of_plain_text_is_written_as_before_there_were_others() -> None:
    """So that its digest stays what ledgers already hold."""
    plain_text = Field("topic", FieldKind.CHOICE, ("a", "b"), "text", ("text",))
    html = Field("topic", FieldKind.CHOICE, ("a", "b"), "text", ("text",), "hypertext")
    assert "reads" not in plain_text.to_json()
    assert Field.from_json(plain_text.to_json()) == plain_text
    assert Field.from_json(html.to_json()) == html
    assert html.digest != plain_text.digest


def test_stars_are_decided_by_the_median() -> None:
    """Two people of five at one end do not pull the answer there; the confidence is that star's."""
    row = np.array([0.4, 0.0, 0.3, 0.3, 0.0])
    assert decide(FieldKind.RATING, ["1", "2", "3", "4", "5"], row) == (Rating(3, 5), 0.3)


def test_inputs_are_told_apart() -> None:
    """A pair is one text with a visible break."""
    assert inputs_of("one\ntwo") == ("one\ntwo",)
    assert inputs_of(INPUT_BREAK.join(("前提", "假设"))) == ("前提", "假设")


def test_labels_of_spans_are_what_is_marked() -> None:
    """However often."""
    assert labels_of(Spans(frozenset({A, B, Span(10, 12, "Place")}))) == {"Person", "Place"}
    assert labels_of(Text("anything")) == frozenset()
