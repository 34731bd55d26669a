"""What may be said of a task, as the labelling configuration allows it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple, assert_never

from labelloop.domain.conditions import Condition
from labelloop.domain.renames import Renames, renamed
from labelloop.domain.scale import Precision, Scale
from labelloop.domain.values import (
    OF_THE_TASK,
    ByRegion,
    Choice,
    Choices,
    FieldKind,
    Moment,
    Number,
    Ranking,
    Rating,
    Relations,
    Spans,
    Text,
    Value,
    labels_of,
)

PLAIN_TEXT = "text"


class Unit(StrEnum):
    """The closed set of what a field is asked about: the task, each region that somebody marked in it, or their pairs.

    A learner is asked about `one region`, or `one pair`, at a time.
    """

    TASK = "task"
    REGION = "region"
    ONE_REGION = "one region"
    PAIR = "pair"
    ONE_PAIR = "one pair"


class Input(NamedTuple):
    """A key of a task's data that a field reads, and how its object tag shows it (a word of `Field.reads`)."""

    key: str
    reading: str


@dataclass(frozen=True, slots=True)
class Field:
    """One control tag of the labelling configuration that can be learned.

    `name` is the control's name, `to_name` the object tag it labels, `inputs` the keys of the task's data that
    the object tag shows, `labels` the allowed values in the order people see them, none where people write freely.
    `reads` is the kind of object tag: `text`, `hypertext` or `paragraphs`. `renames` are the labels that the
    configuration had under other names. `condition` says when the field is asked, None where it always is;
    `unit` what it is asked about. `scale` is the line on which numbers and dates lie, None for other kinds.
    """

    name: str
    kind: FieldKind
    labels: tuple[str, ...]
    to_name: str
    inputs: tuple[str, ...]
    reads: str = PLAIN_TEXT
    renames: Renames = ()
    condition: Condition | None = None
    unit: Unit = Unit.TASK
    scale: Scale | None = None

    @property
    def read_inputs(self) -> tuple[Input, ...]:
        """Return the field's inputs, each with how it is read."""
        words = self.reads.split(" ")
        return tuple(map(Input, self.inputs, words * len(self.inputs) if len(words) == 1 else words))

    @property
    def kind_in_words(self) -> str:
        """Return the kind of its answers, and whether there is one of each region."""
        if self.is_about_pairs:
            return "relations"
        return f"{self.kind.value} of each region" if self.unit is Unit.REGION else self.kind.value

    @property
    def is_about_regions(self) -> bool:
        """Return whether it is about what other fields mark: each region, or pairs of them."""
        return self.unit in (Unit.REGION, Unit.PAIR)

    @property
    def is_about_pairs(self) -> bool:
        """Return whether it says which regions are related."""
        return self.unit is Unit.PAIR

    @property
    def least_regions(self) -> int:
        """Return how many regions a text must have so that the field, if it is about regions, can be asked."""
        return 2 if self.is_about_pairs else 1

    @property
    def of_one_region(self) -> "Field":
        """Return the field as it is asked about a single region: a learner sees nothing else of it."""
        return replace(self, unit=Unit.ONE_REGION)

    def allows(self, value: Value) -> bool:
        """Return whether the value is of this field's kind and every label of it one of this field's."""
        if self.unit is Unit.REGION:
            if not isinstance(value, ByRegion) or value.kind is not self.kind:
                return False
            return all(self.of_one_region.allows(said) for _, said in value.answers)
        if self.is_about_pairs:
            return isinstance(value, Relations) and value.labels <= frozenset(self.labels)
        known = self.kind in OF_THE_TASK or labels_of(value) <= frozenset(self.labels)
        return known and self._is_of_kind(value)

    def with_renames(self, renames: Renames) -> "Field":
        """Return the field under the renames, those left out whose old name is a label again."""
        again = {label for label in self.labels if renamed(label, renames) != label}
        kept = (pair for pair in renames if not any(renamed(label, (pair,)) != label for label in again))
        return replace(self, renames=tuple(kept))

    def _is_of_kind(self, value: Value) -> bool:
        match self.kind:
            case FieldKind.CHOICE | FieldKind.PAIRWISE | FieldKind.OPTION:
                return isinstance(value, Choice)
            case FieldKind.CHOICES | FieldKind.TAXONOMY | FieldKind.OPTIONS:
                return isinstance(value, Choices)
            case FieldKind.RANKING:
                return isinstance(value, Ranking) and tuple(name for name, _ in value.columns) == self.labels
            case FieldKind.RATING:
                return isinstance(value, Rating) and value.of == len(self.labels)
            case FieldKind.SPANS:
                return isinstance(value, Spans)
            case FieldKind.TEXT:
                return isinstance(value, Text) and bool(value.text.strip())
            case FieldKind.NUMBER | FieldKind.DATETIME:
                return isinstance(value, Number | Moment) and self.line.allows(value)
            case _:
                assert_never(self.kind)

    @property
    def line(self) -> Scale:
        """Return the line on which numbers lie: without ends where none are set."""
        return self.scale or Scale()

    def to_json(self) -> str:
        """Return the field as JSON, the same text for equal fields."""
        return json.dumps(self._plain(), sort_keys=True, ensure_ascii=False)

    @property
    def digest(self) -> str:
        """Return a SHA-256 (hex) that changes whenever the name, the kind, a label, a rename or an input changes."""
        return digest_of(self.to_json())

    @classmethod
    def from_json(cls, text: str) -> "Field":
        """Return the field that `to_json` wrote."""
        return cls._from_plain(json.loads(text))

    def _plain(self) -> dict[str, Any]:
        content = asdict(self)
        if self.reads == PLAIN_TEXT:  # so that fields written before there were others keep their digest
            del content["reads"]
        if not self.renames:
            del content["renames"]
        if self.condition is None:
            del content["condition"]
        if self.unit is Unit.TASK:
            del content["unit"]
        if self.scale is None:
            del content["scale"]
        return content

    @classmethod
    def _from_plain(cls, found: dict[str, Any]) -> "Field":
        return cls(
            name=found["name"],
            kind=FieldKind(found["kind"]),
            labels=tuple(found["labels"]),
            to_name=found["to_name"],
            inputs=tuple(found["inputs"]),
            reads=found.get("reads", PLAIN_TEXT),
            renames=tuple((old, new) for old, new in found.get("renames", ())),
            condition=Condition.from_plain(found["condition"]) if "condition" in found else None,
            unit=Unit(found.get("unit", Unit.TASK)),
            scale=_scale(found["scale"]) if "scale" in found else None,
        )


def _scale(found: dict[str, Any]) -> Scale:
    precision = Precision(found["precision"]) if found["precision"] else None
    return Scale(found["least"], found["most"], found["step"], precision, found["form"])


def fields_json(fields: Sequence[Field]) -> str:
    """Return the looped fields as JSON: one alone as it always was, several as a list."""
    if len(fields) == 1:
        return fields[0].to_json()
    return json.dumps([field._plain() for field in fields], sort_keys=True, ensure_ascii=False)


def fields_from_json(text: str) -> tuple[Field, ...]:
    """Return the fields that `fields_json` wrote."""
    found = json.loads(text)
    return tuple(Field._from_plain(one) for one in (found if isinstance(found, list) else [found]))


def digest_of(text: str) -> str:
    """Return the SHA-256 (hex) of what `fields_json` wrote."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class LabelSchema:
    """The fields of a labelling configuration that can be looped, and why the others cannot."""

    fields: tuple[Field, ...]
    not_learnable: tuple[str, ...] = ()

    def field(self, name: str | None) -> Field | None:
        """Return the named field, or the first one if no name is given; None if there is no such field."""
        return next((f for f in self.fields if name in (None, f.name)), None)
