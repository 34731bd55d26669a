"""What is said of regions, as one value of a task: alike, settled, allowed, written and read."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelloop.domain.audited_regions import audited_regions
from labelloop.domain.consensus import settle
from labelloop.domain.disagreements import AuditedTask
from labelloop.domain.schema import Field, Unit
from labelloop.domain.tasks import REGIONS_BREAK, Annotation
from labelloop.domain.units import regions_in, with_regions
from labelloop.domain.value_cells import kind_of, plain, region_cells, value_cells, value_from_cells, value_of
from labelloop.domain.values import (
    ByRegion,
    Choice,
    Choices,
    FieldKind,
    Rating,
    Span,
    Spans,
    Value,
    comparable,
    labels_of,
    same,
    similarity,
)
from labelloop.stats.agreement import model_agreement, pairwise_agreement
from tests.core.test_values import LABELS, SOME, SPANS

FIELD = Field("tone", FieldKind.CHOICE, ("好", "bad"), "text", ("text",), unit=Unit.REGION)
ADA, BOB, BRNO = Span(0, 3, "Person"), Span(8, 11, "Person"), Span(8, 11, "Place")
OF_REGIONS = (
    FieldKind.CHOICE,
    FieldKind.CHOICES,
    FieldKind.RATING,
    FieldKind.TAXONOMY,
    FieldKind.TEXT,
    FieldKind.NUMBER,
    FieldKind.DATETIME,
)


def tones(**labels: str) -> ByRegion:
    """Return what is said of people."""
    where = {"ada": ADA, "bob": BOB, "brno": BRNO}
    return ByRegion.of(FieldKind.CHOICE, {where[name]: Choice(label) for name, label in labels.items()})


@pytest.mark.parametrize("kind", OF_REGIONS, ids=str)
@given(data=st.data())
def test_what_is_said_of_regions_is_read_back_as_it_was_written(kind: FieldKind, data: st.DataObject) -> None:
    """As JSON and as cells of a table, whatever is said of each; also where there is no region."""
    value = ByRegion.of(kind, data.draw(st.dictionaries(SPANS, SOME[kind], max_size=4)))
    assert value_of(kind, json.loads(json.dumps(plain(value)))) == value
    assert value_from_cells(value_cells(value)) == value
    assert kind_of(value) is kind
    assert [region["value"] for region in region_cells(value, "")] == [str(said) for said in value.by_span.values()]


@given(st.text(), st.frozensets(SPANS, max_size=4))
def test_a_text_and_its_regions_are_parted_again(text: str, spans: frozenset[Span]) -> None:
    """Whatever stands in the text, and in the labels."""
    for whole in (text, f"{text}{REGIONS_BREAK}[]"):
        assert regions_in(with_regions(whole, spans)) == (whole, Spans(spans))


@given(st.dictionaries(SPANS, LABELS, max_size=4), st.dictionaries(SPANS, LABELS, max_size=4))
def test_which_of_two_comes_first_does_not_matter(one: dict[Span, str], other: dict[Span, str]) -> None:
    """The same pairs, the other way round."""
    a, b = (ByRegion.of(FieldKind.CHOICE, {span: Choice(x) for span, x in said.items()}) for said in (one, other))
    assert sorted(map(str, a.paired(b))) == sorted(str((mine, its)) for its, mine in b.paired(a))
    assert similarity(a, b) == similarity(b, a)
    assert comparable(a, b) is bool(a.paired(b))


def test_answers_are_compared_where_both_have_the_region() -> None:
    """The same ends are enough; people who marked nothing in common are not compared at all."""
    assert similarity(tones(ada="好", bob="bad"), tones(ada="好", bob="好")) == 0.5
    assert similarity(tones(ada="好", bob="bad"), tones(ada="好")) == 1
    assert same(tones(ada="好", bob="bad"), tones(ada="好"))
    assert similarity(tones(bob="好"), tones(brno="好")) == 1
    assert tones(bob="好", brno="bad").paired(tones(brno="bad")) == [(Choice("bad"), Choice("bad"))]
    assert not comparable(tones(ada="好"), tones(bob="好"))
    assert not same(tones(ada="好"), tones(bob="好"))
    assert pairwise_agreement([tones(ada="好"), tones(bob="好"), tones(ada="好", bob="bad")]) == 0.5
    assert pairwise_agreement([tones(ada="好"), tones(bob="好")]) is None
    assert model_agreement(tones(ada="好"), [tones(bob="bad"), tones(ada="好")]) == 1


@pytest.mark.parametrize(
    ("said", "value", "reason"),
    [
        ([tones(ada="好")], tones(ada="好"), ""),
        ([tones(ada="好", bob="bad"), tones(ada="好")], tones(ada="好"), ""),
        ([tones(ada="好", bob="bad"), tones(ada="好", bob="bad"), tones(bob="好")], tones(ada="好", bob="bad"), ""),
        ([tones(ada="好"), tones(ada="bad")], None, "0-3 Person: tie between bad, 好"),
        ([tones(ada="好"), tones(bob="好")], None, "no region is marked by most people"),
    ],
)
def test_people_settle_region_by_region(said: list[ByRegion], value: Value | None, reason: str) -> None:
    """On those that more than half of them have; one that they are split on leaves the task unsettled."""
    at = datetime(2026, 11, 30, tzinfo=UTC)
    found = settle([Annotation(n, 1, n, one, at) for n, one in enumerate(said)])
    assert (found.value, found.unsettled_reason) == (value, reason)


def test_a_field_about_regions_allows_what_it_allows_of_one() -> None:
    """Of its own kind, and with its own labels; what is said of the whole task is another field's."""
    assert FIELD.allows(tones(ada="好", bob="bad"))
    assert not FIELD.allows(tones(ada="odd"))
    assert not FIELD.allows(Choice("好"))
    assert not FIELD.of_one_region.allows(tones(ada="好"))
    assert not replace(FIELD, kind=FieldKind.CHOICES).allows(tones(ada="好"))
    assert FIELD.of_one_region.allows(Choice("好"))
    assert labels_of(tones(ada="好", bob="bad")) == {"好", "bad"}


def test_figures_of_single_answers_are_of_regions() -> None:
    """Each that the model answered, with those who marked it; other tasks stay as they are."""
    people = {1: tones(ada="好", bob="bad"), 2: tones(ada="bad")}
    task = AuditedTask(7, tones(ada="好", bob="好"), dict(people), 0.5, 0.0)
    found = audited_regions([task, AuditedTask(8, Rating(1), {1: Rating(2)}, 0.75, None)])
    assert [(one.id, one.model, one.people) for one in found] == [
        (7, Choice("好"), {1: Choice("好"), 2: Choice("bad")}),
        (7, Choice("好"), {1: Choice("bad")}),
        (8, Rating(1), {1: Rating(2)}),
    ]


def test_several_labels_of_a_region_are_alike_as_those_of_a_task() -> None:
    """The measure of one region is that of its kind."""
    one, other = (ByRegion.of(FieldKind.CHOICES, {ADA: Choices(frozenset(labels))}) for labels in ("ab", "bc"))
    assert similarity(one, other) == 1 / 3
