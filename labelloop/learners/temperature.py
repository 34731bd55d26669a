"""One temperature that makes confidences honest, fitted on answers to examples that the model had not seen."""

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import FieldKind
from labelloop.learners.logistic import Matrix, fit_head

FOLDS = 5
ENOUGH = 30
_BOUNDS = (np.log(0.05), np.log(20.0))


def fit_temperature(kind: FieldKind, vectors: Matrix, truth: NDArray[np.bool_], seed: int) -> float:
    """Return the temperature, in [0.05, 20], of least loss on out-of-fold logits; 1.0 where too little is known.

    vectors has shape (n, d), truth (n, k). Too little: fewer than 30 examples, or a fold whose training part holds one
    label only. An example whose label its fold's training part lacks tells nothing of the temperature and is left out.
    Guo et al. 2017, "On Calibration of Modern Neural Networks".
    """
    if len(truth) < ENOUGH:
        return 1.0
    folds = _stratified(truth, np.random.default_rng(seed))
    logits = np.full(truth.shape, -np.inf)
    for fold in range(FOLDS):
        held = folds == fold
        known = truth[~held].any(axis=0) if kind is FieldKind.CHOICE else np.ones(truth.shape[1], bool)
        if kind is FieldKind.CHOICE and known.sum() < 2:
            return 1.0
        head = fit_head(kind, vectors[~held], truth[~held][:, known])
        logits[np.ix_(held, known)] = head.logits(vectors[held])
    answerable = np.isfinite(logits[truth]) if kind is FieldKind.CHOICE else np.ones(len(truth), bool)
    if answerable.sum() < ENOUGH:
        return 1.0
    return _best(kind, logits[answerable], truth[answerable])


def _stratified(truth: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Deal the examples into folds like cards, those of like labels one after another."""
    shuffled = rng.permutation(len(truth))
    _, alike = np.unique(truth[shuffled], axis=0, return_inverse=True)
    folds = np.empty(len(truth), np.int64)
    folds[shuffled[np.argsort(alike.ravel(), kind="stable")]] = np.arange(len(truth)) % FOLDS
    return folds


def _best(kind: FieldKind, logits: Matrix, truth: NDArray[np.bool_]) -> float:
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        if kind is FieldKind.CHOICE:
            return float(np.mean(np.logaddexp.reduce(scaled, axis=1) - scaled[truth]))
        return float(np.mean(np.logaddexp(0.0, np.where(truth, -scaled, scaled))))

    return float(np.exp(minimize_scalar(loss, bounds=_BOUNDS, method="bounded").x))
