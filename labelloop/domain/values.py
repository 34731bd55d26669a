"""What people and models say of a task: one value class per kind of field, and how alike two values are."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class FieldKind(StrEnum):
    """The closed set of kinds of field that can be looped."""

    CHOICE = "choice"
    CHOICES = "choices"


@dataclass(frozen=True, slots=True)
class Choice:
    """Exactly one of a field's labels."""

    label: str

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True, slots=True)
class Choices:
    """Any number of a field's labels, none included."""

    labels: frozenset[str]

    def __str__(self) -> str:
        return "|".join(sorted(self.labels))


Value = Choice | Choices


def labels_of(value: Value) -> frozenset[str]:
    """Return the labels that the value asserts.

    >>> sorted(labels_of(Choices(frozenset({"b", "a"}))))
    ['a', 'b']
    """
    match value:
        case Choice(label):
            return frozenset({label})
        case Choices(labels):
            return labels
        case _:
            assert_never(value)


def similarity(one: Value, other: Value) -> float:
    """Return how alike two values of one field are, in [0, 1]: equality for one choice, Jaccard for several.

    >>> similarity(Choice("spam"), Choice("ham"))
    0.0
    >>> similarity(Choices(frozenset("ab")), Choices(frozenset("bc")))
    0.3333333333333333
    """
    a, b = labels_of(one), labels_of(other)
    return 1.0 if a == b else len(a & b) / len(a | b)
