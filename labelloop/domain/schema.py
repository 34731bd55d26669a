"""What may be said of a task, as the labelling configuration allows it."""

import hashlib
import json
from dataclasses import asdict, dataclass

from labelloop.domain.values import FieldKind, Value, labels_of


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
        """Return whether every label of the value is one of this field's."""
        return labels_of(value) <= frozenset(self.labels)


@dataclass(frozen=True, slots=True)
class LabelSchema:
    """The fields of a labelling configuration that can be looped, and why the others cannot."""

    fields: tuple[Field, ...]
    not_learnable: tuple[str, ...] = ()

    def field(self, name: str | None) -> Field | None:
        """Return the named field, or the first one if no name is given; None if there is no such field."""
        return next((f for f in self.fields if name in (None, f.name)), None)

    @property
    def digest(self) -> str:
        """Return a SHA-256 (hex) that changes whenever a field, a label or an input changes."""
        return hashlib.sha256(json.dumps([asdict(f) for f in self.fields], sort_keys=True).encode()).hexdigest()
