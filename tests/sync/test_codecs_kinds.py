"""Stars, pairs, taxonomies and written texts become regions as Label Studio stores them, and come back."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelloop.domain.schema import Field
from labelloop.domain.tasks import Origin
from labelloop.domain.values import Choice, Choices, Rating, Span, Spans, Text, Value
from labelloop.errors import BrokenPromise
from sync.api.wire import WireAnnotation, WirePrediction
from sync.codecs.region_codec import from_regions, origin, to_regions, validate, wire_prediction
from sync.config.label_config import parse

CONFIG = """<View><Text name="text" value="$text"/><Text name="one" value="$one"/><Text name="two" value="$two"/>
<Rating name="stars" toName="text" maxRating="4"/><Pairwise name="better" toName="one,two"/>
<Taxonomy name="what" toName="text"><Choice value="A &amp; B"><Choice value="猫" alias="cat">
<Choice value="🐈"/></Choice></Choice><Choice value="قط"/></Taxonomy>
<TextArea name="reply" toName="text"/></View>"""
STARS, BETTER, WHAT, REPLY = parse(CONFIG).fields

written = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
values = st.one_of(
    st.integers(1, 4).map(lambda stars: (STARS, Rating(stars, of=4))),
    st.sampled_from(("left", "right")).map(lambda side: (BETTER, Choice(side))),
    st.frozensets(st.sampled_from(WHAT.labels)).map(lambda paths: (WHAT, Choices(paths))),
    written.map(lambda text: (REPLY, Text(text))),
)


def said(field: Field, kind: str, **value: object) -> dict[str, object]:
    return {"from_name": field.name, "to_name": field.to_name, "type": kind, "value": value}


@given(values)
def test_what_was_encoded_decodes_to_itself(case: tuple[Field, Value]) -> None:
    """No value changes on its way to Label Studio and back, whatever other fields say beside it."""
    field, value = case
    others = [
        region
        for other, something in ((STARS, Rating(1, of=4)), (BETTER, Choice("left")), (REPLY, Text("x")))
        if other is not field
        for region in to_regions(other, something)
    ]
    assert from_regions(field, [*others, *to_regions(field, value), *others]) == value
    assert field.allows(value)


@given(values, st.floats(0, 1))
def test_predictions_of_allowed_values_are_sound(case: tuple[Field, Value], score: float) -> None:
    """Whatever the model may say, Label Studio's own rules accept it."""
    field, value = case
    assert validate(CONFIG, wire_prediction(field, value, score=score, model_version="v1")) is None


def test_labels_under_an_old_name_are_read_under_the_new_one() -> None:
    """A choice, the label of a span, a step of a path; what somebody wrote stays as it is."""
    path = {"from_name": "what", "to_name": "text", "type": "taxonomy", "value": {"taxonomy": [["Old", "cat"], ["قط"]]}}
    what = replace(WHAT, renames=(("Old", "A & B"),))
    assert from_regions(what, [path]) == Choices(frozenset({"A & B > cat", "قط"}))
    (marks,) = parse(
        '<View><Text name="text" value="$text"/><Labels name="l" toName="text"><Label value="人"/></Labels></View>'
    ).fields
    span = {"from_name": "l", "to_name": "text", "type": "labels", "value": {"start": 0, "end": 2, "labels": ["Per"]}}
    assert from_regions(replace(marks, renames=(("Per", "人"),)), [span]) == Spans(frozenset({Span(0, 2, "人")}))
    reply = replace(REPLY, renames=(("a", "b"),))
    assert from_regions(reply, [said(reply, "textarea", text=["a"])]) == Text("a")


@pytest.mark.parametrize(
    ("field", "value", "kind", "stored"),
    [
        (STARS, Rating(3, of=4), "rating", {"rating": 3}),
        (BETTER, Choice("right"), "pairwise", {"selected": "right"}),
        (
            WHAT,
            Choices(frozenset({"قط", "A & B > cat > 🐈", "A & B"})),
            "taxonomy",
            {"taxonomy": [["A & B"], ["A & B", "cat", "🐈"], ["قط"]]},
        ),
        (REPLY, Text("two\nlines"), "textarea", {"text": ["two\nlines"]}),
    ],
)
def test_regions_look_as_label_studio_stores_them(
    field: Field, value: Value, kind: str, stored: dict[str, object]
) -> None:
    """Type, key and shape of the value are those of Label Studio 1.23; a pair's region names the left object."""
    (region,) = to_regions(field, value)
    assert {key: region[key] for key in ("from_name", "to_name", "type", "value")} == said(field, kind, **stored)
    assert region["to_name"] == ("one" if field is BETTER else "text")


