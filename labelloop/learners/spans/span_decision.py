"""From the probabilities of tags to the spans of a document, and how sure they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.predictions import Prediction
from labelloop.domain.text_limits import LONGEST_MARKED
from labelloop.domain.values import Span, Spans
from labelloop.learners.calibration.platt import PlattScaling
from labelloop.learners.spans.tag_sets import Layer, spans_of, width_of
from labelloop.learners.spans.tokenization import Offsets
from labelloop.learners.spans.viterbi import decode

_LOWEST = 0.1
"""The share of a document's units, those least sure, that its margin is the mean of."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A document's spans; `score` is the product of their tags' probabilities, `margin` how far they are from others.

    Both are in [0, 1]. The score is not calibrated: tags are taken for independent. The margin is the mean of the
    lowest tenth of the tags' margins, so that it does not fall with the length of a text.
    """

    spans: frozenset[Span]
    score: float
    margin: float


def predictions(texts: Sequence[str], decisions: Sequence[Decision], curve: PlattScaling) -> list[Prediction]:
    """Return what a model says of each text; `curve` tells from a score how probable it is that all spans are right.

    Of a text longer than what is read nobody knows that: its confidence and margin are 0, so that people mark it.
    """
    sure = curve([decision.score for decision in decisions])
    whole = [len(text) <= LONGEST_MARKED for text in texts]
    return [
        Prediction(Spans(one.spans), one.margin if read else 0.0, float(p) if read else 0.0)
        for one, p, read in zip(decisions, sure, whole, strict=True)
    ]


def with_known(decision: Decision, known: Mapping[Span, float]) -> Decision:
    """Return the decision with those known spans, each with its share, that overlap none of its own.

    What people mark at least every other time is marked though the model would not; the score is multiplied by the
    shares.
    """
    added = {
        s: share for s, share in known.items() if not any(s.start < o.end and o.start < s.end for o in decision.spans)
    }
    score = decision.score * float(np.prod([*added.values()]))
    return Decision(decision.spans | frozenset(added), score, decision.margin)


def decide_spans(logits: NDArray[np.float64], units: Offsets, layers: Sequence[Layer], outside: float) -> Decision:
    """Return the likeliest spans; logits has one row a unit and the columns of all layers side by side.

    `outside` is added to the logit of being outside, layer by layer: less than 0 finds more spans.
    """
    spans: set[Span] = set()
    chances, margins = [np.zeros(0)], [np.zeros(0)]
    column = 0
    for layer in layers:
        own = logits[:, column : column + width_of(layer)].copy()
        column += own.shape[1]
        own[:, 0] += outside
        shares = np.exp(own - own.max(axis=1, keepdims=True, initial=-np.inf))
        shares /= shares.sum(axis=1, keepdims=True)
        tags = decode(shares)
        spans.update(spans_of(tags, units, layer))
        rows = np.arange(len(tags))
        chosen = shares[rows, tags]
        shares[rows, tags] = 0.0
        chances.append(chosen)
        margins.append(np.maximum(chosen - shares.max(axis=1, initial=0.0), 0.0))
    all_margins = np.sort(np.concatenate(margins))
    least = all_margins[: ceil(_LOWEST * len(all_margins))]
    return Decision(
        frozenset(spans), float(np.prod(np.concatenate(chances))), float(least.mean()) if len(least) else 1.0
    )
