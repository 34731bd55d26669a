"""What people and models say of a task: one value class per kind of answer, and how alike two values are."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from labelloop.domain.chrf import chrf
from labelloop.domain.concordance import concordance, jaccard
from labelloop.domain.json_values import displayed
from labelloop.domain.relations import Relations as Relations
from labelloop.domain.relations import relations_similarity
from labelloop.domain.spans import Span as Span
from labelloop.domain.spans import Spans as Spans


class FieldKind(StrEnum):
    """The closed set of kinds of field that can be looped."""

    CHOICE = "choice"
    CHOICES = "choices"
    RATING = "rating"
    PAIRWISE = "pairwise"
    TAXONOMY = "taxonomy"
    SPANS = "spans"
    TEXT = "text"
    NUMBER = "number"
    DATETIME = "datetime"
    OPTION = "option"
    OPTIONS = "options"
    RANKING = "ranking"


OF_THE_TASK = frozenset({FieldKind.OPTION, FieldKind.OPTIONS, FieldKind.RANKING})
"""The kinds whose answers are made of items that each task brings along, the last of its inputs."""
QUANTITIES = frozenset({FieldKind.NUMBER, FieldKind.DATETIME})
"""The kinds whose answers are points on a line, which may be nearly right."""
LABEL_KINDS = frozenset(FieldKind) - QUANTITIES - OF_THE_TASK - {FieldKind.SPANS, FieldKind.TEXT}
"""The kinds whose answers are labels of the whole task, so that a model can give each label a probability."""
RELATIVE_TOLERANCE = 0.05
"""How far numbers without a range may be apart and still count as the same: a share of the larger one."""
_ROUNDING = 1e-9
_EPOCH = datetime(1970, 1, 1)

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

    @property
    def place(self) -> float:
        """Return where it lies on the line."""
        return float(self.stars)

    def __str__(self) -> str:
        return str(self.stars)


@dataclass(frozen=True, slots=True)
class Text:
    """What someone wrote."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number; two that are at most `within` apart count as the same, without it 5 % of the larger one."""

    number: float
    within: float | None = None

    @property
    def place(self) -> float:
        """Return where it lies on the line."""
        return self.number

    def __str__(self) -> str:
        return displayed(self.number) or ""


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, a time of day or both, in ISO 8601 to the minute; two that are `within` so many minutes are the same."""

    iso: str
    within: float = 0.0

    @property
    def place(self) -> float:
        """Return the minutes since 1970, of a time of day since midnight."""
        text = self.iso if "-" in self.iso else f"1970-01-01T{self.iso}"
        return (datetime.fromisoformat(text) - _EPOCH).total_seconds() / 60

    def __str__(self) -> str:
        return self.iso


@dataclass(frozen=True, slots=True)
class Ranking:
    """The items of a task by their ids, the best first; in several `columns` where they are sorted into buckets too."""

    columns: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def places(self) -> dict[str, tuple[str, int]]:
        """Return in which column, and how far down, each item is."""
        return {item: (name, place) for name, items in self.columns for place, item in enumerate(items)}

    def __str__(self) -> str:
        orders = [" > ".join(items) for _, items in self.columns]
        if len(orders) == 1:
            return orders[0]
        return " | ".join(f"{name}: {order}" for (name, _), order in zip(self.columns, orders, strict=True))


@dataclass(frozen=True, slots=True)
class ByRegion:
    """What is said of each of several regions: of every marked part of the text that has an answer, one of a `kind`."""

    kind: FieldKind
    answers: "frozenset[tuple[Span, Value]]"

    @classmethod
    def of(cls, kind: FieldKind, answers: "Mapping[Span, Value]") -> "ByRegion":
        """Return what is said of these regions."""
        return cls(kind, frozenset(answers.items()))

    @property
    def by_span(self) -> "dict[Span, Value]":
        """Return the answers by region, in the text's order."""
        return dict(sorted(self.answers, key=lambda answer: answer[0]))

    @property
    def regions(self) -> frozenset[Span]:
        """Return the regions that have an answer."""
        return frozenset(span for span, _ in self.answers)

    @property
    def is_about_nothing(self) -> bool:
        """Return whether nothing is said of any region."""
        return not self.answers

    def within(self, regions: Collection[Span]) -> "ByRegion":
        """Return the answers about these regions only."""
        return ByRegion(self.kind, frozenset(answer for answer in self.answers if answer[0] in regions))

    def paired(self, other: "ByRegion") -> "list[tuple[Value, Value]]":
        """Return what both say of each region that both have: one with the same ends, whatever its label is.

        Where a part is marked several times those with the same label belong together.
        """
        mine, its = self.by_span, other.by_span
        alike = [(said, its[span]) for span, said in mine.items() if span in its]
        one, two = _by_ends(mine, but=its), _by_ends(its, but=mine)
        return alike + [(said, two[ends]) for ends, said in one.items() if ends in two]

    def __str__(self) -> str:
        return "|".join(f"{span}: {said}" for span, said in self.by_span.items())


