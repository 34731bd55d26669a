"""What Label Studio answers, as the plain values that are expected there."""

from collections.abc import Mapping

from labelloop.errors import UserError

Row = Mapping[str, object]


def as_object(answer: object) -> Row:
    """Return a JSON object; raises UserError for anything else: that was not Label Studio."""
    if not isinstance(answer, dict):
        raise UserError("The answer is not Label Studio's: check LABELLOOP_LABEL_STUDIO_URL.")
    return answer


def as_rows(answer: object) -> list[Row]:
    """Return the objects of a JSON list, none for anything else."""
    return [row for row in answer if isinstance(row, dict)] if isinstance(answer, list) else []


def as_integer(value: object) -> int:
    """Return a whole number, 0 for anything else."""
    return value if isinstance(value, int) else 0
