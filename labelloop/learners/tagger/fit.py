"""What the tagger is fitted to, and what is tried on documents held out before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import Span
from labelloop.learners.calibration.platt import PlattScaling
from labelloop.learners.spans.span_calibration import best_outside_bias, calibrated, folds_of, pooled_f1
from labelloop.learners.spans.span_decision import Decision, decide_spans, with_known
from labelloop.learners.spans.span_documents import Document
from labelloop.learners.spans.tag_sets import Layer, tags_of, width_of
from labelloop.learners.tagger.multinomial_regression import Seen, Weights, fit_weights, together

COST, COST_ALONE = 5.0, 1.0
"""What large weights of named features cost beside vectors, and without them."""


@dataclass(frozen=True, slots=True, eq=False)
class TaggerData:
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

    def without_vectors(self) -> "TaggerData":
        """Return the data of the features by name alone."""
        return replace(self, seen=[replace(seen, vectors=seen.vectors[:, :0]) for seen in self.seen])

    def fit(self, held: NDArray[np.bool_] | None = None) -> Weights:
        """Fit to the documents, but for those held out, a mask of shape (len(documents),)."""
        if not self.layers:
            dimensions = self.seen[0].vectors.shape[1]
            return Weights(*(np.zeros(shape, np.float32) for shape in ((self.features, 0), (dimensions, 0), 0)))
        shown = [n for n in range(len(self.documents)) if held is None or not held[n]]
        tags = [
            np.concatenate([tags_of(self.documents[n].spans, self.documents[n].units, layer) for n in shown])
            for layer in self.layers
        ]
        widths = [width_of(layer) for layer in self.layers]
        cost = COST if self.sees_vectors else COST_ALONE
        return fit_weights(together([self.seen[n] for n in shown]), self.features, tags, widths, cost)


@dataclass(frozen=True, slots=True, eq=False)
class TaggerChoice:
    """What to fit in the end; `f1` is the strict F1 it reached on documents held out, 0 where none were."""

    data: TaggerData
    outside: float
    curve: PlattScaling
    f1: float


def choose_tagger(data: TaggerData, seed: int, report: Callable[[float], None]) -> TaggerChoice:
    """Try the data with vectors and without; return the better one, with its outside bias and confidence."""
    folds = folds_of(len(data.documents), seed)
    choice = _tried(data, folds)
    report(0.6)
    if folds and data.layers and data.sees_vectors:
        choice = max(choice, _tried(data.without_vectors(), folds), key=lambda choice: choice.f1)
    report(0.8)
    return choice


def _tried(data: TaggerData, folds: Sequence[NDArray[np.bool_]]) -> TaggerChoice:
    logits: dict[int, NDArray[np.float64]] = {}
    for held in folds:
        weights = data.fit(held)
        logits |= {n: weights.logits(data.seen[n]) for n in np.flatnonzero(held).tolist()}
    tried = sorted(logits)
    documents = [data.documents[n] for n in tried]

    def decide(place: int, outside: float) -> Decision:
        found = decide_spans(logits[tried[place]], documents[place].units, data.layers, outside)
        return with_known(found, data.known[tried[place]])

    outside = best_outside_bias(documents, decide)
    decisions = [decide(place, outside) for place in range(len(documents))]
    f1 = pooled_f1([d.spans for d in documents], [d.spans for d in decisions]) if documents else 0.0
    return TaggerChoice(data, outside, calibrated(documents, decisions), f1)
