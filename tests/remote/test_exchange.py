"""What a backend is told of each kind of field, and that its answers are understood."""

import xml.etree.ElementTree as ET

import pytest

from labelloop.domain.schema import Field
from labelloop.domain.tasks import INPUT_BREAK
from labelloop.domain.values import FieldKind, Span, Spans
from sync.codecs.region_codec import to_regions
from sync.config.label_config import interface, parse
from sync.remote.learner import RemoteLearner
from sync.remote.protocol import NOTHING, label_config, read, tasks
from tests.core.kinds import problem
from tests.remote.conftest import FIELD, Fit, region
from tests.remote.stub import Stub, Task

KINDS = pytest.mark.parametrize("kind", sorted(RemoteLearner.kinds), ids=str)


@KINDS
def test_a_backend_of_any_kind_of_field_competes(fit: Fit, kind: FieldKind) -> None:
    """Its regions are read by the codec that reads people's."""
    told = problem(kind)
    field = told.field
    known = {e.text: e.value for e in told.examples} | told.questions

    def entry(task: Task) -> object:
        text = INPUT_BREAK.join(task["data"][key] for key in field.inputs)
        return {"result": to_regions(field, known[text]), "score": 0.75}

    with Stub(entry) as stub:
        answers = fit(stub.url, told.examples, field).predict(list(told.questions))

    assert [answer.value for answer in answers] == list(told.questions.values())
    assert {answer.margin for answer in answers} == {0.75}


@KINDS
def test_the_configuration_is_one_that_label_studio_understands(kind: FieldKind) -> None:
    """It holds the control, its labels, and an object tag per input."""
    field = problem(kind).field
    xml = label_config(field)

    assert field.name in {control.name for control in interface(xml).controls}
    assert [tag.get("value") for tag in ET.fromstring(xml).iter("Text")] == [f"${key}" for key in field.inputs]


@KINDS
def test_the_configuration_says_the_field(kind: FieldKind) -> None:
    """Read back as any configuration is, it is the same field; odd characters and several inputs included."""
    plain = problem(kind).field
    odd = Field("mood & co", kind, ('"good"', "<b>", "还行"), "text", ("text", "title"))

    assert parse(label_config(plain)).field(None) == plain
    if kind in (FieldKind.CHOICE, FieldKind.CHOICES):
        assert parse(label_config(odd)).field(None) == odd


def test_several_inputs_are_several_keys_of_the_data() -> None:
    """A pair is sent as the pair it is; what is missing is empty."""
    field = Field("better", FieldKind.PAIRWISE, ("left", "right"), "one", ("one", "other"))
    whole, half = tasks(field, [INPUT_BREAK.join(("this", "that")), "this"])

    assert whole["data"] == {"one": "this", "other": "that"}
    assert half["data"] == {"one": "this", "other": ""}
    assert [text.get("name") for text in ET.fromstring(label_config(field)).iter("Text")] == ["one", "one-2"]


def test_a_web_page_is_sent_as_the_text_it_shows() -> None:
    """Spans are counted in that text, so the backend must count in it too."""
    field = Field("names", FieldKind.SPANS, ("Person",), "page", ("html",), "hypertext")
    span = {"start": 0, "end": 4, "labels": ["Person"]}
    entry = {"result": [{"from_name": "names", "to_name": "page", "type": "labels", "value": span}]}

    assert "HyperText" not in label_config(field)
    assert read(field, "Anna 🎉", entry).value == Spans(frozenset({Span(0, 4, "Person")}))


def test_half_a_character_can_be_sent() -> None:
    """It has no place in JSON that others read."""
    (task,) = tasks(FIELD, ["half \ud83d"])

    assert task["data"] == {"text": "half ?"}


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 2), (3, 2), (0, 99)])
def test_a_span_outside_the_text_is_no_answer(start: int, end: int) -> None:
    """A backend that counts otherwise than Label Studio is not trusted with the rest of that task."""
    field = Field("names", FieldKind.SPANS, ("Person",), "text", ("text",))
    span = {"start": start, "end": end, "labels": ["Person"], "text": "x"}
    entry = {"result": [{"from_name": "names", "to_name": "text", "type": "labels", "value": span}]}

    assert read(field, "Anna 🎉", entry).value in (None, Spans(frozenset()))


def test_a_list_in_a_list_is_nothing() -> None:
    """An entry is a prediction or a list of them, not more."""
    assert read(FIELD, "x", [[{"result": [region("good")]}]]) == NOTHING
