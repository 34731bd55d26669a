"""Values become regions and come back; nothing unsound is sent."""

from datetime import UTC, datetime
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelloop.domain.schema import Field
from labelloop.domain.tasks import INPUT_BREAK, Origin, inputs_of
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Choice, Choices, FieldKind, Value
from labelloop.errors import BrokenPromise
from sync.api.wire import WireAnnotation, WirePrediction
from sync.codecs.region_codec import (
    from_regions,
    origin,
    read_answer,
    task_text,
    to_regions,
    validate,
    wire_prediction,
)
from sync.config.label_config import parse
from tests.sync.conftest import choice

LABELS = ("a", "b & <c>", "还行", "سلبي", "😀 ok")
INSIDE = "".join(f"<Choice value={quoteattr(label)}/>" for label in LABELS)
CONFIG = (
    '<View><Text name="text" value="$text"/>'
    f'<Choices name="mood" toName="text">{INSIDE}</Choices>'
    f'<Choices name="topics" toName="text" choice="multiple">{INSIDE}</Choices></View>'
)
MOOD, TOPICS = parse(CONFIG).fields
NOW = datetime(2026, 11, 22, tzinfo=UTC)

values = st.one_of(
    st.sampled_from(LABELS).map(lambda label: (MOOD, Choice(label))),
    st.frozensets(st.sampled_from(LABELS)).map(lambda labels: (TOPICS, Choices(labels))),
)
junk = st.lists(
    st.one_of(
        st.none(),
        st.text(),
        st.dictionaries(st.text(), st.integers()),
        st.builds(dict, from_name=st.just("other"), type=st.just("choices"), value=st.just({"choices": ["a"]})),
        st.builds(dict, from_name=st.just("topics"), type=st.just("choices"), value=st.just({"choices": []})),
    )
)
ODD_VALUES: list[object] = [
    None,
    [],
    "a",
    {},
    {"choices": None},
    {"choices": [None]},
    {"choices": [5]},
    {"choices": [["a"]]},
    {"choice": "a"},
    {"labels": ["a"]},
    {"start": 0, "end": 1, "choices": ["a"]},
]
odd: st.SearchStrategy[dict[str, object]] = st.builds(
    dict,
    from_name=st.sampled_from(["mood", "topics"]),
    type=st.just("choices"),
    value=st.sampled_from(ODD_VALUES),
) | st.builds(dict, from_name=st.sampled_from(["mood", "topics"]), type=st.sampled_from(["labels", None, "Choices"]))


@given(values)
def test_what_was_encoded_decodes_to_itself(case: tuple[Field, Value]) -> None:
    """No value changes on its way to Label Studio and back."""
    field, value = case
    assert from_regions(field, to_regions(field, value)) == value


@given(values, st.floats(0, 1))
def test_predictions_of_allowed_values_are_sound(case: tuple[Field, Value], score: float) -> None:
    """Whatever the model may say, Label Studio's own rules accept it."""
    field, value = case
    sent = wire_prediction(field, value, score=score, model_version="v1")
    assert validate(CONFIG, sent) is None
    assert sent["score"] == score
    assert sent["model_version"] == "v1"


@given(values, junk)
def test_other_and_empty_regions_are_passed_over(case: tuple[Field, Value], noise: list[object]) -> None:
    """Label Studio stores anything; only what is said of this control counts."""
    field, value = case
    own = {"from_name": "other", "type": "choices", "value": {}}
    assert from_regions(field, [*noise, *to_regions(field, value), *noise, own]) == value


@given(values, odd)
def test_one_region_that_cannot_be_read_makes_the_answer_unreadable(
    case: tuple[Field, Value], region: dict[str, object]
) -> None:
    """Never "none" and never what is left of it; another control's odd region does no harm."""
    field, value = case
    expected = Unanswered.UNREADABLE if region["from_name"] == field.name else value
    assert read_answer(field, [*to_regions(field, value), {"from_name": "x"}, region]) == expected