@pytest.mark.parametrize(
    ("field", "result", "value"),
    [
        (STARS, [], None),
        (STARS, [said(STARS, "rating", rating=0)], None),
        (STARS, [said(STARS, "rating", rating=True)], None),
        (STARS, [said(STARS, "rating", rating="3")], Rating(3, of=4)),
        (STARS, [said(STARS, "rating", rating="3.0")], Rating(3, of=4)),
        (STARS, [said(STARS, "rating", rating="three")], None),
        (STARS, [said(STARS, "rating", stars=3)], None),
        (STARS, [said(STARS, "rating", rating=2.5)], None),
        (STARS, [said(STARS, "rating", rating=float("nan"))], None),
        (STARS, [said(STARS, "rating", rating=float("inf"))], None),
        (STARS, [said(STARS, "rating", rating=2.0)] * 2, Rating(2, of=4)),
        (STARS, [said(STARS, "rating", rating=2), said(STARS, "rating", rating=3)], None),
        (STARS, [said(STARS, "rating", rating=9)], Rating(9, of=4)),
        (BETTER, [], None),
        (BETTER, [{**said(BETTER, "pairwise", selected="left"), "to_name": "better"}], Choice("left")),
        (BETTER, [said(BETTER, "pairwise", selected=None)], None),
        (BETTER, [said(BETTER, "pairwise", selected="left"), said(BETTER, "pairwise", selected="right")], None),
        (WHAT, [], Choices(frozenset())),
        (WHAT, [said(WHAT, "taxonomy", taxonomy=[["قط"], [], ["قط"]])], Choices(frozenset({"قط"}))),
        (WHAT, [said(WHAT, "taxonomy", taxonomy=[["قط"], "A"])], None),
        (WHAT, [said(WHAT, "taxonomy", taxonomy=[["قط"], [5]])], None),
        (WHAT, [said(WHAT, "taxonomy", taxonomy=[["A & B > cat"]])], None),
        (WHAT, [said(WHAT, "taxonomy", choices=[["قط"]])], None),
        (WHAT, [said(WHAT, "choices", choices=["قط"])], None),
        (WHAT, [said(WHAT, "taxonomy", taxonomy=[["gone", "too"]])], Choices(frozenset({"gone > too"}))),
        (REPLY, [], None),
        (REPLY, [said(REPLY, "textarea", text=[])], None),
        (REPLY, [said(REPLY, "textarea", text=["  "])], None),
        (REPLY, [said(REPLY, "textarea", text="alone")], Text("alone")),
        (REPLY, [said(REPLY, "textarea", text=["one", 2, True, "二"])], Text("one\n2\ntrue\n二")),
        (REPLY, [said(REPLY, "textarea", text=["one", None])], None),
        (REPLY, [said(REPLY, "textarea", text={"a": 1})], None),
        (REPLY, [said(REPLY, "choices", text=["one"])], None),
    ],
)
def test_odd_regions_are_read_as_far_as_they_say_something(
    field: Field, result: list[object], value: Value | None
) -> None:
    """Unreadable and contradictory answers are none, doubles count once, several texts are lines."""
    assert from_regions(field, result) == value


def test_nothing_is_encoded_as_no_region() -> None:
    """Label Studio stores no region for an empty taxonomy or text."""
    assert to_regions(WHAT, Choices(frozenset())) == to_regions(REPLY, Text(" ")) == []


@pytest.mark.parametrize("field", [STARS, BETTER, WHAT, REPLY])
def test_a_value_of_another_kind_breaks_a_promise(field: Field) -> None:
    """A span cannot be said of a field without any."""
    with pytest.raises(BrokenPromise, match="Spans cannot be said"):
        to_regions(field, Spans(frozenset({Span(0, 1, "x")})))


@pytest.mark.parametrize(
    ("field", "shown", "submitted", "expected"),
    [
        (STARS, Rating(2, of=4), Rating(2, of=4), Origin.ACCEPTED),
        (STARS, Rating(2, of=4), Rating(3, of=4), Origin.CORRECTED),
        (BETTER, Choice("left"), Choice("right"), Origin.CORRECTED),
        (WHAT, Choices(frozenset({"قط"})), Choices(frozenset({"قط"})), Origin.ACCEPTED),
        (WHAT, Choices(frozenset()), Choices(frozenset({"قط"})), Origin.MANUAL),
        (REPLY, Text("yes"), Text("yes"), Origin.ACCEPTED),
        (REPLY, Text("yes"), Text("yes!"), Origin.CORRECTED),
    ],
)
def test_origin_compares_what_was_said(field: Field, shown: Value, submitted: Value, expected: Origin) -> None:
    """Accepted if the same is said as was shown, however its regions look; manual where nothing was shown."""
    now = datetime(2026, 11, 22, tzinfo=UTC)
    annotation = WireAnnotation.model_validate(
        {
            "id": 1,
            "completed_by": 3,
            "updated_by": 3,
            "created_at": now,
            "updated_at": now,
            "parent_prediction": 9,
            "result": [{**region, "id": "other"} for region in to_regions(field, submitted)],
        }
    )
    prediction = WirePrediction.model_validate({"id": 9, "result": to_regions(field, shown)})
    assert origin(field, annotation, [prediction]) is expected
