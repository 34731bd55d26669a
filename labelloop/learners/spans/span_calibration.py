"""What documents that a model had not seen say: how readily it should find spans, and how sure it may be."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import Span
from labelloop.learners.calibration.platt import PlattScaling, fit_platt
from labelloop.learners.folds import random_folds
from labelloop.learners.spans.span_decision import Decision
from labelloop.learners.spans.span_documents import Document

FOLDS = 3
FEWEST, MANY = 6, 1000
"""Fewer documents are not held out at all; of more than so many, one fold in place of all tells enough."""

OUTSIDE_BIASES = (0.5, 0.0, -0.5, -1.0, -1.5, -2.0, -2.5, -3.0)
"""What may be added to the logit of being outside. A model of few documents hardly dares to leave it by itself."""

USUAL_BIAS = -1.5
"""What mostly serves best, in English and Chinese alike, and what is added where nothing could be tried."""

_LEAN = 0.02
"""How much F1 must gain for each step of 1 away from the usual: measured on few documents it is hardly a fact."""


def folds_of(documents: int, seed: int) -> list[NDArray[np.bool_]]:
    """Return which documents to hold out, one mask of shape (documents,) a fold; none where there are too few."""
    if documents < FEWEST:
        return []
    dealt = random_folds(documents, FOLDS, np.random.default_rng(seed))
    folds = [dealt == fold for fold in range(FOLDS)]
    return folds[:1] if documents > MANY else folds


def best_outside_bias(documents: Sequence[Document], decide: Callable[[int, float], Decision]) -> float:
    """Return the outside bias of largest strict F1 over all documents together, leaning to the usual one.

    `decide(n, bias)` answers the n-th document. Without documents, or without spans in them, it is `USUAL_BIAS`.
    """
    truth = [document.spans for document in documents]
    if not any(truth):
        return USUAL_BIAS

    def worth(bias: float) -> float:
        found = [decide(n, bias).spans for n in range(len(documents))]
        return pooled_f1(truth, found) - _LEAN * abs(bias - USUAL_BIAS)

    return max(OUTSIDE_BIASES, key=worth)


def pooled_f1(truth: Sequence[frozenset[Span]], found: Sequence[frozenset[Span]]) -> float:
    """Return the F1, in [0, 1], of spans with the same ends and label, over all documents together."""
    both = sum(len(a & b) for a, b in zip(truth, found, strict=True))
    given = sum(map(len, truth)) + sum(map(len, found))
    return 2 * both / given if given else 1.0


def calibrated(documents: Sequence[Document], decisions: Sequence[Decision]) -> PlattScaling:
    """Return how likely a decision is right in every span, from its score."""
    right = [decision.spans == d.spans for d, decision in zip(documents, decisions, strict=True)]
    return fit_platt([decision.score for decision in decisions], right)
