"""Who answers: the student where it is sure, else the LLM; and how far the LLM's answer can be trusted then."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import tanh

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.predictions import Prediction
from labelloop.domain.values import FieldKind
from labelloop.learners.calibration.platt import fit_platt
from labelloop.learners.logistic_head import fit_head

ENOUGH = 30
ALWAYS = 2.0
"""The threshold above every margin: the LLM is always asked."""
NO_WORSE_THAN = 0.01
_CLIP = 1e-3

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Trust:
    """Will the LLM's answer be right? The log-odds are linear in `features`; never surer than `most`."""

    weights: tuple[float, float, float]
    bias: float
    most: float

    def __call__(self, student: Prediction, llm: Prediction) -> float:
        """Return the probability, in [0, 1]."""
        parts = (weight * seen for weight, seen in zip(self.weights, features(student, llm), strict=True))
        odds = float(sum(parts)) + self.bias
        return min(0.5 * (1.0 + tanh(0.5 * odds)), self.most)


def features(student: Prediction, llm: Prediction) -> tuple[float, float, float]:
    """Return the student's margin, the log-odds of the LLM's score, and whether both say the same, 1 or 0."""
    score = min(max(llm.margin, _CLIP), 1 - _CLIP)
    return student.margin, float(np.log(score) - np.log1p(-score)), float(student.value == llm.value)


def fit_trust(pairs: Sequence[tuple[Prediction, Prediction]], right: Sequence[bool]) -> Trust:
    """Fit a logistic regression to held-out answers, student's and LLM's, and whether the LLM's was right.

    With fewer than 30, or where all are right or all wrong, it is (right + 1) / (n + 2) for every text. Nobody is made
    surer by n answers than (n + 1) / (n + 2).
    """
    hits = np.asarray(right, np.bool_)
    good, bad = int(hits.sum()), int((~hits).sum())
    most = (len(hits) + 1) / (len(hits) + 2)
    if len(hits) < ENOUGH or not good or not bad:
        return Trust((0.0, 0.0, 0.0), float(np.log((good + 1) / (bad + 1))), most)
    seen = np.array([features(student, llm) for student, llm in pairs])
    head = fit_head(FieldKind.CHOICE, seen, np.column_stack([~hits, hits]))
    one, two, three = (float(weight) for weight in head.weights[1] - head.weights[0])
    return Trust((one, two, three), float(head.bias[1] - head.bias[0]), most)


def threshold(margins: Numbers, student_right: Flags, llm_right: Flags) -> float:
    """Return the margin from which on the student is no more than one point less likely right than the LLM.

    Both likelihoods are curves over the student's margin, fitted to held-out examples; all have shape (n,). The answer
    is 0 where the student is always as good; with fewer than 30 examples the LLM is always asked.
    """
    if len(margins) < ENOUGH:
        return ALWAYS
    ranked, known = np.unique(margins), margins.tolist()
    student, llm = (fit_platt(known, right.tolist())(ranked.tolist()) for right in (student_right, llm_right))
    worse = np.flatnonzero(student < llm - NO_WORSE_THAN)
    if not len(worse):
        return 0.0
    return float(ranked[worse[-1] + 1]) if worse[-1] + 1 < len(ranked) else ALWAYS
