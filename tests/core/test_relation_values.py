"""What annotators say of pairs of regions: how alike it is, what they settle on, and how it is kept."""

from datetime import UTC, datetime

import pytest

from labelloop.domain.audited_regions import audited_regions, region_pairs
from labelloop.domain.consensus import settle
from labelloop.domain.disagreements import AuditedTask
from labelloop.domain.relations import Relation, Relations
from labelloop.domain.schema import Field, Unit
from labelloop.domain.tasks import Annotation
from labelloop.domain.value_cells import kind_of, plain, relation_cells, value_cells, value_from_cells, value_of
from labelloop.domain.values import (
    Choice,
    Choices,
    FieldKind,
    Span,
    Spans,
    Value,
    comparable,
    labels_of,
    same,
    similarity,
)

ADA, ACME, TURIN = Span(0, 3, "Person"), Span(10, 14, "Org"), Span(18, 23, "Place")
WORKS, KNOWS, IN = Relation(ADA, ACME, "works for"), Relation(ADA, ACME, "knows"), Relation(ACME, TURIN, "in")
EVERY = frozenset({ADA, ACME, TURIN})
FIELD = Field("relations", FieldKind.CHOICES, ("works for", "knows", "in"), "t", ("text",), unit=Unit.PAIR)


def said(*relations: Relation, of: frozenset[Span] = EVERY) -> Relations:
    """Return these relations among the regions."""
    return Relations(of, frozenset(relations))


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (said(WORKS, IN), said(WORKS), 2 / 3),
        (said(), said(), 1.0),
        (said(WORKS), said(), 0.0),
        (said(WORKS), said(KNOWS), 0.0),
        (said(WORKS), said(Relation(ACME, ADA, "works for")), 0.0),
        # only pairs of which both have the regions are compared
        (said(WORKS, IN), said(WORKS, of=frozenset({ADA, ACME})), 1.0),
        (said(of=frozenset({ADA, ACME})), said(of=frozenset({ACME, TURIN})), 0.0),
        # the regions' own labels are another field's
        (
            said(WORKS),
            said(Relation(Span(0, 3, "Org"), ACME, "works for"), of=frozenset({Span(0, 3, "Org"), ACME})),
            1.0,
        ),
    ],
)
def test_relations_are_alike_by_their_f1(one: Relations, other: Relations, alike: float) -> None:
    """Both ways; they are the same where nothing differs."""
    assert similarity(one, other) == similarity(other, one) == alike
    assert same(one, other) is (alike == 1)
    assert comparable(one, other) is (len({s.ends for s in one.regions} & {s.ends for s in other.regions}) > 1)


@pytest.mark.parametrize(
    ("given", "value", "reason"),
    [
        ([said(WORKS, IN), said(WORKS), said(WORKS, KNOWS)], said(WORKS), ""),
        ([said(WORKS), said()], None, "people are split on 0-3 Person → 10-14 Org: works for"),
        # who did not mark the place says nothing of where Acme is
        ([said(IN), said(IN), said(of=frozenset({ADA, ACME}))], said(IN), ""),
        (
            [said(of=frozenset({ADA})), said(of=frozenset({ACME, TURIN}))],
            None,
            "no two regions are marked by most people",
        ),
        ([said(), said()], said(), ""),
    ],
)
def test_people_settle_on_what_most_of_them_relate(given: list[Relations], value: Value | None, reason: str) -> None:
    """Between regions that most of them marked; a pair on which they are split leaves the task unsettled."""
    at = datetime(2026, 11, 30, tzinfo=UTC)
    found = settle([Annotation(n, 1, n, one, at) for n, one in enumerate(given)])
    assert (found.value, found.unsettled_reason) == (value, reason)


@pytest.mark.parametrize("value", [said(WORKS, IN), said(), said(Relation(ADA, ACME))])
def test_relations_are_written_and_read_back(value: Relations) -> None:
    """With the regions that nobody related, since these are an answer too."""
    assert value_from_cells(value_cells(value)) == value == value_of(kind_of(value), plain(value))


def test_tables_list_each_relation_with_both_its_regions() -> None:
    """Each with its own text."""
    text = "Ada is at Acme in Turin"
    assert relation_cells(said(WORKS), text) == [
        {
            "from": {"start": 0, "end": 3, "label": "Person", "text": "Ada"},
            "to": {"start": 10, "end": 14, "label": "Org", "text": "Acme"},
            "label": "works for",
        }
    ]
    assert relation_cells(Choice("a"), text) == []
    assert str(said(WORKS, Relation(ACME, ADA))) == "0-3 Person → 10-14 Org: works for|10-14 Org → 0-3 Person"


def test_a_field_of_relations_allows_its_own_labels_only() -> None:
    """Any number of them."""
    assert FIELD.allows(said(WORKS, IN))
    assert FIELD.allows(said())
    assert not FIELD.allows(said(Relation(ADA, ACME, "owns")))
    assert not FIELD.allows(said(Relation(ADA, ACME)))
    assert not FIELD.allows(Choices(frozenset({"in"})))
    assert not FIELD.allows(Spans(frozenset({ADA})))
    assert labels_of(said(WORKS, IN)) == {"works for", "in"}
    assert FIELD.kind_in_words == "relations"
    assert Field.from_json(FIELD.to_json()) == FIELD


def test_figures_of_single_answers_are_of_pairs() -> None:
    """Each ordered pair that the model was asked about, with those who marked both regions; other pairs say none."""
    works, none = Choices(frozenset({"works for"})), Choices(frozenset())
    two = frozenset({ADA, ACME})
    assert region_pairs([(said(WORKS), said(of=two))]) == [(works, none), (none, none)]
    task = AuditedTask(7, said(WORKS), {1: said(of=two), 2: said(WORKS)}, 0.5, 0.0)
    found = audited_regions([task])
    assert len(found) == 6
    assert (found[0].model, found[0].people) == (works, {1: none, 2: works})
    assert [len(one.people) for one in found] == [2, 1, 2, 1, 1, 1]