def test_a_result_without_any_region_is_unreadable_unless_it_is_empty() -> None:
    """A list of something else says nothing of any control."""
    for result in ([None], ["a"], [{"choices": ["a"]}], [{"from_name": None, "value": {"choices": ["a"]}}]):
        assert read_answer(MOOD, result) is read_answer(TOPICS, result) is Unanswered.UNREADABLE
    assert read_answer(MOOD, []) is Unanswered.EMPTY
    assert read_answer(MOOD, [choice("a"), choice("还行")]) is Unanswered.CONTRADICTORY
    assert read_answer(TOPICS, [{"type": "relation", "from_id": "a", "to_id": "b"}]) == Choices(frozenset())


def test_a_label_without_its_list_is_that_label() -> None:
    """So programs write it, and so it is shown."""
    alone = {**choice("a"), "value": {"choices": "a"}}
    assert from_regions(MOOD, [alone]) == Choice("a")
    assert from_regions(TOPICS, [{**alone, "from_name": "topics"}]) == Choices(frozenset({"a"}))


def test_a_single_choice_without_one_clear_label_is_unanswered() -> None:
    """No region, no label, or labels that contradict each other say nothing."""
    two = [choice("a"), choice("还行")]
    many = [{**choice("a"), "value": {"choices": ["a", "还行"]}}]
    for result in ([], two, many, [{**choice("a"), "value": {"choices": []}}], [{**choice("a"), "type": "labels"}]):
        assert from_regions(MOOD, result) is None
    assert from_regions(MOOD, [choice("a"), choice("a")]) == Choice("a")


def test_several_choices_without_a_region_are_none_of_them() -> None:
    """A person who ticks nothing and submits says "none", and Label Studio stores no region for it."""
    empty = {"from_name": "topics", "to_name": "text", "type": "choices", "value": {"choices": []}}
    assert from_regions(TOPICS, []) == from_regions(TOPICS, [empty]) == Choices(frozenset())
    assert to_regions(TOPICS, Choices(frozenset())) == []


def test_a_label_the_field_no_longer_allows_is_still_decoded() -> None:
    """Whether a label is allowed is decided when a round closes, not when it is read."""
    assert from_regions(MOOD, [choice("long gone")]) == Choice("long gone")


def test_labels_are_encoded_in_the_order_people_see_and_without_a_score() -> None:
    """Regions look the same whatever order a set has, and do not show people how sure the model is."""
    (region,) = to_regions(TOPICS, Choices(frozenset({"😀 ok", "a", "还行"})))
    assert region["value"] == {"choices": ["a", "还行", "😀 ok"]}
    assert "score" not in region


def test_a_value_of_another_kind_breaks_a_promise() -> None:
    """A set of labels cannot be said of a field with one."""
    with pytest.raises(BrokenPromise, match="Choices cannot be said of the choice field mood"):
        to_regions(MOOD, Choices(frozenset({"a"})))
    with pytest.raises(BrokenPromise):
        to_regions(TOPICS, Choice("a"))


def test_a_blind_task_gets_an_empty_prediction() -> None:
    """Without a prediction there is a place in the queue and nothing else."""
    sent = wire_prediction(MOOD, None, score=0.25, model_version="v7.2")
    assert sent == {"result": [], "score": 0.25, "model_version": "v7.2"}
    assert validate(CONFIG, sent) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"result": [choice("nope")]}, "Invalid value for control 'mood'"),
        ({"result": [choice("a", from_name="gone")]}, "'from_name' 'gone' not found"),
        ({"result": [choice("a", to_name="gone")]}, "'to_name' 'gone' not found"),
        ({"result": ["a"]}, "Region must be a dictionary"),
        ({"result": "a"}, "must be a list"),
        ({"score": 1.01}, "Score must be between"),
        ({"score": float("nan")}, "Score must be between"),
        ({"score": "0.5"}, "score is not a number"),
        ({"score": True}, "score is not a number"),
        ({"model_version": None}, "model version is not a text"),
    ],
)
def test_unsound_predictions_are_named(change: dict[str, object], reason: str) -> None:
    """Everything that Label Studio would drop, store broken or stumble over is found before it is sent."""
    sound: dict[str, object] = {"result": [choice("a")], "score": 0.5, "model_version": "v1"}
    assert validate(CONFIG, sound) is None
    assert reason in (validate(CONFIG, {**sound, **change}) or "")


