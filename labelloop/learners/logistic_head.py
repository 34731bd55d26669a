"""Logistic regression as plain arrays: scikit-learn fits it, numpy runs it."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import FieldKind
from labelloop.encoders.base import Vectors

Matrix = NDArray[np.float64]
Truth = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """`weights` of shape (k, d) and `bias` of shape (k,), both float64."""

    weights: Matrix
    bias: Matrix

    def logits(self, vectors: Vectors | Matrix) -> Matrix:
        """Return one row per vector and one column per label; vectors has shape (…, n, d)."""
        return vectors.astype(np.float64, copy=False) @ self.weights.T + self.bias


def several(kind: FieldKind) -> bool:
    """Return whether a task may have several labels, each judged for itself, rather than one of all."""
    return kind in (FieldKind.CHOICES, FieldKind.TAXONOMY)


def probabilities(kind: FieldKind, logits: Matrix) -> Matrix:
    """Return the probabilities of logits, shape (…, n, k): each for itself where a task may have several labels."""
    if several(kind):
        halves: Matrix = 0.5 * (1.0 + np.tanh(0.5 * logits))
        return halves
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Matrix = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def fit_head(kind: FieldKind, vectors: Matrix, truth: Truth, weights: Matrix | None = None) -> Head:
    """Fit to the vectors, shape (n, d), what is true of them, shape (n, k); `weights` has shape (n,), by default ones.

    One label of all: each row has one true column, each column a true row, k >= 2. Several: a label that is true of all
    or of none gets the log-odds of Laplace's rule of succession. Pairs: each is told from both sides, so that a vector
    of the opposite sign has the opposite logits.
    """
    if several(kind):
        return _one_by_one(vectors, truth, weights)
    if kind is FieldKind.PAIRWISE:
        half = 0.5 * (np.ones(len(truth)) if weights is None else weights)
        vectors, truth, weights = np.vstack([vectors, -vectors]), np.vstack([truth, ~truth]), np.tile(half, 2)
    coefficients, intercepts = _regression(vectors, truth.argmax(axis=1), weights)
    if len(coefficients) == 1:  # two labels share one row of coefficients: the second's, against the first
        coefficients = np.vstack([-coefficients / 2, coefficients / 2])
        intercepts = np.array([-intercepts[0] / 2, intercepts[0] / 2])
    return Head(coefficients, np.zeros(2) if kind is FieldKind.PAIRWISE else intercepts)


def _one_by_one(vectors: Matrix, truth: Truth, weights: Matrix | None) -> Head:
    coefficients, bias = np.zeros((truth.shape[1], vectors.shape[1])), np.empty(truth.shape[1])
    for label, column in enumerate(truth.T):
        if column.all() or not column.any():
            bias[label] = np.log(column.sum() + 1) - np.log((~column).sum() + 1)
        else:
            (coefficients[label],), (bias[label],) = _regression(vectors, column, weights)
    return Head(coefficients, bias)


def _regression(vectors: Matrix, truth: NDArray[np.int64] | Truth, weights: Matrix | None) -> tuple[Matrix, Matrix]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the answer is then merely a little less sharp
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)  # so it is with the first labels
        fitted = LogisticRegression(C=10.0, max_iter=1000).fit(vectors, truth, sample_weight=weights)
    # In the order of axes in which it is stored, so that a loaded head gives the same last digits.
    return np.ascontiguousarray(fitted.coef_), fitted.intercept_
