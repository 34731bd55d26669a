"""A head whose answer is drawn towards its answers to texts like this one."""

import hashlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import FieldKind
from labelloop.learners.logistic_head import Head, Matrix, probabilities, several

NEIGHBOURS = 15
SHARE = 0.5
"""How much the neighbours' mean counts."""
_TINY = 1e-12
_ALIKE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Which rows of a memory are nearest to each vector, and how much each counts: both of shape (…, n, neighbours).

    `total` has shape (…, n, 1).
    """

    nearest: NDArray[np.int64]
    weights: Matrix
    total: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Smoothed:
    """A head and a memory of unlabelled texts: the mean of its own answer and that of the 15 nearest neighbours.

    A neighbour counts by how much nearer it is than the first that is none, so that an answer never jumps where two
    texts change places. `memory` has shape (m, d), rows of unit length, float16 as it is stored. One step of Zhou et
    al. 2004, "Learning with local and global consistency", from the head's answers, for texts that come one by one.
    """

    kind: FieldKind
    head: Head
    memory: NDArray[np.float16]
    digest: bytes = field(init=False, repr=False)
    """The same where `neighbours` finds the same."""
    _rows: NDArray[np.float32] = field(init=False, repr=False)
    _answers: Matrix = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rows = self.memory.astype(np.float32)
        answers = probabilities(self.kind, self.head.logits(rows))
        if self.kind is FieldKind.PAIRWISE:  # a pair is remembered from both sides
            rows, answers = np.vstack([rows, -rows]), np.vstack([answers, answers[:, ::-1]])
        object.__setattr__(self, "digest", hashlib.blake2b(rows.tobytes()).digest())
        object.__setattr__(self, "_rows", rows)
        object.__setattr__(self, "_answers", answers)

    def neighbours(self, vectors: Matrix) -> Neighbours:
        """Return what is remembered near the vectors, shape (…, n, d)."""
        alike = unit(vectors).astype(np.float32) @ self._rows.T
        count = min(NEIGHBOURS + 1, alike.shape[-1])
        nearest = np.argpartition(alike, -count, axis=-1)[..., -count:]
        weights = np.take_along_axis(alike, nearest, axis=-1).astype(np.float64)
        weights -= weights.min(axis=-1, keepdims=True)
        return Neighbours(nearest, weights, weights.sum(axis=-1, keepdims=True))

    def logits(self, vectors: Matrix, near: Neighbours | None = None) -> Matrix:
        """Return logits of the smoothed probabilities, shape (…, n, k); vectors has shape (…, n, d).

        `near` is what `neighbours` finds of them, where somebody knows it already.
        """
        near = self.neighbours(vectors) if near is None else near
        own = probabilities(self.kind, self.head.logits(vectors))
        # Where all neighbours are equally near they say nothing of this text in particular.
        said = self._answers.take(near.nearest, axis=0)
        theirs = (near.weights[..., np.newaxis, :] @ said)[..., 0, :] + _ALIKE * own
        mixed = (1 - SHARE) * own + SHARE * theirs / (near.total + _ALIKE)
        logits: Matrix = np.log(mixed + _TINY)
        return logits - np.log(1 - mixed + _TINY) if several(self.kind) else logits


def unit(vectors: Matrix) -> Matrix:
    """Return the rows scaled to length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Matrix = vectors / np.where(lengths > 0, lengths, 1.0)
    return scaled