def test_nothing_is_sound_for_a_broken_configuration() -> None:
    """A configuration that cannot be read accepts no prediction, and says so instead of raising."""
    blind = wire_prediction(MOOD, None, score=0.5, model_version="v1")
    assert "cannot be read" in (validate("<View>", blind) or "")


def annotation(**changes: object) -> WireAnnotation:
    plain = {"id": 1, "completed_by": 3, "updated_by": 3, "created_at": NOW, "updated_at": NOW, "result": [choice("a")]}
    return WireAnnotation.model_validate({**plain, **changes})


@pytest.mark.parametrize(
    ("changes", "shown", "expected"),
    [
        ({}, [], Origin.MANUAL),
        ({"updated_by": None}, [], Origin.IMPORTED),
        ({"updated_by": None, "parent_prediction": 9}, [choice("a")], Origin.IMPORTED),
        ({"updated_by": None, "completed_by": None}, [], Origin.MANUAL),
        ({"parent_prediction": 9}, [choice("a")], Origin.ACCEPTED),
        ({"parent_prediction": 9}, [choice("还行")], Origin.CORRECTED),
        ({"parent_prediction": 9}, [], Origin.MANUAL),
        ({"parent_prediction": 9, "result": []}, [choice("a")], Origin.CORRECTED),
        ({"parent_prediction": 8, "result": [choice("a", origin="prediction")]}, [choice("b")], Origin.ACCEPTED),
        ({"parent_prediction": 8, "result": [choice("a", origin="prediction-changed")]}, [], Origin.CORRECTED),
        ({"parent_prediction": 8, "result": [choice("a", origin="manual")]}, [], Origin.MANUAL),
    ],
)
def test_origin_says_what_the_person_did(
    changes: dict[str, object], shown: list[dict[str, object]], expected: Origin
) -> None:
    """Compared with the prediction they started from where it is still there, else by the regions' own marks."""
    predictions = [WirePrediction.model_validate({"id": 9, "result": shown})]
    assert origin(MOOD, annotation(**changes), predictions) is expected


def test_a_tasks_text_is_its_inputs_without_nul() -> None:
    """A missing input is empty but keeps its place; emoji, right-to-left and long texts stay."""
    field = Field("f", FieldKind.CHOICE, ("a", "b"), "text", ("one", "two"))
    long = "שלום 🙂 " * 12_500
    assert inputs_of(task_text(field, {"one": "a\x00b", "two": long})) == ("ab", long)
    assert inputs_of(task_text(field, {"one": {}, "two": "x"})) == ("", "x")
    assert inputs_of(task_text(field, {"one": f"x{INPUT_BREAK}y", "two": "z"})) == ("x\ny", "z")
    assert task_text(field, {"two": None}) == task_text(field, {"one": " ", "two": "\n"}) == ""


def deep() -> object:
    """Return a text in a thousand lists, one inside the other."""
    found: object = "x"
    for _ in range(1000):
        found = [found]
    return found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4711, "4711"),
        (0, "0"),
        (2.50, "2.5"),
        (3.0, "3"),
        (1e21, "1e+21"),
        (12345678901234567890, "12345678901234567890"),
        (True, "true"),
        (False, "false"),
        (["first part", "second part"], "first part,second part"),
        (["one", None, 2, ["three"]], "one,,2,three"),
        ([], ""),
        (["a", [], "b"], "a,,b"),
        (deep(), "x"),
        (None, ""),
        ({"text": "x"}, ""),
        ([{"text": "x"}], ""),
    ],
)
def test_a_text_is_what_the_screen_shows_of_the_data(value: object, text: str) -> None:
    """A table's numbers and booleans, and lists, are read as people see them; objects and null show nothing."""
    for tag in ("text", "hypertext"):
        field = Field("f", FieldKind.CHOICE, ("a", "b"), "text", ("one",), tag)
        assert task_text(field, {"one": value}) == text
