"""What Label Studio answers, as the plain values that are expected there."""

from collections.abc import Mapping

from labelloop.errors import UserError

Row = Mapping[str, object]


def as_object(answer: object) -> Row:
    """Return a JSON object; raises UserError for anything else: that was not Label Studio."""
    if not isinstance(answer, dict):
        raise UserError("The answer is not Label Studio's: check LABELLOOP_LABEL_STUDIO_URL.")
    return answer


def as_list(answer: object) -> list[object]:
    """Return a JSON list, empty for anything else."""
    return answer if isinstance(answer, list) else []


def as_rows(answer: object) -> list[Row]:
    """Return the objects of a JSON list."""
    return [row for row in as_list(answer) if isinstance(row, dict)]


def as_integer(value: object) -> int:
    """Return a whole number, 0 for anything else."""
    return value if isinstance(value, int) else 0
