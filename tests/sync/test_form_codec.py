"""A result that says something of several fields, some of them about the regions that others mark."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelloop.domain.tasks import Origin
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import ByRegion, Choice, Span, Spans, Value
from sync.api.wire import WireAnnotation, WirePrediction, WireTask
from sync.codecs.form_codec import merged_prediction, merged_regions, origin_in_form, read_field
from sync.codecs.region_codec import task_text, validate
from sync.config.label_config import parse
from sync.pull import state
from tests.sync.test_region_answers import ADA, OBJECTS, SAID, TEXT, WANG, config, fields, tone

AT = datetime(2026, 11, 30, tzinfo=UTC)
DATA = OBJECTS["text"][2]


def said_of(kind: str, spans: list[Span], choice: int) -> dict[str, Value]:
    """Return spans, and one of two answers to each control about each of them in turn."""
    every = fields(kind)
    found: dict[str, Value] = {"ner": Spans(frozenset(spans))}
    for name, answers in SAID.items():
        turns = itertools.islice(itertools.cycle(answers), choice, None)
        found[name] = ByRegion.of(every[name].kind, dict(zip(spans, turns, strict=False)))
    return found


@pytest.mark.parametrize("kind", OBJECTS)
@given(
    ends=st.lists(st.tuples(st.integers(0, 8), st.integers(1, 9)), min_size=1, max_size=4, unique=True),
    label=st.sampled_from(["Person", "Place"]),
    choice=st.integers(0, 1),
)
def test_everything_that_is_said_goes_there_and_back(
    kind: str, ends: list[tuple[int, int]], label: str, choice: int
) -> None:
    """On texts, pages and paragraphs; Label Studio's own check accepts it, and each answer is under its region's id."""
    every, data = fields(kind), OBJECTS[kind][2]
    first = task_text(every["ner"], data).index("met")  # a stretch without characters that Label Studio would cut
    spans = [Span(first + start, min(first + start + size, first + 12), label) for start, size in ends]
    said = said_of(kind, list(dict.fromkeys(spans)), choice)
    every_value = [(every[name], value) for name, value in said.items()]
    result = merged_regions(every_value, data)
    sent = merged_prediction(every_value, score=0.5, model_version="v1+v2", data=data)
    assert sent["result"] == result
    assert validate(config(kind), sent) is None
    for name, value in said.items():
        assert read_field(every[name], every, result, data) == value
    ids = {region["id"] for region in result if region["from_name"] == "ner"}
    assert {region["id"] for region in result} == ids


def test_nothing_is_said_of_regions_that_are_not_marked() -> None:
    """Label Studio would drop it, or show it as an answer about the whole task."""
    said = said_of("text", [ADA, WANG], 0)
    assert merged_regions([(TEXT["tone"], said["tone"])]) == []
    left = merged_regions([(TEXT["ner"], Spans(frozenset({ADA}))), (TEXT["tone"], said["tone"])])
    assert [region["from_name"] for region in left] == ["ner", "tone"]
    assert read_field(TEXT["tone"], TEXT, left, DATA) == ByRegion.of(TEXT["tone"].kind, {ADA: Choice("好")})


def annotation(*result: object, **more: object) -> WireAnnotation:
    """Return an annotation that a person saved."""
    given = {"id": 1, "completed_by": 3, "updated_by": 3, "updated_at": AT, "created_at": AT, "result": list(result)}
    return WireAnnotation.model_validate(given | more)


MARKED = merged_regions([(TEXT["ner"], Spans(frozenset({ADA, WANG})))])


def taken_in(*result: object) -> dict[str, Value | Unanswered | None]:
    """Return what is taken in of an annotation, by field, as the loop has the fields."""
    looped = parse(config("text")).fields
    task = WireTask.model_validate(
        {"id": 5, "data": dict(DATA), "updated_at": AT, "annotations": [annotation(*result).model_dump()]}
    )
    return {one.field: one.value or one.unanswered for one in state(looped, task).annotations}


def test_an_annotation_has_one_value_about_regions_or_a_reason_why_not() -> None:
    """Regions without an answer are left out; answers without a region, or that cannot be read, are none."""
    orphan = tone(Span(0, 1, "Place"), "bad")
    assert taken_in(*MARKED, tone(ADA, "bad"))["tone"] == ByRegion.of(TEXT["tone"].kind, {ADA: Choice("bad")})
    assert taken_in(*MARKED, orphan)["tone"] is Unanswered.EMPTY
    assert taken_in(*MARKED, tone(ADA, "bad", type="labels"))["tone"] is Unanswered.UNREADABLE
    assert taken_in(*MARKED, tone(ADA, "bad"), tone(ADA, "好"))["tone"] is Unanswered.CONTRADICTORY
    assert taken_in(orphan)["tone"] is Unanswered.CONDITION_UNMET
    assert taken_in()["tone"] is Unanswered.NOT_ASKED
    odd = {**MARKED[0], "value": {"start": 9, "end": 2, "labels": ["Person"]}}
    found = taken_in(*MARKED, odd, tone(ADA, "bad"))
    assert (found["ner"], found["tone"]) == (Unanswered.UNREADABLE, Unanswered.CONDITION_UNKNOWN)


@pytest.mark.parametrize(
    ("submitted", "origin"),
    [
        ([tone(ADA, "bad"), tone(WANG, "bad")], Origin.ACCEPTED),
        ([tone(ADA, "bad"), tone(WANG, "好")], Origin.CORRECTED),
        ([tone(ADA, "bad")], Origin.CORRECTED),
        ([], Origin.CORRECTED),
    ],
)
def test_an_annotation_is_compared_with_what_was_shown_of_the_field(submitted: list[object], origin: Origin) -> None:
    """Whatever became of the other fields."""
    shown = WirePrediction.model_validate({"id": 9, "result": [*MARKED, tone(ADA, "bad"), tone(WANG, "bad")]})
    found = annotation(*MARKED, *submitted, parent_prediction=9)
    assert origin_in_form(TEXT["tone"], TEXT, found, [shown], DATA) is origin
    assert origin_in_form(TEXT["ner"], TEXT, found, [shown], DATA) is Origin.ACCEPTED
    nothing = WirePrediction.model_validate({"id": 9, "result": MARKED})
    assert origin_in_form(TEXT["tone"], TEXT, found, [nothing], DATA) is Origin.MANUAL


def test_the_regions_themselves_tell_what_was_shown_where_the_prediction_is_gone() -> None:
    """Label Studio marks each of them with its origin."""
    kept = annotation(*MARKED, tone(ADA, "bad", origin="prediction"))
    assert origin_in_form(TEXT["tone"], TEXT, kept, [], DATA) is Origin.ACCEPTED
    changed = annotation(*MARKED, tone(ADA, "bad", origin="prediction-changed"))
    assert origin_in_form(TEXT["tone"], TEXT, changed, [], DATA) is Origin.CORRECTED
    assert origin_in_form(TEXT["sure"], TEXT, kept, [], DATA) is Origin.MANUAL


def test_a_renamed_label_of_a_region_is_read_under_its_new_name() -> None:
    """As of a whole task."""
    renamed = replace(TEXT["tone"], renames=(("bad", "差"),), labels=("好", "差"))
    said = read_field(renamed, TEXT, [*MARKED, tone(ADA, "bad")], DATA)
    assert said == ByRegion.of(renamed.kind, {ADA: Choice("差")})
