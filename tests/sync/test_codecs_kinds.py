"""Stars, pairs, taxonomies and written texts become regions as Label Studio stores them, and come back."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelloop.domain.schema import Field
from labelloop.domain.tasks import Origin, Prediction
from labelloop.domain.values import Choice, Choices, Rating, Span, Spans, Text, Value
from labelloop.errors import BrokenPromise
from sync.codecs import decode, encode, origin, validate, wire_prediction
from sync.label_config import parse
from sync.wire import WireAnnotation, WirePrediction

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
        for region in encode(other, something)
    ]
    assert decode(field, [*others, *encode(field, value), *others]) == value
    assert field.allows(value)


@given(values, st.floats(0, 1))
def test_predictions_of_allowed_values_are_sound(case: tuple[Field, Value], score: float) -> None:
    """Whatever the model may say, Label Studio's own rules accept it."""
    field, value = case
    assert validate(CONFIG, wire_prediction(field, Prediction(1, value, 0.5), score=score, model_version="v1")) is None


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
    (region,) = encode(field, value)
    assert {key: region[key] for key in ("from_name", "to_name", "type", "value")} == said(field, kind, **stored)
    assert region["to_name"] == ("one" if field is BETTER else "text")


@pytest.mark.parametrize(
    ("field", "result", "value"),
    [
        (STARS, [], None),
        (STARS, [said(STARS, "rating", rating=0)], None),
        (STARS, [said(STARS, "rating", rating=True)], None),
        (STARS, [said(STARS, "rating", rating="3")], None),
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
        (WHAT, [said(WHAT, "taxonomy", taxonomy=[["قط"], [], "A", [5], ["قط"]])], Choices(frozenset({"قط"}))),
        (WHAT, [said(WHAT, "taxonomy", taxonomy=[["gone", "too"]])], Choices(frozenset({"gone > too"}))),
        (REPLY, [], None),
        (REPLY, [said(REPLY, "textarea", text=[])], None),
        (REPLY, [said(REPLY, "textarea", text=["  "])], None),
        (REPLY, [said(REPLY, "textarea", text="alone")], Text("alone")),
        (REPLY, [said(REPLY, "textarea", text=["one", 2, "二"])], Text("one\n二")),
        (REPLY, [said(REPLY, "choices", text=["one"])], None),
    ],
)
def test_odd_regions_are_read_as_far_as_they_say_something(
    field: Field, result: list[object], value: Value | None
) -> None:
    """Malformed regions say nothing, doubles count once, contradictions are no answer, several texts are lines."""
    assert decode(field, result) == value


def test_nothing_is_encoded_as_no_region() -> None:
    """Label Studio stores no region for an empty taxonomy or text."""
    assert encode(WHAT, Choices(frozenset())) == encode(REPLY, Text(" ")) == []


@pytest.mark.parametrize("field", [STARS, BETTER, WHAT, REPLY])
def test_a_value_of_another_kind_breaks_a_promise(field: Field) -> None:
    """A span cannot be said of a field without any."""
    with pytest.raises(BrokenPromise, match="Spans cannot be said"):
        encode(field, Spans(frozenset({Span(0, 1, "x")})))


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
            "result": [{**region, "id": "other"} for region in encode(field, submitted)],
        }
    )
    prediction = WirePrediction.model_validate({"id": 9, "result": encode(field, shown)})
    assert origin(field, annotation, [prediction]) is expected
