"""What the tagger is fitted to, and what is tried on documents held out before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import Span
from labelloop.learners.platt import Curve
from labelloop.learners.tagging.decision import Decision, decide_spans, with_known
from labelloop.learners.tagging.held_out import calibrated, folds_of, most_eager, pooled_f1
from labelloop.learners.tagging.layers import Layer, tags_of, width_of
from labelloop.learners.tagging.material import Document
from labelloop.learners.tagging.softmax import Seen, Weights, fit_weights, no_weights, together, without_vectors

COST, COST_ALONE = 5.0, 1.0
"""What large weights of named features cost beside vectors, and without them."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Documents, the spans that others make known in each, with their shares, the layers of labels, and what is seen.

    `features` is the number of known features.
    """

    documents: Sequence[Document]
    known: Sequence[Mapping[Span, float]]
    layers: Sequence[Layer]
    seen: Sequence[Seen]
    features: int

    @property
    def sees_vectors(self) -> bool:
        """Return whether vectors take part."""
        return self.seen[0].vectors.shape[1] > 0

    def without_vectors(self) -> "Lesson":
        """Return the lesson of the features by name alone."""
        return replace(self, seen=[without_vectors(seen) for seen in self.seen])

    def fit(self, held: NDArray[np.bool_] | None = None) -> Weights:
        """Fit to the documents, but for those held out, a mask of shape (len(documents),)."""
        if not self.layers:
            return no_weights(self.features, self.seen[0].vectors.shape[1])
        shown = [n for n in range(len(self.documents)) if held is None or not held[n]]
        tags = [
            np.concatenate([tags_of(self.documents[n].spans, self.documents[n].units, layer) for n in shown])
            for layer in self.layers
        ]
        widths = [width_of(layer) for layer in self.layers]
        cost = COST if self.sees_vectors else COST_ALONE
        return fit_weights(together([self.seen[n] for n in shown]), self.features, tags, widths, cost)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What to fit in the end; `f1` is the strict F1 it reached on documents held out, 0 where none were."""

    lesson: Lesson
    outside: float
    curve: Curve
    f1: float


def make_plan(lesson: Lesson, seed: int, report: Callable[[float], None]) -> Plan:
    """Try the lesson with vectors and without; return the better one, with how eager and how sure it may be."""
    folds = folds_of(len(lesson.documents), seed)
    plan = _tried(lesson, folds)
    report(0.6)
    if folds and lesson.layers and lesson.sees_vectors:
        plan = max(plan, _tried(lesson.without_vectors(), folds), key=lambda plan: plan.f1)
    report(0.8)
    return plan


def _tried(lesson: Lesson, folds: Sequence[NDArray[np.bool_]]) -> Plan:
    logits: dict[int, NDArray[np.float64]] = {}
    for held in folds:
        weights = lesson.fit(held)
        logits |= {n: weights.logits(lesson.seen[n]) for n in np.flatnonzero(held).tolist()}
    tried = sorted(logits)
    documents = [lesson.documents[n] for n in tried]

    def decide(place: int, outside: float) -> Decision:
        found = decide_spans(logits[tried[place]], documents[place].units, lesson.layers, outside)
        return with_known(found, lesson.known[tried[place]])

    outside = most_eager(documents, decide)
    decisions = [decide(place, outside) for place in range(len(documents))]
    f1 = pooled_f1([d.spans for d in documents], [d.spans for d in decisions]) if documents else 0.0
    return Plan(lesson, outside, calibrated(documents, decisions), f1)
