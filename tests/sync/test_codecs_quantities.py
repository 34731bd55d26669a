"""Numbers and dates become regions as Label Studio stores them, and come back; what is written otherwise does not."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelloop.domain.schema import Field
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Moment, Number
from sync.codecs.region_codec import from_regions, read_answer, to_regions, validate, wire_prediction
from sync.config.label_config import parse

CONFIG = """<View><Text name="text" value="$text"/>
<Number name="price" toName="text"/><Number name="share" toName="text" min="0" max="1" step="0.1"/>
<DateTime name="when" toName="text"/><DateTime name="day" toName="text" only="date" format="%d.%m.%Y"/>
<DateTime name="hour" toName="text" only="time"/><DateTime name="month" toName="text" only="month,year"/>
<DateTime name="year" toName="text" only="year"/></View>"""
FIELDS = {field.name: field for field in parse(CONFIG).fields}

numbers = st.floats(-1e12, 1e12).map(lambda number: (FIELDS["price"], Number(number)))
shares = st.integers(0, 10).map(lambda tenth: (FIELDS["share"], FIELDS["share"].line.nearest(tenth / 10)))
dates = st.tuples(st.sampled_from(("when", "day", "hour", "month", "year")), st.datetimes(datetime(2000, 1, 1))).map(
    lambda made: (FIELDS[made[0]], FIELDS[made[0]].line.told(made[1]))
)


def said(field: Field, stored: object) -> dict[str, object]:
    kind = str(field.kind)
    return {"from_name": field.name, "to_name": "text", "type": kind, "value": {kind: stored}}


@given(numbers | shares | dates)
def test_what_was_encoded_decodes_to_itself_and_is_sound(case: tuple[Field, Number | Moment]) -> None:
    """No digit and no minute is lost, and Label Studio's own rules accept it."""
    field, value = case
    assert field.allows(value)
    prediction = wire_prediction(field, value, score=0.5, model_version="v1")
    assert validate(CONFIG, prediction) is None
    assert from_regions(field, to_regions(field, value)) == value


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("price", Number(12.5), 12.5),
        ("price", Number(7.0), 7),
        ("share", Number(0.3, 0.05), 0.3),
        ("when", Moment("2024-05-17T09:07", 15.0), "2024-05-17T09:07"),
        ("day", Moment("2024-05-17"), "17.05.2024"),
        ("hour", Moment("09:07", 15.0), "09:07"),
        ("month", Moment("2024-05-01"), "2024-05-01"),
        ("year", Moment("2024-01-01"), "2024-01-01"),
    ],
)
def test_regions_look_as_label_studio_stores_them(name: str, value: Number | Moment, stored: object) -> None:
    """As people's own answers look in Label Studio 1.23.2."""
    (region,) = to_regions(FIELDS[name], value)
    assert {key: region[key] for key in ("from_name", "to_name", "type", "value")} == said(FIELDS[name], stored)
    assert from_regions(FIELDS[name], [said(FIELDS[name], stored)]) == value


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("price", "12.5"),
        ("price", "12,5"),
        ("price", float("nan")),
        ("price", float("inf")),
        ("price", True),
        ("price", None),
        ("price", [5]),
        ("share", 0.25),
        ("share", 1.1),
        ("share", -0.1),
        ("year", "1999-01-01"),
        ("when", "2024-05-17"),
        ("when", "2024-05-17T09:07:30"),
        ("day", "2024-05-17"),
        ("day", "31.02.2024"),
        ("day", "1.5.2024"),
        ("day", 20240517),
        ("hour", "9:07"),
        ("hour", "25:00"),
        ("year", "2024"),
    ],
)
def test_what_is_written_otherwise_is_unreadable(name: str, stored: object) -> None:
    """A number as text, a date in another form: no guess is made of what it might mean."""
    assert read_answer(FIELDS[name], [said(FIELDS[name], stored)]) is Unanswered.UNREADABLE


def test_nothing_said_is_no_answer_and_two_answers_contradict_each_other() -> None:
    """The same said twice counts once."""
    price, day = FIELDS["price"], FIELDS["day"]
    assert read_answer(price, []) is Unanswered.EMPTY
    assert read_answer(day, [said(day, "")]) is Unanswered.EMPTY
    assert read_answer(price, [said(price, 1), said(price, 2)]) is Unanswered.CONTRADICTORY
    assert read_answer(price, [said(price, 1), said(price, 1.0)]) == Number(1)


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [('format="%m/%Y"', 'format="%m/%Y"'), ('format="%Q"', 'format="%Q"'), ('only="date" format="%H:%M"', "%H:%M")],
)
def test_a_date_whose_form_loses_something_is_refused(attributes: str, reason: str) -> None:
    """It could not be written back."""
    schema = parse(f'<View><Text name="t" value="$t"/><DateTime name="d" toName="t" {attributes}/></View>')
    assert not schema.fields
    assert reason in schema.not_learnable[0]
