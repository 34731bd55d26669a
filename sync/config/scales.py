"""The attributes of `Number` and `DateTime` as the scale on which answers lie, and back."""

import re
from datetime import datetime
from math import isfinite

from labelloop.domain.scale import Precision, Scale, date_scale
from sync.config.tag_attributes import Tag, attribute

_USUAL = {Precision.MINUTE: "%Y-%m-%dT%H:%M", Precision.TIME: "%H:%M"}
_DATE = "%Y-%m-%d"
_EARLIEST_YEAR = "2000"
_TIME_OF_DAY = re.compile("%[HIMSpX]")


def number_scale(control: Tag) -> Scale:
    """Return the ends and steps of a `Number`; what is no number is none, as in Label Studio."""
    least, most, step = (_finite(attribute(control, name, "")) for name in ("min", "max", "step"))
    return Scale(least, most, step if step and step > 0 else None)


def moment_scale(control: Tag) -> Scale | None:
    """Return how exactly and in which form a `DateTime` is answered; None where the form does not tell answers apart.

    `only` is one or several of `date`, `time`, `month` and `year`; a time of day alone is never formatted.
    """
    only = attribute(control, "only", "")
    form = attribute(control, "format", "")
    precision = _precision(only, form)
    if precision is Precision.TIME:
        return date_scale(precision, _USUAL[precision])
    earliest = _EARLIEST_YEAR if precision in (Precision.YEAR, Precision.MONTH) else ""
    least, most = (_minutes(attribute(control, name, usual)) for name, usual in (("min", earliest), ("max", "")))
    return date_scale(precision, form or _USUAL.get(precision, _DATE), least, most)


def date_attributes(scale: Scale) -> dict[str, str]:
    """Return the attributes of a `DateTime` with this scale."""
    only = {Precision.MINUTE: "", Precision.MONTH: "month,year"}.get(scale.precision or Precision.DATE, scale.precision)
    usual = _USUAL.get(scale.precision or Precision.DATE, _DATE)
    day = Scale(precision=Precision.DATE)
    found = {
        "only": str(only),
        "format": scale.form if scale.form != usual else "",
        "min": "" if scale.least is None else str(day.nearest(scale.least)),
        "max": "" if scale.most is None else str(day.nearest(scale.most)),
    }
    return {key: value for key, value in found.items() if value}


def _precision(only: str, form: str) -> Precision:
    if only == "time":
        return Precision.TIME
    if not only or "time" in only:
        return Precision.DATE if form and not _TIME_OF_DAY.search(form) else Precision.MINUTE
    if "date" in only:
        return Precision.DATE
    return Precision.MONTH if "month" in only else Precision.YEAR


def _finite(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _minutes(text: str) -> float | None:
    """Return a date that is an end of the scale, a whole year by its first day; None for `current` and other words."""
    try:
        found = datetime.fromisoformat(f"{text}-01-01" if re.fullmatch("[0-9]{4}", text) else text)
    except ValueError:
        return None
    return (found.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds() / 60
