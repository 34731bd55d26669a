"""What may be said of a task, as the labelling configuration allows it."""

import hashlib
import json
from dataclasses import asdict, dataclass

from labelloop.domain.values import Choice, FieldKind, Value, labels_of


@dataclass(frozen=True, slots=True)
class Field:
    """One control tag of the labelling configuration that can be learned.

    `name` is the control's name, `to_name` the object tag it labels, `inputs` the keys of the task's data that
    the object tag shows, `labels` the allowed values in the order people see them.
    """

    name: str
    kind: FieldKind
    labels: tuple[str, ...]
    to_name: str
    inputs: tuple[str, ...]

    def allows(self, value: Value) -> bool:
        """Return whether the value is of this field's kind and every label of it one of this field's."""
        same_kind = isinstance(value, Choice) == (self.kind is FieldKind.CHOICE)
        return same_kind and labels_of(value) <= frozenset(self.labels)

    def to_json(self) -> str:
        """Return the field as JSON, the same text for equal fields."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)

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
        )


@dataclass(frozen=True, slots=True)
class LabelSchema:
    """The fields of a labelling configuration that can be looped, and why the others cannot."""

    fields: tuple[Field, ...]
    not_learnable: tuple[str, ...] = ()

    def field(self, name: str | None) -> Field | None:
        """Return the named field, or the first one if no name is given; None if there is no such field."""
        return next((f for f in self.fields if name in (None, f.name)), None)
