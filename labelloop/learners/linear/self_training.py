"""Learning also from unlabelled texts, by believing the model where it is surest."""

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import FieldKind
from labelloop.learners.logistic_head import Head, Matrix, Truth, fit_head, probabilities

SHARES = (0.2, 0.4, 0.6)
"""Share of the pool that is believed in each round."""
BELIEF = 0.5
"""How much a guess counts against a person's label."""


def self_train(kind: FieldKind, vectors: Matrix, truth: Truth, pool: Matrix) -> Head:
    """Return the head fitted to labels, truth of shape (n, k) with one true column a row, and to guesses of the pool.

    In each round every label gets the same share of the texts guessed to have it, the surest first, so that no label
    crowds out another (Zou et al. 2018, "Class-balanced self-training"); vectors (n, d), pool (m, d).
    """
    head = fit_head(kind, vectors, truth)
    for share in SHARES:
        guesses = probabilities(kind, head.logits(pool))
        best = guesses.argmax(axis=1)
        believed = _surest(best, guesses.max(axis=1), share)
        head = fit_head(
            kind,
            np.vstack([vectors, pool[believed]]),
            np.vstack([truth, np.eye(truth.shape[1], dtype=np.bool_)[best[believed]]]),
            np.concatenate([np.ones(len(truth)), np.full(len(believed), BELIEF)]),
        )
    return head


def _surest(labels: NDArray[np.int64], confidence: Matrix, share: float) -> NDArray[np.int64]:
    chosen = []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        surest_first = rows[np.argsort(-confidence[rows], kind="stable")]
        chosen.append(surest_first[: int(np.ceil(share * len(rows)))])
    return np.concatenate(chosen)
