"""The line on which the answers of a number or date field lie: its ends, its steps, and how moments are written."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import MAXYEAR, datetime, timedelta
from enum import StrEnum
from math import isfinite

from labelloop.domain.values import Moment, Number

_TOLERATED_SHARE = 0.05
_TOLERATED_MINUTES = 15.0
_EPOCH = datetime(1970, 1, 1)
_ROUNDING = 1e-8


class Precision(StrEnum):
    """How exactly a moment is told, as `DateTime` asks for it."""

    YEAR = "year"
    MONTH = "month"
    DATE = "date"
    TIME = "time"
    MINUTE = "minute"


_HALF = {Precision.YEAR: 182.5 * 24 * 60, Precision.MONTH: 14.0 * 24 * 60, Precision.DATE: 12.0 * 60}
"""Half the minutes of what starts at a moment, at least."""
_ISO = {Precision.TIME: "%H:%M", Precision.MINUTE: "%Y-%m-%dT%H:%M"}


@dataclass(frozen=True, slots=True)
class Scale:
    """The answers that a field allows: from `least` to `most`, in steps of `step` from `least` (or 0).

    Of moments, `precision` says how exactly they are told, `form` how the labelling tool writes them (as `strptime`
    reads it), and the ends are minutes since 1970, or since midnight. Without a precision they are numbers.
    """

    least: float | None = None
    most: float | None = None
    step: float | None = None
    precision: Precision | None = None
    form: str = ""

    def number(self, given: float) -> Number:
        """Return the number with the tolerance of this scale: 5 % of the range, at least half a step."""
        if self.least is None or self.most is None:
            return Number(given)
        return Number(given, max(_TOLERATED_SHARE * (self.most - self.least), (self.step or 0.0) / 2))

    def moment(self, text: str) -> Moment | None:
        """Return the moment that is written so, None where it is written otherwise.

        >>> Scale(precision=Precision.DATE, form="%d.%m.%Y").moment("17.05.2024")
        Moment(iso='2024-05-17', within=0.0)
        """
        try:
            found = datetime.strptime(text, self.form)
        except ValueError:
            return None
        return self.told(found) if found.strftime(self.form) == text else None

    def written(self, moment: Moment) -> str:
        """Return a moment as the labelling tool writes it.

        >>> Scale(precision=Precision.MINUTE, form="%d.%m.%y %H:%M").written(Moment("2024-05-17T09:30"))
        '17.05.24 09:30'
        """
        return (_EPOCH + timedelta(minutes=moment.place)).strftime(self.form)

    def allows(self, value: Number | Moment) -> bool:
        """Return whether the value lies between the ends and on a step."""
        place = value.place
        if not isfinite(place) or isinstance(value, Moment) is not (self.precision is not None):
            return False
        inside = (self.least is None or place >= self.least) and (self.most is None or place <= self.most)
        return inside and (self.step is None or abs(place - self._on_step(place)) <= _ROUNDING)

    def nearest(self, place: float) -> Number | Moment:
        """Return the allowed value that is nearest to a place on the line.

        >>> Scale(0, 10, 0.5).nearest(3.3).number, Scale(precision=Precision.YEAR).nearest(0).iso
        (3.5, '1970-01-01')
        """
        if self.precision is not None:
            return self.told(_at(self._inside(place + _HALF.get(self.precision, 0.0)), self.precision))
        if self.step is None:
            return self.number(self._inside(float(f"{place:.6g}")))
        return self.number(self._inside(self._on_step(self._inside(place))))

    def told(self, found: datetime) -> Moment:
        """Return the moment as exactly as the field asks for it."""
        precision = self.precision or Precision.MINUTE
        if precision in (Precision.YEAR, Precision.MONTH):
            found = found.replace(month=1 if precision is Precision.YEAR else found.month, day=1)
        exact = precision in (Precision.MINUTE, Precision.TIME)
        return Moment(found.strftime(_ISO.get(precision, "%Y-%m-%d")), _TOLERATED_MINUTES * exact)

    def _inside(self, place: float) -> float:
        place = place if self.least is None else max(place, self.least)
        return place if self.most is None else min(place, self.most)

    def _on_step(self, place: float) -> float:
        start, step = self.least or 0.0, self.step or 1.0
        steps = round((place - start) / step)
        if self.most is not None and start + steps * step > self.most + _ROUNDING:
            steps -= 1
        return float(f"{start + steps * step:.15g}")


def date_scale(precision: Precision, form: str, least: float | None = None, most: float | None = None) -> Scale | None:
    """Return the scale of moments that are written so, None where the form does not tell them apart."""
    scale = Scale(least, most, precision=precision, form=form)
    samples = (datetime(2011, 11, 23, 17, 45), datetime(1998, 2, 5, 4, 7))
    try:
        told = [(scale.told(sample), scale.moment(sample.strftime(form))) for sample in samples]
    except ValueError:
        return None
    return scale if all(one == other for one, other in told) else None


def scale_of(moments: Iterable[Moment]) -> Scale:
    """Return the scale of moments that are told as exactly as these: times of day, dates, or both.

    >>> scale_of([Moment("2024-05-17"), Moment("2024-05-18")]).precision.value
    'date'
    """
    lengths = {len(moment.iso) for moment in moments}
    precision = {5: Precision.TIME, 10: Precision.DATE}.get(min(lengths, default=0), Precision.MINUTE)
    precision = precision if len(lengths) == 1 else Precision.MINUTE
    return Scale(precision=precision, form=_ISO.get(precision, "%Y-%m-%d"))


def _at(minutes: float, precision: Precision) -> datetime:
    if precision is Precision.TIME:
        return _EPOCH + timedelta(minutes=round(min(max(minutes, 0), 24 * 60 - 1)))
    first, last = (datetime(1000, 1, 1) - _EPOCH), (datetime(MAXYEAR, 12, 31) - _EPOCH)
    inside = min(max(minutes, first.total_seconds() / 60), last.total_seconds() / 60)
    return _EPOCH + timedelta(minutes=round(inside))
