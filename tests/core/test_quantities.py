"""Numbers and dates: what counts as the same, what a field allows, how they are settled and written down."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelloop.domain.consensus import settle
from labelloop.domain.scale import Precision, Scale, date_scale
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Annotation
from labelloop.domain.value_cells import value_cells, value_from_cells
from labelloop.domain.values import FieldKind, Moment, Number, Value, same, similarity
from labelloop.learners.base import Example, FitContext
from labelloop.learners.linear.learner import LinearLearner
from labelloop.stats.agreement import distance_of, krippendorff_alpha
from labelloop.testing import BagOfWords

ISO = {
    Precision.YEAR: "%Y-01-01",
    Precision.MONTH: "%Y-%m-01",
    Precision.DATE: "%Y-%m-%d",
    Precision.TIME: "%H:%M",
    Precision.MINUTE: "%Y-%m-%dT%H:%M",
}
finite = st.floats(allow_nan=False, allow_infinity=False)
moments = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31))


def field(scale: Scale | None = None) -> Field:
    kind = FieldKind.DATETIME if scale and scale.precision else FieldKind.NUMBER
    return Field("n", kind, (), "text", ("text",), scale=scale)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (Number(5, 1), Number(6, 1), 1.0),
        (Number(5, 1), Number(6.01, 1), 0.0),
        (Number(0.1 + 0.2, 0), Number(0.3, 0), 1.0),
        (Number(-100), Number(-95), 1.0),
        (Number(100), Number(94), 0.0),
        (Number(0), Number(0.001), 0.0),
        (Moment("2024-05-17"), Moment("2024-05-17"), 1.0),
        (Moment("2024-05-17"), Moment("2024-05-18"), 0.0),
        (Moment("2024-05-17T23:50", 15), Moment("2024-05-18T00:05", 15), 1.0),
        (Moment("09:30", 15), Moment("09:46", 15), 0.0),
    ],
)
def test_two_points_on_a_line_are_alike_within_their_tolerance(one: Value, other: Value, alike: float) -> None:
    """A number without a range may be 5 % off; how far apart the others are does not matter."""
    assert similarity(one, other) == similarity(other, one) == alike
    assert same(one, other) is bool(alike)


@given(finite, st.none() | st.floats(0, 1e6))
def test_a_number_keeps_all_its_digits_in_cells(number: float, within: float | None) -> None:
    """In tables and JSON."""
    assert value_from_cells(value_cells(Number(number, within))) == Number(number, within)


@given(moments, st.sampled_from(list(Precision)))
def test_a_moment_is_kept_in_cells_and_lies_where_it_should(moment: datetime, precision: Precision) -> None:
    """To the minute, or as exactly as the field asks."""
    told = Scale(precision=precision).told(moment)
    assert told.iso == moment.strftime(ISO[precision]).rjust(len(told.iso), "0")
    assert value_from_cells(value_cells(told)) == told
    assert Scale(precision=precision).nearest(told.place) == told


@given(st.floats(-1e6, 1e6), st.floats(-1e4, 1e4), st.integers(1, 1000), st.sampled_from((0.01, 0.5, 1, 3, 25)))
def test_the_nearest_number_is_allowed(place: float, least: float, steps: int, step: float) -> None:
    """Label Studio refuses a submit of any other, so that people could not accept a prediction."""
    for scale in (Scale(), Scale(least), Scale(least, least + steps * step), Scale(least, least + steps * step, step)):
        assert field(scale).allows(scale.nearest(place)), scale


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        (Number(2.5, 0.5), True),
        (Number(2.4, 0.5), False),
        (Number(-0.5, 0.5), False),
        (Number(10.5, 0.5), False),
        (Number(float("nan")), False),
        (Moment("2024-05-17"), False),
    ],
)
def test_a_field_allows_what_lies_on_its_scale(value: Value, allowed: bool) -> None:
    """Between the ends and on a step."""
    assert field(Scale(0, 10, 0.5)).allows(value) is allowed


def test_a_field_is_the_same_after_json() -> None:
    """A field without a scale has the digest that it had before there were any."""
    scale = date_scale(Precision.MINUTE, "%d.%m.%Y %H:%M", 0.0)
    for one in (field(), field(Scale(0, 1, 0.1)), field(scale)):
        assert Field.from_json(one.to_json()) == one
    assert "scale" not in field().to_json()


@pytest.mark.parametrize("form", ["%H:%M", "%m/%Y", "%Y", "%d.%m.", "no form", "%Q", "%Y-%m-%d %"])
def test_a_form_that_does_not_tell_days_apart_makes_no_scale(form: str) -> None:
    """What was written so could not be read back."""
    assert date_scale(Precision.DATE, form) is None


def test_several_people_settle_on_the_median_unless_it_lies_between_two_that_differ() -> None:
    """Two numbers that count as the same settle on the smaller one: it is one that somebody gave."""

    def settled(*values: Value) -> Value | None:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        return settle([Annotation(n, 1, n, value, now) for n, value in enumerate(values)]).value

    assert settled(Number(104), Number(100)) == Number(100)
    assert settled(Number(100), Number(200)) is None
    assert settled(Number(7), Number(900), Number(8)) == Number(8)
    assert settled(Moment("2024-05-18"), Moment("2024-05-17")) is None
    assert settled(*(Moment(f"2024-05-{day}") for day in (17, 19, 18))) == Moment("2024-05-18")


def test_alpha_counts_how_far_numbers_are_apart() -> None:
    """By the interval metric."""
    distance = distance_of(FieldKind.NUMBER)
    assert distance is not None
    near = krippendorff_alpha([[Number(1), Number(2)], [Number(50), Number(51)]], distance)
    far = krippendorff_alpha([[Number(1), Number(50)], [Number(2), Number(51)]], distance)
    assert near is not None
    assert far is not None
    assert near > 0.99
    assert far < 0


def told(n: int, seed: int) -> list[tuple[str, float]]:
    """Return sentences whose words add up to a number."""
    rng = np.random.default_rng(seed)
    worth = {"table": 40.0, "lamp": 10.0, "chair": 25.0, "shelf": 60.0, "rug": 5.0}
    some = [rng.choice(list(worth), 3, replace=False) for _ in range(n)]
    return [("a " + " and a ".join(words), sum(worth[word] for word in words)) for words in some]


def test_regression_hits_new_texts_and_knows_how_often() -> None:
    """The confidence is the share of answers within the tolerance, out of fold."""
    known = [Example(n, text, Number(price)) for n, (text, price) in enumerate(told(150, 1))]
    noisy = [Example(e.task_id, e.text, Number(1.0 + e.task_id % 97)) for e in known]
    asked = told(60, 2)
    for examples, least, most in ((known, 0.9, 1.0), (noisy, 0.0, 0.35)):
        model = LinearLearner().fit(field(), examples, FitContext(BagOfWords(), seed=3))
        answers = model.predict([text for text, _ in asked])
        sure = float(np.mean([answer.confidence for answer in answers]))
        assert least <= sure <= most
        if examples is known:
            hits = np.mean([same(a.value, Number(price)) for a, (_, price) in zip(answers, asked, strict=True)])
            assert hits > 0.9


def test_one_example_is_enough_to_answer() -> None:
    """Though nobody should be sure of it."""
    model = LinearLearner().fit(field(Scale(0, 9, 1)), [Example(1, "x", Number(3, 0.5))], FitContext(BagOfWords()))
    (answer,) = model.predict(["y"])
    assert answer.value == Number(3, 0.5)
    assert answer.confidence <= 0.5