OfRegions = ByRegion | Relations
"""What is said of the regions that other values of the task mark."""
Value = Choice | Choices | Rating | Spans | Text | Number | Moment | Ranking | OfRegions


def labels_of(value: Value) -> frozenset[str]:
    """Return the labels that the value asserts, of a ranking the buckets, of a text, a number or a moment none.

    Of answers about regions those of all of them, not the regions' own.

    >>> sorted(labels_of(Choices(frozenset({"b", "a"}))))
    ['a', 'b']
    """
    match value:
        case Choice(label):
            return frozenset({label})
        case Choices(labels) | Relations(labels=labels):
            return labels
        case Rating(stars):
            return frozenset({str(stars)})
        case Spans(spans):
            return frozenset(span.label for span in spans)
        case Ranking(columns):
            return frozenset(name for name, items in columns if items)
        case Text() | Number() | Moment():
            return frozenset()
        case ByRegion(_, answers):
            return frozenset(label for _, said in answers for label in labels_of(said))
        case _:
            assert_never(value)


def same(one: Value, other: Value) -> bool:
    """Return whether two values of one field are the same: equal, or points on a line within their tolerance.

    About regions they are where they are of each region that both have, and there is one.

    >>> same(Number(100), Number(104)), same(Moment("2024-05-17"), Moment("2024-05-18"))
    (True, False)
    """
    match one, other:
        case (Number() | Moment(), Number() | Moment()):
            return abs(one.place - other.place) <= _tolerance(one, other) + _ROUNDING
        case ByRegion(), ByRegion() if one != other:
            pairs = one.paired(other)
            return bool(pairs) and all(same(*pair) for pair in pairs)
        case Relations(), Relations() if one != other:
            return relations_similarity(one, other) == 1
        case _:
            return one == other


def comparable(one: Value, other: Value) -> bool:
    """Return whether two values are about the same at all: answers about regions, or pairs, only if both have one."""
    if isinstance(one, Relations) and isinstance(other, Relations):
        return bool(one.shared(other))
    return not (isinstance(one, ByRegion) and isinstance(other, ByRegion)) or bool(one.paired(other))


def similarity(one: Value, other: Value) -> float:
    """Return how alike two values of one field are, in [0, 1].

    One choice: equality. Several: Jaccard. Stars: 1 - distance / longest distance. Spans: F1 of those with the same
    ends and label. Text: chrF, the mean of both directions. Numbers and moments: 1 within their tolerance, else 0.
    Rankings: the share of pairs of items that both put in the same order, and in the same buckets; without buckets that
    is (Kendall's tau + 1) / 2. Answers about regions: the mean over the regions that both have, 0 without one.
    Relations: F1 of those between regions that both have. Two values of which neither says anything are equal.
    >>> similarity(Choice("spam"), Choice("ham"))
    0.0
    >>> similarity(Choices(frozenset("ab")), Choices(frozenset("bc")))
    0.3333333333333333
    >>> similarity(Rating(5), Rating(4))
    0.75
    >>> similarity(Ranking((("r", ("a", "b", "c")),)), Ranking((("r", ("b", "a", "c")),)))
    0.6666666666666666
    """
    if one == other:
        return 1.0
    match one, other:
        case (Number() | Moment(), Number() | Moment()):
            return float(same(one, other))
        case Ranking(), Ranking():
            return concordance(one.places, other.places)
        case Rating(), Rating():
            return 1.0 - abs(one.stars - other.stars) / (max(one.of, other.of) - 1)
        case Spans(a), Spans(b):
            return 2 * len(a & b) / (len(a) + len(b))
        case ByRegion(), ByRegion():
            pairs = one.paired(other)
            return sum(similarity(*pair) for pair in pairs) / len(pairs) if pairs else 0.0
        case Relations(), Relations():
            return relations_similarity(one, other)
        case Text(), Text():
            return (chrf(one.text, other.text) + chrf(other.text, one.text)) / 2
        case _:
            return jaccard(labels_of(one), labels_of(other))


def _by_ends(answers: Mapping[Span, Value], *, but: Mapping[Span, Value]) -> dict[tuple[int, int], Value]:
    """Return the answers by the ends of their regions, without those regions; of several labels the first counts."""
    left = [span for span in answers if span not in but]
    return {(span.start, span.end): answers[span] for span in reversed(left)}


def _tolerance(one: Number | Moment, other: Number | Moment) -> float:
    if one.within is None or other.within is None:
        return RELATIVE_TOLERANCE * max(abs(one.place), abs(other.place))
    return max(one.within, other.within)
