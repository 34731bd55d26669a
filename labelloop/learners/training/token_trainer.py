"""Training a network to tag tokens: each window of a document with the tags of its units' first tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from labelloop.learners.calibration.platt import PlattScaling
from labelloop.learners.spans.span_calibration import best_outside_bias, calibrated, pooled_f1
from labelloop.learners.spans.span_decision import Decision, decide_spans
from labelloop.learners.spans.span_documents import Document
from labelloop.learners.spans.tag_sets import Layer, tags_of, width_of
from labelloop.learners.spans.tokenization import Offsets
from labelloop.learners.training.early_stopping import EvaluationStep
from labelloop.learners.training.token_classifier import Windows, first_tokens, unit_logits, whole_units
from labelloop.learners.training.trainer import Trainer

if TYPE_CHECKING:
    import torch

NO_TAG = -100
"""Of a token that is not the first of a unit; torch's cross entropy leaves it out."""


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One window: its token ids, and the tag of each in every layer, shape (layers, n)."""

    document: int
    ids: list[int]
    tags: NDArray[np.int64]


def items_of(documents: Sequence[Document], windows: Windows, layers: Sequence[Layer]) -> list[Item]:
    """Return the windows of all documents; those without any token are left out."""
    return [
        item
        for number, document in enumerate(documents)
        for item in _items(number, document, windows, layers)
        if len(item.ids)
    ]


def _items(number: int, document: Document, windows: Windows, layers: Sequence[Layer]) -> list[Item]:
    items = []
    for window in windows(document.text):
        meant = np.flatnonzero(~np.array(window.special_tokens_mask, bool))
        tokens = np.array(window.offsets, np.int64).reshape(-1, 2)[meant]
        units = whole_units(document.text, tokens)
        tags = np.full((len(layers), len(window.ids)), NO_TAG, np.int64)
        for row, layer in zip(tags, layers, strict=True):
            row[meant[first_tokens(units, tokens)]] = tags_of(document.spans, units, layer)
        items.append(Item(number, list(window.ids), tags))
    return items


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What documents held out tell of a network: the best outside bias, how sure it may be, and how well it does."""

    outside: float
    curve: PlattScaling
    f1: float
    loss: float


@dataclass(slots=True, eq=False)
class TokenTrainer(Trainer):
    """Trains a network to tag; the plan's `shown` are places in `items`, its `held` places in `documents`.

    The best evaluation is that of largest strict F1 over the held-out documents, of equals the likelier one.
    """

    documents: Sequence[Document] = field(kw_only=True)
    layers: Sequence[Layer] = field(kw_only=True)
    windows: Windows = field(kw_only=True)
    items: Sequence[Item] = field(kw_only=True)

    def __post_init__(self) -> None:
        self._ids = [item.ids for item in self.items]

    def held_out(self) -> HeldOut:
        """Return what the held-out documents tell now."""
        documents = [self.documents[n] for n in self.plan.held]
        self.network.model.eval()
        seen = [unit_logits(self.network, self.windows, document.text) for document in documents]

        def decide(place: int, outside: float) -> Decision:
            units, logits = seen[place]
            return decide_spans(logits, units, self.layers, outside)

        outside = best_outside_bias(documents, decide)
        decisions = [decide(place, outside) for place in range(len(documents))]
        f1 = pooled_f1([d.spans for d in documents], [d.spans for d in decisions])
        loss = float(np.mean([_loss(*at, d, self.layers) for at, d in zip(seen, documents, strict=True)] or [0.0]))
        return HeldOut(outside, calibrated(documents, decisions), f1, loss)

    def _evaluate(self, step: int) -> EvaluationStep:
        found = self.held_out()
        return EvaluationStep(step, 1.0 - found.f1 + 0.01 * found.loss, 1.0)

    def _loss(self, rows: Sequence[int]) -> "torch.Tensor":
        """Return the summed loss of some windows, each the mean over its tokens."""
        import torch

        logits = self.network.forward([self._ids[row] for row in rows])
        total = logits.sum() * 0.0
        column = 0
        for number, layer in enumerate(self.layers):
            width = width_of(layer)
            for place, row in enumerate(rows):
                tags = torch.as_tensor(self.items[row].tags[number], device=logits.device)
                if bool((tags != NO_TAG).any()):
                    own = logits[place, : len(tags), column : column + width]
                    total = total + torch.nn.functional.cross_entropy(own, tags, ignore_index=NO_TAG)
            column += width
        return total


def _loss(units: Offsets, logits: NDArray[np.float64], document: Document, layers: Sequence[Layer]) -> float:
    total, column = 0.0, 0
    for layer in layers:
        own = logits[:, column : column + width_of(layer)]
        column += own.shape[1]
        tags = tags_of(document.spans, units, layer)
        chosen = own[np.arange(len(tags)), tags]
        total += float((np.logaddexp.reduce(own, axis=1) - chosen).sum())
    return total / max(len(units), 1)
