"""How good answers are on test texts, in a few numbers that mean something for every kind of field."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labelloop.domain.audited_regions import region_pairs
from labelloop.domain.values import Value, similarity
from labelloop.stats.per_label import macro_f1


@dataclass(frozen=True, slots=True)
class Figures:
    """`accuracy` is the share of answers that are wholly right, `agreement` their mean likeness to people's, in [0, 1].

    `macro_f1` is the mean F1 of the labels, of spans the strict one; of a field about regions it counts each region, or
    each ordered pair of them. None for free text.
    """

    accuracy: float
    macro_f1: float | None
    agreement: float


def figures(pairs: Sequence[tuple[Value, Value]]) -> Figures:
    """Return the figures of pairs of (people's value, model's value), at least one."""
    pairwise_similarity = [similarity(people, model) for people, model in pairs]
    right = [people == model for people, model in pairs]
    return Figures(float(np.mean(right)), macro_f1(region_pairs(pairs)), float(np.mean(pairwise_similarity)))
