"""What people and models say of a task: one value class per kind of answer, and how alike two values are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, assert_never

from labelloop.domain.chrf import chrf


class FieldKind(StrEnum):
    """The closed set of kinds of field that can be looped."""

    CHOICE = "choice"
    CHOICES = "choices"
    RATING = "rating"
    PAIRWISE = "pairwise"
    TAXONOMY = "taxonomy"
    SPANS = "spans"
    TEXT = "text"


LABEL_KINDS = frozenset(FieldKind) - {FieldKind.SPANS, FieldKind.TEXT}
"""The kinds whose answers are labels of the whole task, so that a model can give each label a probability."""

PATH_BREAK = " > "
"""What stands between the steps of a taxonomy's path."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Exactly one of a field's labels; of a pairwise field, `left` or `right`."""

    label: str

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True, slots=True)
class Choices:
    """Any number of a field's labels, none included; of a taxonomy, paths such as `Animal > Cat`."""

    labels: frozenset[str]

    def __str__(self) -> str:
        return "|".join(sorted(self.labels))


@dataclass(frozen=True, slots=True)
class Rating:
    """A number of stars, from 1 to `of`."""

    stars: int
    of: int = 5

    def __str__(self) -> str:
        return str(self.stars)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A labelled part of the task's text: code points from `start` up to, not including, `end`."""

    start: int
    end: int
    label: str

    def __str__(self) -> str:
        return f"{self.start}-{self.end} {self.label}"


@dataclass(frozen=True, slots=True)
class Spans:
    """Any number of labelled parts of the text, none included; they may overlap."""

    spans: frozenset[Span]

    def __str__(self) -> str:
        return "|".join(map(str, sorted(self.spans)))


@dataclass(frozen=True, slots=True)
class Text:
    """What someone wrote."""

    text: str

    def __str__(self) -> str:
        return self.text


Value = Choice | Choices | Rating | Spans | Text


def labels_of(value: Value) -> frozenset[str]:
    """Return the labels that the value asserts, of a text none.

    >>> sorted(labels_of(Choices(frozenset({"b", "a"}))))
    ['a', 'b']
    """
    match value:
        case Choice(label):
            return frozenset({label})
        case Choices(labels):
            return labels
        case Rating(stars):
            return frozenset({str(stars)})
        case Spans(spans):
            return frozenset(span.label for span in spans)
        case Text():
            return frozenset()
        case _:
            assert_never(value)


def similarity(one: Value, other: Value) -> float:
    """Return how alike two values of one field are, in [0, 1].

    One choice: equality. Several: Jaccard. Stars: 1 - distance / longest distance. Spans: F1 of those with the same
    ends and label. Text: chrF, the mean of both directions. Two values of which neither says anything are equal.
    >>> similarity(Choice("spam"), Choice("ham"))
    0.0
    >>> similarity(Choices(frozenset("ab")), Choices(frozenset("bc")))
    0.3333333333333333
    >>> similarity(Rating(5), Rating(4))
    0.75
    """
    if one == other:
        return 1.0
    match one, other:
        case Rating(), Rating():
            return 1.0 - abs(one.stars - other.stars) / (max(one.of, other.of) - 1)
        case Spans(a), Spans(b):
            return 2 * len(a & b) / (len(a) + len(b))
        case Text(), Text():
            return (chrf(one.text, other.text) + chrf(other.text, one.text)) / 2
        case _:
            return _jaccard(labels_of(one), labels_of(other))


def _jaccard(one: Collection[str], other: Collection[str]) -> float:
    a, b = set(one), set(other)
    return len(a & b) / len(a | b) if a | b else 1.0


def kind_of(value: Value) -> FieldKind:
    """Return the kind under which `value_of` reads the value back."""
    match value:
        case Choice():
            return FieldKind.CHOICE
        case Choices():
            return FieldKind.CHOICES
        case Rating():
            return FieldKind.RATING
        case Spans():
            return FieldKind.SPANS
        case Text():
            return FieldKind.TEXT
        case _:
            assert_never(value)


def plain(value: Value) -> list[Any]:
    """Return the value as a list that JSON can hold, the same for equal values; `value_of` reads it back.

    >>> plain(Spans(frozenset({Span(0, 5, "Person")})))
    [[0, 5, 'Person']]
    """
    match value:
        case Rating(stars, of):
            return [stars, of]
        case Spans(spans):
            return [[span.start, span.end, span.label] for span in sorted(spans)]
        case Text(text):
            return [text]
        case _:
            return sorted(labels_of(value))


def value_of(kind: FieldKind, given: Sequence[Any]) -> Value:
    """Return the value of a field of this kind that `plain` made the list from.

    >>> value_of(FieldKind.RATING, [4, 5])
    Rating(stars=4, of=5)
    """
    match kind:
        case FieldKind.CHOICE | FieldKind.PAIRWISE:
            return Choice(given[0])
        case FieldKind.CHOICES | FieldKind.TAXONOMY:
            return Choices(frozenset(given))
        case FieldKind.RATING:
            return Rating(*given)
        case FieldKind.SPANS:
            return Spans(frozenset(Span(*span) for span in given))
        case FieldKind.TEXT:
            return Text(given[0])
        case _:
            assert_never(kind)
