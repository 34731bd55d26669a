"""Logistic regression on a table's vectors, whatever the kind of field."""

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import FieldKind
from labelloop.learners.calibration.temperature import IMPOSSIBLE
from labelloop.learners.logistic_head import Head, Matrix, fit_head
from labelloop.learners.training.dataset import Dataset


def fitted_head(table: Dataset, vectors: Matrix, rows: NDArray[np.int64] | None = None) -> Head:
    """Return the head fitted to some rows of the table, by default all; vectors has shape (len(rows), d).

    A label that none of these rows has is never given. Where a table teaches nothing the answer is the same for every
    text: Laplace's rule of succession.
    """
    truth = table.truth if rows is None else table.truth[rows]
    weights, bias = np.zeros((truth.shape[1], vectors.shape[1])), np.full(truth.shape[1], IMPOSSIBLE)
    seen = np.arange(truth.shape[1]) if table.several else np.flatnonzero(truth.any(axis=0))
    if not table.learnable or (not table.several and len(seen) < 2):
        counts = truth.sum(axis=0)
        against = len(truth) - counts + 1 if table.several else np.ones_like(counts)
        return Head(weights, np.log(counts + 1) - np.log(against))
    fitted = fit_head(FieldKind.CHOICES if table.several else FieldKind.CHOICE, vectors, truth[:, seen])
    weights[seen], bias[seen] = fitted.weights, fitted.bias
    return Head(weights, bias)
