"""Training a checkpoint to tag tokens, with the best outside bias and confidence."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from labelloop.domain.values import FieldKind, Spans
from labelloop.learners.calibration.platt import PlattScaling
from labelloop.learners.folds import validation_part
from labelloop.learners.spans.span_calibration import calibrated
from labelloop.learners.spans.span_documents import Document
from labelloop.learners.spans.tag_sets import Layer, outputs_of
from labelloop.learners.training.dataset import Dataset
from labelloop.learners.training.network import Network
from labelloop.learners.training.run import TrainingRun, is_large
from labelloop.learners.training.token_classifier import load_token_classifier, windows_of
from labelloop.learners.training.token_trainer import TokenTrainer, items_of


def train_tagger(
    run: TrainingRun, documents: Sequence[Document], layers: Sequence[Layer]
) -> tuple[Network, float, PlattScaling]:
    """Train the run's checkpoint; return it, what to add to the logit of being outside, and how sure it may be."""
    body = load_token_classifier(run.checkpoint, run.folder, outputs=outputs_of(layers), pad_id=run.reader.pad_id)
    network = Network(body, run.reader, adapted=is_large(body))
    windows, table = windows_of(network), _table(documents, layers)
    items = items_of(documents, windows, layers)
    held = validation_part(table.truth, run.context.seed)
    shown = np.array([n for n, item in enumerate(items) if not held[item.document]], np.int64)
    make = partial(TokenTrainer, documents=documents, layers=layers, windows=windows, items=items)
    trainer = run.trainer(make, network, table, held, shown)
    trainer.train()
    if not held.any():
        return network, 0.0, calibrated([], [])
    found = trainer.held_out()
    return network, found.outside, found.curve


def _table(documents: Sequence[Document], layers: Sequence[Layer]) -> Dataset:
    labels = tuple(label for layer in layers for label in layer)
    truth = [[any(span.label == label for span in d.spans) for label in labels] for d in documents]
    texts, values = tuple(d.text for d in documents), tuple(Spans(d.spans) for d in documents)
    return Dataset(FieldKind.SPANS, labels, texts, values, np.array(truth, bool).reshape(-1, len(labels)), True)
