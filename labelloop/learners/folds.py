"""Which examples are held out: the one way in which they are split, the same for the same seed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.tasks import fingerprint

FOLDS = 5
VALIDATION_SHARE = 0.2
FEWEST_FOR_VALIDATION = 5
"""With fewer held-out examples there is no early stopping, and all are learned from."""

Folds = NDArray[np.int64]
"""The number of each example's fold, shape (n,)."""


def random_folds(examples: int, folds: int, rng: np.random.Generator) -> Folds:
    """Return folds of equal size."""
    return rng.permutation(examples) % folds


def stratified_folds(labels: NDArray[np.generic], folds: int, rng: np.random.Generator) -> Folds:
    """Return folds of equal size that are alike in labels, of shape (n,), or (n, k) where there may be several.

    The examples are dealt like cards, those of the same labels one after another, so that also the few of a rare label
    go to different folds.
    """
    shuffled = rng.permutation(len(labels))
    _, strata = np.unique(labels[shuffled], axis=0, return_inverse=True)
    dealt = np.empty(len(labels), np.int64)
    dealt[shuffled[np.argsort(strata.ravel(), kind="stable")]] = np.arange(len(labels)) % folds
    return dealt


def folds_by_text(
    texts: Sequence[str], folds: int, rng: np.random.Generator, labels: Sequence[str] | None = None
) -> Folds:
    """Return folds that have no text in common; they are alike in `labels` where these are given, one a text."""
    label_of = dict(zip(map(fingerprint, texts), labels or texts, strict=True))
    distinct = sorted(label_of)
    if labels is None:
        dealt = random_folds(len(distinct), folds, rng)
    else:
        dealt = stratified_folds(np.array([label_of[text] for text in distinct], np.str_), folds, rng)
    fold_of = dict(zip(distinct, dealt.tolist(), strict=True))
    return np.array([fold_of[fingerprint(text)] for text in texts], np.int64)


def held_out(truth: NDArray[np.bool_], share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return which examples to hold out, shape (n,): about this share, of all labels alike, never the last of a label.

    truth has shape (n, k).
    """
    held: NDArray[np.bool_] = stratified_folds(truth, round(1 / share), rng) == 0
    lost = truth.any(axis=0) & ~truth[~held].any(axis=0)
    return held & ~truth[:, lost].any(axis=1)


def validation_part(truth: NDArray[np.bool_], seed: int) -> NDArray[np.bool_]:
    """Return which examples tell when to stop, shape (n,): a fifth, or none where these would be too few to tell."""
    held = held_out(truth, VALIDATION_SHARE, np.random.default_rng(seed))
    return held if held.sum() >= FEWEST_FOR_VALIDATION else np.zeros_like(held)
