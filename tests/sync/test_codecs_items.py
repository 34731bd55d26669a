"""Rankings, and choices that come with the task, become regions as Label Studio stores them, and come back."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelloop.domain.schema import Field
from labelloop.domain.tasks import INPUT_BREAK, OPTION_BREAK, options_of
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Choice, Choices, FieldKind, Ranking
from sync.codecs.region_codec import from_regions, read_answer, task_text, to_regions, validate, wire_prediction
from sync.config.label_config import parse

SHOWN = '<Text name="text" value="$text"/><List name="list" value="$items"/>'
BUCKETS = '<Bucket name="good"/><Bucket name="bad"/>'


def config(control: str) -> str:
    return f"<View>{SHOWN}{control}</View>"


ORDER = config('<Ranker name="r" toName="list"/>')
SORTED = config(f'<Ranker name="r" toName="list">{BUCKETS}</Ranker>')
DEFAULT = SORTED.replace('name="good"', 'name="good" default="true"')
ONE = config('<Choices name="c" toName="text" value="$offers.now"/>')
SOME = config('<Choices name="c" toName="text" value="$offers.now" choice="multiple"/>')
DATA: dict[str, Any] = {
    "text": "Which?",
    "items": [{"id": "a", "title": "Aa", "body": "x"}, {"id": 2, "html": "<b>Two</b>"}, {"id": "还"}],
    "offers": {"now": [{"value": "one"}, {"value": "two", "html": "<i>Two!</i>"}, {"value": "three", "alias": "3"}]},
}
IDS, OFFERS = ("a", "2", "还"), ("one", "two", "3")


def only(xml: str) -> Field:
    (field,) = parse(xml).fields
    return field


def said(field: Field, stored: Any) -> dict[str, object]:
    kind = "ranker" if field.kind is FieldKind.RANKING else "choices"
    return {"from_name": field.name, "to_name": field.to_name, "type": kind, "value": {kind: stored}}


def test_the_items_are_the_last_input() -> None:
    """Whatever stands beside them is read too; a choice is read as it is stored and as it is shown."""
    order, one = only(ORDER), only(ONE)
    assert (order.kind, order.labels, order.inputs) == (FieldKind.RANKING, ("r",), ("text", "items"))
    assert task_text(order, DATA) == INPUT_BREAK.join(("Which?", OPTION_BREAK.join(("a\nAa\nx", "2\nTwo", "还"))))
    assert (one.kind, only(SOME).kind) == (FieldKind.OPTION, FieldKind.OPTIONS)
    assert options_of(task_text(one, DATA)) == {"one": "", "two": "Two!", "3": "three"}


@given(st.permutations(IDS), st.integers(0, 3), st.integers(0, 3), st.sampled_from((ORDER, SORTED, DEFAULT)))
def test_a_ranking_comes_back_as_it_was(order: list[str], one: int, other: int, xml: str) -> None:
    """In one column or several, and Label Studio's own rules accept it."""
    field = only(xml)
    cuts = [0, *sorted((one, other)), 3][-len(field.labels) - 1 :]
    cuts[0] = 0
    columns = zip(field.labels, (tuple(order[a:b]) for a, b in pairwise(cuts)), strict=True)
    value = Ranking(tuple(columns))
    assert field.allows(value)
    assert validate(xml, wire_prediction(field, value, score=0.5, model_version="v1")) is None
    assert from_regions(field, to_regions(field, value), DATA) == value


@given(st.frozensets(st.sampled_from(OFFERS)), st.sampled_from(OFFERS))
def test_choices_of_the_task_come_back_as_they_were(some: frozenset[str], one: str) -> None:
    """None of several is the answer "none"."""
    for xml, value in ((SOME, Choices(some)), (ONE, Choice(one))):
        field = only(xml)
        assert field.allows(value)
        assert validate(xml, wire_prediction(field, value, score=0.5, model_version="v1")) is None
        assert from_regions(field, to_regions(field, value), DATA) == value


@pytest.mark.parametrize(
    ("xml", "stored", "found"),
    [
        (ORDER, {"r": ["还", "a", "2"]}, Ranking((("r", ("还", "a", "2")),))),
        (ORDER, {"r": ["还", "a"]}, Unanswered.UNREADABLE),
        (ORDER, {"r": ["还", "a", "2", "2"]}, Unanswered.UNREADABLE),
        (ORDER, {"r": ["还", "a", "2", "z"]}, Unanswered.UNREADABLE),
        (ORDER, {"r": ["还", "a", 2]}, Unanswered.UNREADABLE),
        (ORDER, {"other": ["还", "a", "2"]}, Unanswered.UNREADABLE),
        (ORDER, ["还", "a", "2"], Unanswered.UNREADABLE),
        (SORTED, {"good": ["还"], "bad": []}, Ranking((("_", ("a", "2")), ("good", ("还",)), ("bad", ())))),
        (SORTED, {"good": ["还"], "_": ["2", "a"]}, Ranking((("_", ("2", "a")), ("good", ("还",)), ("bad", ())))),
        (DEFAULT, {"good": ["还"], "bad": []}, Unanswered.UNREADABLE),
        (ONE, ["two"], Choice("two")),
        (ONE, ["three"], Unanswered.UNREADABLE),
        (ONE, ["one", "two"], Unanswered.CONTRADICTORY),
        (ONE, [], Unanswered.EMPTY),
        (ONE, [["one"]], Unanswered.UNREADABLE),
        (SOME, ["3", "one"], Choices(frozenset({"3", "one"}))),
        (SOME, ["3", "gone"], Unanswered.UNREADABLE),
    ],
)
def test_an_answer_is_made_of_the_items_of_the_task(xml: str, stored: Any, found: object) -> None:
    """One that misses an item, or names another, is none; what is in no bucket is where Label Studio shows it."""
    field = only(xml)
    assert read_answer(field, [said(field, stored)], DATA) == found


@pytest.mark.parametrize("offers", [None, "one", ["one", "two"], [{"html": "x"}], {}])
def test_a_task_without_choices_allows_no_answer(offers: object) -> None:
    """Label Studio shows boxes without words for a list of texts."""
    field = only(ONE)
    assert read_answer(field, [said(field, ["one"])], {"text": "x", "offers": {"now": offers}}) is Unanswered.UNREADABLE
    assert read_answer(field, [said(field, ["one"])], {"text": "x"}) is Unanswered.UNREADABLE


@pytest.mark.parametrize(
    ("control", "reason"),
    [
        ('<Ranker name="c" toName="text"/>', "the items of a List"),
        ('<Choices name="c" toName="text" value="$a"><Choice value="x"/></Choices>', "differ from task to task"),
        ('<Taxonomy name="c" toName="text" value="$a"/>', "differ from task to task"),
    ],
)
def test_other_ways_to_bring_items_along_are_refused(control: str, reason: str) -> None:
    """Such as choices of the configuration together with those of the task."""
    schema = parse(config(control))
    assert not schema.fields
    assert reason in schema.not_learnable[0]
