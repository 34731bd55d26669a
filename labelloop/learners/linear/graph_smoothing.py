"""A head whose answer is drawn towards its answers to texts like this one."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import FieldKind
from labelloop.learners.linear.memory import Memory, Neighbours
from labelloop.learners.logistic_head import Head, Matrix, probabilities, several

SHARE = 0.5
"""How much the neighbours' mean counts."""
_TINY = 1e-12
_ALIKE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Smoothed:
    """A head and unlabelled texts that it remembers: the mean of its own answer and that of the 15 nearest neighbours.

    A neighbour counts by how much nearer it is than the first that is none, so that an answer never jumps where two
    texts change places. `remembered` has shape (m, d), rows of unit length, float16 as it is stored. One step of Zhou
    et al. 2004, "Learning with local and global consistency", from the head's answers, for texts that come one by one.
    """

    kind: FieldKind
    head: Head
    remembered: NDArray[np.float16]
    memory: Memory = field(init=False, repr=False)
    _answers: Matrix = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rows = self.remembered.astype(np.float64)
        answers = probabilities(self.kind, self.head.logits(rows))
        if self.kind is FieldKind.PAIRWISE:  # a pair is remembered from both sides
            rows, answers = np.vstack([rows, -rows]), np.vstack([answers, answers[:, ::-1]])
        object.__setattr__(self, "memory", Memory.of(rows))
        object.__setattr__(self, "_answers", answers)

    def logits(self, vectors: Matrix, near: Neighbours | None = None) -> Matrix:
        """Return logits of the smoothed probabilities, shape (…, n, k); vectors has shape (…, n, d).

        `near` are their neighbours, of all of them in one row after another, where somebody knows them already.
        """
        if near is None:
            near = self.memory.neighbours(self.memory.look(vectors.reshape(-1, vectors.shape[-1])))
        own = probabilities(self.kind, self.head.logits(vectors))
        # Where all neighbours are equally near they say nothing of this text in particular.
        said = (near.weights[:, np.newaxis] @ self._answers.take(near.nearest, axis=0))[:, 0]
        theirs = said.reshape(own.shape) + _ALIKE * own
        total = near.total.reshape(*own.shape[:-1], 1)
        mixed = (1 - SHARE) * own + SHARE * theirs / (total + _ALIKE)
        logits: Matrix = np.log(mixed + _TINY)
        return logits - np.log(1 - mixed + _TINY) if several(self.kind) else logits
