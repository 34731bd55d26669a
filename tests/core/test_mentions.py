"""Numbers and dates that are written in texts: how they are read, and which of them is the answer."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelloop.domain.scale import Precision, Scale
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Moment, Number, same
from labelloop.learners.base import Example, FitContext, ModelContext
from labelloop.learners.linear.learner import LinearLearner
from labelloop.learners.linear.mentions import MOST, mentions
from labelloop.testing import BagOfWords

FORMS = {Precision.TIME: "%H:%M", Precision.MINUTE: "%Y-%m-%dT%H:%M"}


def number(scale: Scale | None = None) -> Field:
    return Field("n", FieldKind.NUMBER, (), "text", ("text",), scale=scale)


def moment(precision: Precision) -> Field:
    scale = Scale(precision=precision, form=FORMS.get(precision, "%Y-%m-%d"))
    return Field("n", FieldKind.DATETIME, (), "text", ("text",), scale=scale)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("costs 12.5 or 12,5 in all", ["12.5", "12.5"]),
        ("1.234,50 EUR and 1,234.50 USD and 1'234'567", ["1234.5", "1234.5", "1234567"]),
        ("about 1,234 of them", ["1.234", "1234"]),
        ("-7 °C, room 007, 0.125", ["-7", "7", "0.125"]),
        ("共 30 元", ["30"]),
        ("none at all", []),
        ("", []),
    ],
)
def test_numbers_are_read_in_every_way_that_people_write_them(text: str, found: list[str]) -> None:
    """A single separator before three digits may be either: both readings are offered."""
    assert [str(one.value) for one in mentions(number(), text)] == found


@pytest.mark.parametrize(
    ("precision", "text", "found"),
    [
        (Precision.DATE, "on 2024-05-17, 17.05.2024 or 17 May 2024", ["2024-05-17"] * 3),
        (Precision.DATE, "May 17th, 2024; the 17th of May 2024; 2024年5月17日", ["2024-05-17"] * 3),
        (Precision.DATE, "03/04/2024", ["2024-04-03", "2024-03-04"]),
        (Precision.DATE, "31.02.2024, 17 Foo 2024, 99-99-2024", []),
        (Precision.MONTH, "17.05.2024", ["2024-05-01"]),
        (Precision.YEAR, "since 1999, see 17.05.2024", ["1999-01-01", "2024-01-01", "2024-01-01"]),
        (Precision.TIME, "at 9:30 pm, not 25:00, or 07:05", ["21:30", "07:05"]),
        (Precision.MINUTE, "17.05.2024 at 9:30", ["2024-05-17T09:30"]),
        (Precision.MINUTE, "17.05.2024", ["2024-05-17T00:00"]),
    ],
)
def test_dates_are_read_in_every_way_that_people_write_them(precision: Precision, text: str, found: list[str]) -> None:
    """To the precision that the field asks for; a day that does not exist is none."""
    assert [str(one.value) for one in mentions(moment(precision), text)] == found


@given(st.text(alphabet="0123456789.,-/: '−年月日MayTapm", max_size=60), st.sampled_from([None, *Precision]))
def test_whatever_is_written_only_allowed_values_are_found(text: str, precision: Precision | None) -> None:
    """Never more than twenty, each where it is written."""
    field = moment(precision) if precision else number(Scale(0, 50, 0.5))
    found = mentions(field, text)
    assert len(found) <= MOST
    assert all(field.allows(one.value) and 0 <= one.start < one.end <= len(text) for one in found)


def test_the_number_that_people_mean_is_told_by_what_stands_around_it(tmp_path: Path) -> None:
    """Also of texts that were not among the examples, and by a model that was saved and loaded."""
    words = ("order", "invoice", "parcel", "客户")
    texts = [
        (f"{word} {day} of May: subtotal {price} EUR, the total is {price + day} EUR, weight {day * 3} kg", price + day)
        for word, day, price in itertools.product(words, range(1, 11), (100, 230, 990))
    ]
    known, asked = texts[::2], texts[1::2]
    examples = [Example(n, text, Number(total, 0)) for n, (text, total) in enumerate(known)]
    model = LinearLearner().fit(number(), examples, FitContext(BagOfWords(), seed=1))
    model.save(tmp_path)
    answers = LinearLearner().load(tmp_path, ModelContext(BagOfWords())).predict([text for text, _ in asked])
    assert answers == model.predict([text for text, _ in asked])
    right = [same(answer.value, Number(total, 0)) for answer, (_, total) in zip(answers, asked, strict=True)]
    assert sum(right) > 0.9 * len(right)


def test_a_single_date_in_the_text_is_the_answer() -> None:
    """Where nothing is written the regression answers."""
    examples = [Example(day, f"it came on {day} May 2024", Moment(f"2024-05-{day:02}")) for day in range(1, 29)]
    model = LinearLearner().fit(moment(Precision.DATE), examples, FitContext(BagOfWords(), seed=1))
    dated, undated = model.predict(["Maybe on 2 June 2031?", "nobody knows"])
    assert dated.value == Moment("2031-06-02")
    assert dated.confidence > 0.8
    assert undated.confidence < dated.confidence
