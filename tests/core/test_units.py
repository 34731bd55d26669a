"""A region or a pair of regions becomes a text that a learner reads."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelloop.domain.marked_text import OTHER_MARKS, REGION_MARKS, clause, marked, surroundings, without_marks
from labelloop.domain.tasks import inputs_of
from labelloop.domain.units import MOST_APART, MOST_PAIRS, SURROUNDINGS, Pair, Region, pairs_of, regions_of
from labelloop.domain.values import Span, Spans

TEXTS = st.text(alphabet="ab 王小明⟦⟧⟪⟫🙂\n\u0301", min_size=1, max_size=40)
MARKS = (*REGION_MARKS, *OTHER_MARKS)


@st.composite
def with_parts(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]]]:
    """Draw a text and two parts of it, which may overlap, hold each other or be the same."""
    text = draw(TEXTS)
    ends = st.lists(st.integers(0, len(text)), min_size=2, max_size=2, unique=True)
    one, other = draw(ends), draw(ends)
    return text, [(min(one), max(one)), (min(other), max(other))]


@given(with_parts())
def test_marks_stand_once_around_what_they_mark_and_change_nothing_else(
    case: tuple[str, list[tuple[int, int]]],
) -> None:
    """Chinese, emoji, overlapping parts, and texts that hold such marks themselves."""
    text, parts = case
    found = marked(text, *parts)
    assert [found.count(mark) for mark in MARKS] == [1, 1, 1, 1]
    for (start, end), (opening, closing) in zip(parts, (REGION_MARKS, OTHER_MARKS), strict=True):
        inside = found[found.index(opening) + 1 : found.index(closing)]
        assert plain(inside) == without_marks(text)[start:end]
    assert plain(found) == without_marks(text)
    assert len(without_marks(text)) == len(text)


@given(with_parts())
def test_parts_that_hold_each_other_have_marks_that_do(case: tuple[str, list[tuple[int, int]]]) -> None:
    """A reader who counts brackets sees which is the inner one."""
    text, ((start, end), (first, last)) = case
    found = marked(text, (start, end), (first, last))
    if start <= first and last <= end:
        assert found.index("⟦") < found.index("⟪") < found.index("⟫") < found.index("⟧")


@given(TEXTS, st.integers(0, 30), st.integers(1, 30), st.integers(0, 20))
def test_what_stands_around_a_part_holds_it_and_is_not_too_long(text: str, start: int, size: int, most: int) -> None:
    """It is cut at spaces where there are any, and never beyond the text."""
    end = min(start + size, len(text))
    start = min(start, end)
    first, last = surroundings(text, start, end, most)
    assert max(0, start - most) <= first <= start <= end <= last <= min(len(text), end + most)


@given(st.frozensets(st.builds(Span, st.integers(0, 9), st.integers(10, 19), st.sampled_from(["人", "Place"]))))
def test_units_are_told_apart(spans: frozenset[Span]) -> None:
    """Overlapping regions, and regions with several labels, are units of their own."""
    regions = regions_of(7, Spans(spans))
    assert len({str(region) for region in regions}) == len(spans)
    assert len({str(pair) for pair in pairs_of(7, Spans(spans))}) == min(len(spans) * (len(spans) - 1) // 2, MOST_PAIRS)


def test_a_learner_reads_a_region_with_its_surroundings_only() -> None:
    """A long text is cut around the region, and its label stands below; so is what belongs to it."""
    text = "word " * 500 + "in 北京" + " word" * 500
    place = Span(2503, 2505, "Place")
    found = Region(7, place).text(text)
    assert "in ⟦北京⟧ word" in found
    assert found.endswith("\nPlace")
    near, around = inputs_of(found)
    assert len(near) <= 2 * SURROUNDINGS + len("⟦北京⟧")
    assert len(around) <= 2 * SURROUNDINGS + len("⟦北京⟧\nPlace")


@pytest.mark.parametrize(
    ("text", "region", "others", "near"),
    [
        ("The food was great, but the bar was awful.", "bar", [], "but the ⟦bar⟧ was awful"),
        ("The food was great but the bar was awful.", "bar", ["food"], "was great but the ⟦bar⟧ was awful"),
        ("The food was great but the bar was awful.", "food", ["bar"], "The ⟦food⟧ was great but the"),
        ("菜很好吃，服务员很差。下次不来", "服务员", ["菜"], "⟦服务员⟧很差"),
        ("It costs 3.50 at the bar", "bar", [], "It costs 3.50 at the ⟦bar⟧"),
        ("New York University", "York", ["New York University"], "New ⟦York⟧ University"),
    ],
)
def test_what_belongs_to_a_region_ends_at_punctuation_or_at_another(
    text: str, region: str, others: list[str], near: str
) -> None:
    """So that two regions of one sentence read differently; one that lies within another is not cut by it."""
    spans = [Span(text.index(part), text.index(part) + len(part), "x") for part in (region, *others)]
    first, around = inputs_of(Region(7, spans[0]).text(text, spans))
    assert first == near
    assert around == f"{text.replace(region, f'⟦{region}⟧')}\nx"


@given(with_parts())
def test_what_belongs_to_a_part_holds_it(case: tuple[str, list[tuple[int, int]]]) -> None:
    """And nothing of another that stands beside it."""
    text, (part, other) = case
    first, last = clause(text, part, [other])
    assert 0 <= first <= part[0] <= part[1] <= last <= len(text)
    if other[1] <= part[0]:
        assert first >= other[1]
    if other[0] >= part[1]:
        assert last <= other[0]


@given(with_parts(), st.text(alphabet="a.,! 5。…\n", max_size=12), st.integers(0, 9))
def test_beyond_what_surrounds_a_part_nothing_is_looked_at(
    case: tuple[str, list[tuple[int, int]]], stops: str, most: int
) -> None:
    """The same belongs to it as if the whole of a long text had been looked through, as far as that goes."""
    (text, (part, other)), away = case, len(stops)
    text, part, other = f"{stops}{text}{stops}", (part[0] + away, part[1] + away), (other[0] + away, other[1] + away)
    within = (max(part[0] - most, 0), min(part[1] + most, len(text)))
    first, last = clause(text, part, [other])
    assert clause(text, part, [other], within) == (max(first, within[0]), min(last, within[1]))


def test_a_pair_is_read_by_its_labels_and_by_its_words() -> None:
    """What belongs to both is the same for any person and any place; overlapping ones keep their words."""
    text = "So they say: Ada lives in Turin, not in Rome."
    ada, turin = Span(13, 16, "Person"), Span(26, 31, "Place")
    near, around = inputs_of(Pair(7, ada, turin).text(text))
    assert near == "⟦Person⟧ lives in ⟪Place⟫"
    assert around == "So they say: ⟦Ada⟧ lives in ⟪Turin⟫, not in Rome.\nPerson → Place"
    near, _ = inputs_of(Pair(7, turin, Span(40, 44, "Place")).text(text, [ada, turin]))
    assert near == "lives in ⟦Place⟧, not in ⟪Place⟫"
    near, _ = inputs_of(Pair(7, Span(13, 31, "Fact"), turin).text(text))
    assert near == "⟦Ada lives in ⟪Turin⟫⟧"


@given(with_parts())
def test_any_two_parts_are_read_as_a_pair(case: tuple[str, list[tuple[int, int]]]) -> None:
    """Whatever stands in the text, and however they overlap, each mark stands there once."""
    text, parts = case
    (pair,) = pairs_of(7, Spans(frozenset({Span(*parts[0], "a"), Span(*parts[1], "b")})))
    for shown in inputs_of(pair.text(text)):
        assert [shown.count(mark) for mark in MARKS] == [1, 1, 1, 1]


@given(st.frozensets(st.builds(Span, st.integers(0, 3000), st.integers(3000, 3005), st.just("x")), max_size=14))
def test_of_all_pairs_the_nearest_are_found(spans: frozenset[Span]) -> None:
    """Those that are too far apart are never made."""
    short = Spans(frozenset(Span(span.start, span.start + span.end - 2999, "x") for span in spans))
    every = [Pair(7, head, tail) for head, tail in combinations(sorted(short.spans), 2)]
    near = sorted((pair.gap, pair) for pair in every if pair.gap <= MOST_APART)
    assert pairs_of(7, short) == sorted(pair for _, pair in near[:MOST_PAIRS])


def test_only_the_nearest_pairs_are_asked_about() -> None:
    """At most 30 of a task, none of which is too far apart."""
    many = [Span(10 * n, 10 * n + 3, "x") for n in range(20)]
    found = pairs_of(7, Spans(frozenset(many)))
    assert len(found) == MOST_PAIRS
    assert found[0] == Pair(7, many[0], many[1])
    assert max(pair.gap for pair in found) == 17
    far = Span(190 + 3 + MOST_APART + 1, 2000, "x")
    assert all(pair.tail != far for pair in pairs_of(7, Spans(frozenset({*many[-1:], far}))))


def plain(found: str) -> str:
    """Return the text without the marks."""
    return found.translate({ord(mark): None for mark in MARKS})
