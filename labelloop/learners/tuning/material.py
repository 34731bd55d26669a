"""The settled labels as a table that any classifier can be fitted to."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Value, labels_of
from labelloop.errors import NothingToLearn
from labelloop.learners.base import Example
from labelloop.learners.logistic import several

HELD_OUT = 0.2
WORTH_A_LOOK = 5
"""With fewer held-out texts there is no early stopping, and all are learned from."""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
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
        told = [self.kind, self.labels, self.texts, [str(value) for value in self.values], *map(str, more)]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def material(field: Field, examples: Sequence[Example]) -> Material:
    """Return the table of the examples, the same for every order; raises NothingToLearn if the field allows none."""
    usable = sorted((e for e in examples if field.allows(e.value)), key=lambda e: (e.task_id, e.text, str(e.value)))
    if not usable:
        raise NothingToLearn(f"No label of {field.name} has settled yet that it still allows: label some tasks.")
    truth = np.array([[label in labels_of(e.value) for label in field.labels] for e in usable])
    seen = truth.any(axis=0)
    learnable = int(seen.sum()) >= (1 if several(field.kind) else 2)
    kept = seen if learnable and field.kind is not FieldKind.RATING else np.ones_like(seen)
    return Material(
        field.kind,
        tuple(field.labels[column] for column in np.flatnonzero(kept)),
        tuple(e.text for e in usable),
        tuple(e.value for e in usable),
        truth[:, kept],
        learnable,
    )


def held_out(truth: NDArray[np.bool_], share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return which rows to hold out, shape (n,): about this share, of like labels alike, never the last of a label.

    truth has shape (n, k).
    """
    shuffled = rng.permutation(len(truth))
    _, alike = np.unique(truth[shuffled], axis=0, return_inverse=True)
    dealt = shuffled[np.argsort(alike.ravel(), kind="stable")]
    held = np.zeros(len(truth), bool)
    held[dealt[np.arange(len(dealt)) % round(1 / share) == 0]] = True
    lost = truth.any(axis=0) & ~truth[~held].any(axis=0)
    held &= ~truth[:, lost].any(axis=1)
    return held


def looked_at(truth: NDArray[np.bool_], seed: int) -> NDArray[np.bool_]:
    """Return which rows tell when to stop, shape (n,): a fifth, or none where these would be too few to tell."""
    held = held_out(truth, HELD_OUT, np.random.default_rng(seed))
    return held if held.sum() >= WORTH_A_LOOK else np.zeros_like(held)
