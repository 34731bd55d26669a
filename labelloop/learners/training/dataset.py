"""The settled labels as a table that any classifier can be fitted to."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Value, labels_of
from labelloop.learners.base import Example
from labelloop.learners.logistic_head import several
from labelloop.learners.usable import usable_examples


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Usable examples in an order of their own; `truth`, shape (n, len(labels)), says which labels each has.

    `labels` are those that were seen, in the field's order; of a rating all stars, and all labels where too few were
    seen to tell anything apart, which `learnable` tells.
    """

    kind: FieldKind
    labels: tuple[str, ...]
    texts: tuple[str, ...]
    values: tuple[Value, ...]
    truth: NDArray[np.bool_]
    learnable: bool

    @property
    def several(self) -> bool:
        """Return whether a task may have several of the labels."""
        return several(self.kind)

    def digest(self, *more: object) -> str:
        """Return a SHA-256 (hex) of the examples and of whatever else decides a fit."""
        parts = [self.kind, self.labels, self.texts, [str(value) for value in self.values], *map(str, more)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def dataset(field: Field, examples: Sequence[Example]) -> Dataset:
    """Return the table of the examples, the same for every order; raises NothingToLearn if the field allows none."""
    usable = usable_examples(field, examples)
    truth = np.array([[label in labels_of(e.value) for label in field.labels] for e in usable])
    seen = truth.any(axis=0)
    learnable = int(seen.sum()) >= (1 if several(field.kind) else 2)
    kept = seen if learnable and field.kind is not FieldKind.RATING else np.ones_like(seen)
    return Dataset(
        field.kind,
        tuple(field.labels[column] for column in np.flatnonzero(kept)),
        tuple(e.text for e in usable),
        tuple(e.value for e in usable),
        truth[:, kept],
        learnable,
    )
