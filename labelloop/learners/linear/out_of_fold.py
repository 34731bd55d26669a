"""What linear experts answer to examples that they were not fitted to."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import FieldKind
from labelloop.learners.calibration.temperature import Unseen
from labelloop.learners.folds import FOLDS, stratified_folds
from labelloop.learners.linear.graph_smoothing import Smoothed
from labelloop.learners.logistic_head import Head, Matrix, Truth, several

ENOUGH = 30
NEVER = -50.0
"""The logit of a label that a fold's training part lacks."""

Expert = Head | Smoothed
FitExperts = Callable[[FieldKind, Matrix, Truth], tuple[Expert, ...]]
"""Fit some experts to vectors, shape (n, d), and what is true of them, (n, k)."""


def out_of_fold(kind: FieldKind, fit_experts: FitExperts, vectors: Matrix, truth: Truth, seed: int) -> Unseen | None:
    """Return the experts' answers in five folds; None where too little is known.

    Too little: fewer than 30 examples, or a fold whose training part holds one label only. An example whose label its
    fold's training part lacks tells nothing and is left out.
    """
    if len(truth) < ENOUGH:
        return None
    folds = stratified_folds(truth, FOLDS, np.random.default_rng(seed))
    parts: list[tuple[Matrix, ...]] = []
    order: list[NDArray[np.int64]] = []
    for fold in range(FOLDS):
        held = folds == fold
        known = np.flatnonzero(known_labels(kind, truth[~held]))
        if not several(kind) and len(known) < 2:
            return None
        experts = fit_experts(kind, vectors[~held], truth[~held][:, known])
        parts.append(tuple(_wide(e.logits(vectors[held]), known, truth.shape[1]) for e in experts))
        order.append(np.flatnonzero(held))
    rows = np.concatenate(order)
    logits = [np.vstack(answers) for answers in zip(*parts, strict=True)]
    there = np.ones(len(rows), np.bool_) if several(kind) else logits[0][truth[rows]] > NEVER
    if there.sum() < ENOUGH:
        return None
    return Unseen(tuple(answers[there] for answers in logits), truth[rows][there])


def known_labels(kind: FieldKind, truth: Truth) -> Truth:
    """Return which labels, shape (k,), can be learned from what is true of some examples, (n, k)."""
    return np.logical_or(truth.any(axis=0), several(kind) or kind is FieldKind.PAIRWISE)


def _wide(logits: Matrix, known: NDArray[np.int64], labels: int) -> Matrix:
    wide = np.full((len(logits), labels), NEVER)
    wide[:, known] = np.maximum(logits, NEVER + 1)
    return wide
