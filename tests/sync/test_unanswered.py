"""What people never said, or what cannot be read, is no answer: each annotation says why it has none."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Choice, Choices, Span, Spans, Value
from sync.api.wire import NEVER, WireAnnotation, WireTask
from sync.config.label_config import controls, parse
from sync.pull import state

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CONFIG = (
    '<View><Text name="t" value="$text"/>'
    '<Choices name="mood" toName="t"><Choice value="a"/><Choice value="b"/></Choices>'
    '<Choices name="topics" toName="t" choice="multiple"><Choice value="a"/><Choice value="b"/></Choices>'
    '<Labels name="ner" toName="t"><Label value="City"/></Labels></View>'
)
MOOD, TOPICS, NER = parse(CONFIG).fields
CITY = {"from_name": "ner", "to_name": "t", "type": "labels", "value": {"start": 10.0, "end": "16", "labels": ["City"]}}
TOPIC = {"from_name": "topics", "to_name": "t", "type": "choices", "value": {"choices": ["a"]}}
LISBON = Spans(frozenset({Span(10, 16, "City")}))
NONE, NOTHING = Choices(frozenset()), Spans(frozenset())
TEXT = "We met in Lisbon last spring."


def task(**annotation: object) -> WireTask:
    sound = {"id": 1, "completed_by": 3, "updated_by": 3, "created_at": NOW, "updated_at": NOW}
    said = WireAnnotation.model_validate({**sound, **annotation})
    return WireTask(id=7, data={"text": TEXT}, annotations=[said], updated_at=NOW)


@pytest.mark.parametrize(
    ("annotation", "answers"),
    [
        ({"result": [TOPIC, CITY]}, (Unanswered.EMPTY, Choices(frozenset({"a"})), LISBON)),
        ({"result": []}, (Unanswered.EMPTY, NONE, NOTHING)),
        ({"result": None}, (Unanswered.EMPTY,) * 3),
        ({"result": [{"from_name": ["ner"], "type": {}, "value": 5}]}, (Unanswered.UNREADABLE,) * 3),
        ({"result": [], "updated_by": None}, (Unanswered.EMPTY,) * 3),
        ({"result": None, "was_cancelled": True}, (Unanswered.SKIPPED,) * 3),
        ({"result": [TOPIC, CITY], "was_cancelled": True}, (Unanswered.SKIPPED,) * 3),
        ({"result": [{**CITY, "from_name": "label"}]}, (Unanswered.UNREADABLE,) * 3),
        ({"result": [TOPIC, {**CITY, "from_name": "label"}]}, (Unanswered.EMPTY, Choices(frozenset({"a"})), NOTHING)),
        ({"result": [{**CITY, "value": {"start": 10, "end": 99, "labels": ["City"]}}]},
         (Unanswered.EMPTY, NONE, Unanswered.UNREADABLE)),
    ],
)  # fmt: skip
def test_each_field_has_its_answer_or_the_reason_why_not(
    annotation: dict[str, object], answers: tuple[Value | Unanswered, ...]
) -> None:
    """An empty result is what a person said who was asked and submitted; everything else is named."""
    for field, answer in zip((MOOD, TOPICS, NER), answers, strict=True):
        (found,) = state([field], task(**annotation), controls(CONFIG)).annotations
        assert (found.value, found.unanswered) == ((None, answer) if isinstance(answer, Unanswered) else (answer, None))


CONDITIONAL = CONFIG.replace(
    "</View>",
    '<Choices name="why" toName="t" visibleWhen="choice-selected" whenTagName="mood" whenChoiceValue="b">'
    '<Choice value="late"/><Choice value="rude"/></Choices></View>',
)


@pytest.mark.parametrize(
    ("mood", "why", "answer"),
    [
        ("b", "late", Choice("late")),
        ("b", None, Unanswered.EMPTY),
        ("a", None, Unanswered.NOT_ASKED),
        ("a", "late", Unanswered.CONDITION_UNMET),  # as when a person changes the parent of a pre-annotated child
        ("gone", "late", Unanswered.CONDITION_UNKNOWN),  # the parent's label was renamed since
        (None, None, Unanswered.NOT_ASKED),
    ],
)
def test_a_field_under_a_condition_has_an_answer_only_where_it_was_asked(
    mood: str | None, why: str | None, answer: Value | Unanswered
) -> None:
    """Silence where nobody was asked is none, and what stands there all the same is none either."""
    said = [
        {"from_name": name, "to_name": "t", "type": "choices", "value": {"choices": [label]}}
        for name, label in (("mood", mood), ("why", why))
        if label
    ]
    fields = parse(CONDITIONAL).fields
    answers = {one.field: one for one in state(fields, task(result=[*said, CITY]), controls(CONDITIONAL)).annotations}
    found = answers["why"]
    assert (found.value, found.unanswered) == ((None, answer) if isinstance(answer, Unanswered) else (answer, None))
    assert answers["ner"].value == LISBON


def test_a_renamed_label_of_the_parent_asks_as_before() -> None:
    """`labelloop rename` is about the parent, and the condition follows."""
    mood, *others, why = parse(CONDITIONAL).fields
    renamed = replace(mood, renames=(("worse", "b"),))
    region = {"to_name": "t", "type": "choices"}
    said = [
        {**region, "from_name": "mood", "value": {"choices": ["worse"]}},
        {**region, "from_name": "why", "value": {"choices": ["rude"]}},
    ]
    answers = {one.field: one.value for one in state((renamed, *others, why), task(result=said)).annotations}
    assert answers["mood"] == Choice("b")
    assert answers["why"] == Choice("rude")


def test_a_task_that_is_left_out_has_neither_text_nor_annotations() -> None:
    """It is nobody's to label, and says why."""
    found = state([MOOD], WireTask(id=7, updated_at=NEVER, unreadable="no answer"))
    assert (found.task.text, found.annotations, found.unreadable) == ("", (), "no answer")
    said = {"from_name": "mood", "to_name": "t", "type": "choices", "value": {"choices": ["a"]}}
    assert state([MOOD], task(result=[said])).annotations[0].value == Choice("a")
