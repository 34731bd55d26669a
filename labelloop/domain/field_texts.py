"""What each field reads of a task: its part of the one text in which all inputs of the looped fields stand."""

from collections.abc import Iterable

from labelloop.domain.schema import Field, Input
from labelloop.domain.tasks import INPUT_BREAK, inputs_of


def joint_inputs(fields: Iterable[Field]) -> tuple[Input, ...]:
    """Return everything that the fields read of a task, each input once, in the order of the fields."""
    return tuple(dict.fromkeys(one for field in fields for one in field.read_inputs))


def joined(parts: Iterable[str]) -> str:
    """Return the texts of several inputs as one, parted by `INPUT_BREAK`; empty where nothing can be read.

    >>> joined(["It rains.", " "]) == f"It rains.{INPUT_BREAK} "
    True
    """
    found = list(parts)
    return INPUT_BREAK.join(part.replace(INPUT_BREAK, "\n") for part in found) if any(map(str.strip, found)) else ""


def text_for(field: Field, inputs: tuple[Input, ...], text: str) -> str:
    """Return what the field reads of a task whose `text` is made of these inputs; empty where that is nothing."""
    wanted = field.read_inputs
    if wanted == inputs:
        return text
    there = dict(zip(inputs, inputs_of(text) if len(inputs) > 1 else (text,), strict=False))
    parts = [there.get(one, "") for one in wanted]
    return parts[0] if len(parts) == 1 else joined(parts)
