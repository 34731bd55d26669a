"""What may be said of a task, as the labelling configuration allows it."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import assert_never

from labelloop.domain.values import Choice, Choices, FieldKind, Rating, Spans, Text, Value, labels_of

PLAIN_TEXT = "text"


@dataclass(frozen=True, slots=True)
class Field:
    """One control tag of the labelling configuration that can be learned.

    `name` is the control's name, `to_name` the object tag it labels, `inputs` the keys of the task's data that
    the object tag shows, `labels` the allowed values in the order people see them, none where people write freely.
    `reads` is the kind of object tag: `text`, `hypertext` or `paragraphs`.
    """

    name: str
    kind: FieldKind
    labels: tuple[str, ...]
    to_name: str
    inputs: tuple[str, ...]
    reads: str = PLAIN_TEXT

    def allows(self, value: Value) -> bool:
        """Return whether the value is of this field's kind and every label of it one of this field's."""
        return self._is_of_kind(value) and labels_of(value) <= frozenset(self.labels)

    def _is_of_kind(self, value: Value) -> bool:
        match self.kind:
            case FieldKind.CHOICE | FieldKind.PAIRWISE:
                return isinstance(value, Choice)
            case FieldKind.CHOICES | FieldKind.TAXONOMY:
                return isinstance(value, Choices)
            case FieldKind.RATING:
                return isinstance(value, Rating) and value.of == len(self.labels)
            case FieldKind.SPANS:
                return isinstance(value, Spans)
            case FieldKind.TEXT:
                return isinstance(value, Text) and bool(value.text.strip())
            case _:
                assert_never(self.kind)

    def to_json(self) -> str:
        """Return the field as JSON, the same text for equal fields."""
        told = asdict(self)
        if self.reads == PLAIN_TEXT:  # so that fields written before there were others keep their digest
            del told["reads"]
        return json.dumps(told, sort_keys=True, ensure_ascii=False)

    @property
    def digest(self) -> str:
        """Return a SHA-256 (hex) that changes whenever the name, the kind, a label or an input changes."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @classmethod
    def from_json(cls, text: str) -> "Field":
        """Return the field that `to_json` wrote."""
        found = json.loads(text)
        return cls(
            name=found["name"],
            kind=FieldKind(found["kind"]),
            labels=tuple(found["labels"]),
            to_name=found["to_name"],
            inputs=tuple(found["inputs"]),
            reads=found.get("reads", PLAIN_TEXT),
        )


@dataclass(frozen=True, slots=True)
class LabelSchema:
    """The fields of a labelling configuration that can be looped, and why the others cannot."""

    fields: tuple[Field, ...]
    not_learnable: tuple[str, ...] = ()

    def field(self, name: str | None) -> Field | None:
        """Return the named field, or the first one if no name is given; None if there is no such field."""
        return next((f for f in self.fields if name in (None, f.name)), None)
