"""Numbers and dates that are written in a text: every reading of them that a field allows."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from labelloop.domain.scale import Precision
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Moment, Number

MOST = 20
"""Mentions of a text that are looked at, from its beginning."""
_MOST_TIMES = 3

_NUMBER = re.compile(r"(?<![\d.,])[-−]?\d+(?:[.,' \u00a0\u202f]\d+)*(?!\d)")
_ISO = re.compile(r"(?<!\d)(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})(?!\d)")
_FIGURES = re.compile(r"(?<!\d)(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})(?!\d)")
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?([A-Za-z]{3,9})\.?,?\s+(\d{4})")
_MONTH_FIRST = re.compile(r"\b([A-Za-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")
_TIME = re.compile(r"(?<!\d)(\d{1,2})[:：](\d{2})(?:\s?([ap])\.?m\b)?", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, slots=True)
class Mention:
    """A value where it is written; `reading` numbers the ways in which the same characters can be read."""

    start: int
    end: int
    value: Number | Moment
    reading: int = 0


def mentions(field: Field, text: str) -> list[Mention]:
    """Return what is written in the text that the field allows, in order, at most 20.

    >>> from labelloop.domain.values import FieldKind
    >>> [m.value.number for m in mentions(Field("n", FieldKind.NUMBER, (), "t", ("t",)), "2 for 1.234,50 or 12,5")]
    [2.0, 1234.5, 12.5]
    """
    found = _numbers(field, text) if field.kind is FieldKind.NUMBER else _moments(field, text)
    allowed = (mention for mention in found if field.allows(mention.value))
    return sorted(allowed, key=lambda mention: (mention.start, mention.reading))[:MOST]


def _numbers(field: Field, text: str) -> Iterator[Mention]:
    for found in _NUMBER.finditer(text):
        for reading, number in enumerate(_readings(found[0])):
            yield Mention(found.start(), found.end(), field.line.number(number), reading)


def _readings(written: str) -> list[float]:
    """Return what the figures may mean: the last of two separators is the decimal one, a single one may be either."""
    digits = re.sub(r"[' \u00a0\u202f]", "", written.replace("−", "-"))
    separators = [sign for sign in digits if sign in ".,"]
    if len(set(separators)) == 2:
        thousands = separators[0]
        return [float(digits.replace(thousands, "").replace(",", "."))] if digits.count(separators[-1]) == 1 else []
    whole = float(re.sub("[.,]", "", digits))
    if len(separators) != 1:
        return [whole]
    decimal = float(digits.replace(",", "."))
    return [decimal, whole] if re.fullmatch(r"-?[1-9]\d{0,2}[.,]\d{3}", digits) else [decimal]


def _moments(field: Field, text: str) -> Iterator[Mention]:
    precision = field.line.precision
    times = list(_times(text))
    if precision is Precision.TIME:
        days: Iterable[tuple[int, int, datetime, int]] = times
    elif precision is Precision.MINUTE:
        days = _with_times(list(_days(text)), times)
    else:
        days = [*_days(text), *(_years(text) if precision is Precision.YEAR else ())]
    for start, end, moment, reading in days:
        yield Mention(start, end, field.line.told(moment), reading)


def _with_times(
    days: list[tuple[int, int, datetime, int]], times: list[tuple[int, int, datetime, int]]
) -> Iterator[tuple[int, int, datetime, int]]:
    for start, end, day, reading in days:
        near = sorted(times, key=lambda time: abs(time[0] - end))[:_MOST_TIMES]
        for place, (_, _, time, _) in enumerate(near):
            yield start, end, day.replace(hour=time.hour, minute=time.minute), reading * _MOST_TIMES + place
        if not near:
            yield start, end, day, reading


def _days(text: str) -> Iterator[tuple[int, int, datetime, int]]:
    for found in _ISO.finditer(text):
        yield from _day(found, 0, found[1], found[2], found[3])
    for found in _FIGURES.finditer(text):
        year = found[3] if len(found[3]) == 4 else f"20{found[3]}"
        yield from _day(found, 0, year, found[2], found[1])
        if found[1] != found[2]:
            yield from _day(found, 1, year, found[1], found[2])
    for found in _DAY_FIRST.finditer(text):
        yield from _day(found, 0, found[3], _month(found[2]), found[1])
    for found in _MONTH_FIRST.finditer(text):
        yield from _day(found, 0, found[3], _month(found[1]), found[2])


def _years(text: str) -> Iterator[tuple[int, int, datetime, int]]:
    for found in _YEAR.finditer(text):
        yield from _day(found, 0, found[1], "1", "1")


def _times(text: str) -> Iterator[tuple[int, int, datetime, int]]:
    for found in _TIME.finditer(text):
        hour, minute, half = int(found[1]), int(found[2]), (found[3] or "").lower()
        hour = hour % 12 + 12 * (half == "p") if half else hour
        if hour < 24 and minute < 60:
            yield found.start(), found.end(), datetime(1970, 1, 1, hour, minute), 0


def _day(
    found: re.Match[str], reading: int, year: str, month: str, day: str
) -> Iterator[tuple[int, int, datetime, int]]:
    try:
        yield found.start(), found.end(), datetime(int(year), int(month), int(day)), reading
    except ValueError:  # no such day
        return


def _month(name: str) -> str:
    start = name[:3].lower()
    return str(_MONTHS.index(start) + 1) if start in _MONTHS else "0"
