"""Logistic regression as plain arrays: scikit-learn fits it, numpy runs it."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import FieldKind
from labelloop.encoders.base import Vectors

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """`weights` of shape (k, d) and `bias` of shape (k,), both float64."""

    weights: Matrix
    bias: Matrix

    def logits(self, vectors: Vectors | Matrix) -> Matrix:
        """Return one row per vector and one column per label; vectors has shape (n, d)."""
        return vectors.astype(np.float64) @ self.weights.T + self.bias


def fit_head(kind: FieldKind, vectors: Matrix, truth: NDArray[np.bool_]) -> Head:
    """Fit to the vectors, shape (n, d), what is true of them, shape (n, k).

    One choice: each row has one true column, each column a true row, k >= 2. Several: a label that is true of all or
    of none gets the log-odds of Laplace's rule of succession.
    """
    if kind is FieldKind.CHOICE:
        coefficients, intercepts = _regression(vectors, truth.argmax(axis=1))
        if len(coefficients) == 1:  # two labels share one row of coefficients: the second's, against the first
            coefficients = np.vstack([-coefficients / 2, coefficients / 2])
            intercepts = np.array([-intercepts[0] / 2, intercepts[0] / 2])
        return Head(coefficients, intercepts)
    weights, bias = np.zeros((truth.shape[1], vectors.shape[1])), np.empty(truth.shape[1])
    for label, column in enumerate(truth.T):
        if column.all() or not column.any():
            bias[label] = np.log(column.sum() + 1) - np.log((~column).sum() + 1)
        else:
            (weights[label],), (bias[label],) = _regression(vectors, column)
    return Head(weights, bias)


def _regression(vectors: Matrix, truth: NDArray[np.int64] | NDArray[np.bool_]) -> tuple[Matrix, Matrix]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the answer is then merely a little less sharp
        fitted = LogisticRegression(C=10.0, max_iter=1000).fit(vectors, truth)
    return fitted.coef_, fitted.intercept_
