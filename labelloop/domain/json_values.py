"""What JSON values of an unexpected type say: as a text that a browser shows, and as a whole number."""

import re
from collections.abc import Sequence
from decimal import Decimal
from math import isfinite

_WHOLE = re.compile(r"-?[0-9]{1,18}(\.0*)?")
_END = object()


def displayed(value: object) -> str | None:
    """Return the text that a browser shows of a JSON value, None where it shows none: null and objects.

    Numbers and booleans are written as in JSON, a list as its elements with commas between them.
    >>> displayed(4711), displayed(2.50), displayed(3.0), displayed(True), displayed(["one", ["two", None], 3])
    ('4711', '2.5', '3', 'true', 'one,two,,3')
    >>> displayed(None), displayed({}), displayed([{}])
    (None, None, None)
    """
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return _number(value)
        case list():
            return _joined(value)
        case _:
            return None


def content_of(value: object) -> str:
    """Return the text that a page shows of a JSON value that it holds as its content, as Label Studio's paragraphs do.

    Elements of a list follow each other without a sign between them; of booleans, null and objects nothing is shown.
    >>> content_of(4711), content_of(["one", ["two", None], 2.50]), content_of(True), content_of({"a": 1})
    ('4711', 'onetwo2.5', '', '')
    """
    parts, left = list[str](), [value]
    while left:
        match left.pop():
            case list() as inner:
                left.extend(reversed(inner))
            case bool():
                pass
            case str() | int() | float() as found:
                parts.append(displayed(found) or "")
    return "".join(parts)


def whole_number(value: object) -> int | None:
    """Return a whole number, also one that a table has made a fraction of zero or a text of; None for all else.

    >>> whole_number(10), whole_number(10.0), whole_number("10"), whole_number("10.0")
    (10, 10, 10, 10)
    >>> whole_number(10.5), whole_number(True), whole_number("ten"), whole_number(None)
    (None, None, None, None)
    """
    match value:
        case bool():
            return None
        case int():
            return value
        case float():
            return int(value) if value.is_integer() else None
        case str():
            return int(value.strip().partition(".")[0]) if _WHOLE.fullmatch(value.strip()) else None
        case _:
            return None


def _joined(values: Sequence[object]) -> str | None:
    """Return the elements with commas between them, those of inner lists too; None where one is an object."""
    parts, left = list[str](), [iter(values)]
    while left:
        found = next(left[-1], _END)
        if found is _END:
            left.pop()
        elif isinstance(found, list) and found:
            left.append(iter(found))
        else:
            part = "" if found is None or found == [] else displayed(found)
            if part is None:
                return None
            parts.append(part)
    return ",".join(parts)


def _number(value: float) -> str:
    """Return a number as JavaScript writes it: without a fraction of zero, with an exponent from 1e21 and 1e-7."""
    if isinstance(value, int):
        return str(value)
    number = value
    if not isfinite(number):
        return str(number).replace("inf", "Infinity").replace("nan", "NaN")
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    return "-" * (sign and number != 0) + _decimal("".join(map(str, digits)), len(digits) + int(exponent))


def _decimal(digits: str, point: int) -> str:
    """Return the digits with a decimal point after the first `point` of them."""
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}" if digits != "0" else "0"
    mantissa = f"{digits[0]}.{digits[1:]}" if len(digits) > 1 else digits
    return f"{mantissa}e{point - 1:+d}"
