"""A head whose answer is drawn towards its answers to texts like this one."""

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
class Smoothed:
    """A head and a memory of unlabelled texts: the mean of its own answer and that of the 15 nearest neighbours.

    A neighbour counts by how much nearer it is than the first that is none, so that an answer never jumps where two
    texts change places. `memory` has shape (m, d), rows of unit length, float16 as it is stored. One step of Zhou et
    al. 2004, "Learning with local and global consistency", from the head's answers, for texts that come one by one.
    """

    kind: FieldKind
    head: Head
    memory: NDArray[np.float16]
    _rows: NDArray[np.float32] = field(init=False, repr=False)
    _answers: Matrix = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rows = self.memory.astype(np.float32)
        answers = probabilities(self.kind, self.head.logits(rows))
        if self.kind is FieldKind.PAIRWISE:  # a pair is remembered from both sides
            rows, answers = np.vstack([rows, -rows]), np.vstack([answers, answers[:, ::-1]])
        object.__setattr__(self, "_rows", rows)
        object.__setattr__(self, "_answers", answers)

    def logits(self, vectors: Matrix) -> Matrix:
        """Return logits of the smoothed probabilities, shape (…, n, k); vectors has shape (…, n, d)."""
        own = probabilities(self.kind, self.head.logits(vectors))
        alike = unit(vectors).astype(np.float32) @ self._rows.T
        count = min(NEIGHBOURS + 1, alike.shape[-1])
        nearest = np.argpartition(alike, -count, axis=-1)[..., -count:]
        weights = np.take_along_axis(alike, nearest, axis=-1).astype(np.float64)
        weights -= weights.min(axis=-1, keepdims=True)
        # Where all neighbours are equally near they say nothing of this text in particular.
        theirs = (weights[..., np.newaxis, :] @ self._answers[nearest])[..., 0, :] + _ALIKE * own
        mixed = (1 - SHARE) * own + SHARE * theirs / (weights.sum(axis=-1, keepdims=True) + _ALIKE)
        logits: Matrix = np.log(mixed + _TINY)
        return logits - np.log(1 - mixed + _TINY) if several(self.kind) else logits


def unit(vectors: Matrix) -> Matrix:
    """Return the rows scaled to length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Matrix = vectors / np.where(lengths > 0, lengths, 1.0)
    return scaled
