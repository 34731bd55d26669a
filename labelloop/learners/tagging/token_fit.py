"""A token-finetune fit, from the checkpoint's name to a trained network and how eager and sure it may be."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog

from labelloop.domain.values import FieldKind, Spans
from labelloop.learners.base import Scratch
from labelloop.learners.platt import Curve
from labelloop.learners.tagging.held_out import calibrated
from labelloop.learners.tagging.layers import Layer, outputs_of
from labelloop.learners.tagging.material import Document
from labelloop.learners.tagging.token_lesson import TokenTrainer, items_of
from labelloop.learners.tagging.token_network import load_token_network, windows_of
from labelloop.learners.tuning import finetune_fit
from labelloop.learners.tuning import network as networks
from labelloop.learners.tuning.checkpoint import Checkpoint
from labelloop.learners.tuning.classify import Lesson
from labelloop.learners.tuning.device import best_device
from labelloop.learners.tuning.faults import told_plainly
from labelloop.learners.tuning.material import Material, looked_at
from labelloop.learners.tuning.network import Network
from labelloop.learners.tuning.pretrained import find_pretrained, reader_of

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained network, how eager and how sure it may be, and the folder its checkpoint came from."""

    network: Network
    outside: float
    curve: Curve
    folder: Path


def fine_tuned(
    documents: Sequence[Document], layers: Sequence[Layer], checkpoint: str, *, seed: int, scratch: Scratch
) -> Trained:
    """Train the checkpoint on the documents; tried again after a kill it goes on where it was.

    Raises UserError if the checkpoint cannot be used, or Diverged or OutOfMemory if it cannot be trained.
    """
    import torch

    folder = find_pretrained(checkpoint)
    reader = reader_of(checkpoint, folder)
    table = _table(documents, layers)
    with told_plainly("token-finetune"), torch.random.fork_rng():
        torch.manual_seed(seed)
        body = load_token_network(checkpoint, folder, outputs=outputs_of(layers), pad_id=reader.pad_id)
        adapted = body.num_parameters() >= networks.LARGE
        network = Network(body, reader, best_device(), adapted=adapted)
        windows = windows_of(network)
        items = items_of(documents, windows, layers)
        held = looked_at(table.truth, seed)
        shown = np.array([n for n, item in enumerate(items) if not held[item.document]], np.int64)
        rate = finetune_fit.learning_rate(body.num_parameters(), adapted=adapted)
        lesson = Lesson(table, shown, np.flatnonzero(held), rate, seed, scratch.deadline, scratch.report)
        kept = Checkpoint(
            scratch.directory / "token-finetune.safetensors",
            table.digest("token-finetune", layers, checkpoint, adapted, seed),
        )
        trainer = TokenTrainer(network, lesson, kept, documents=documents, layers=layers, windows=windows, items=items)
        _log.info(
            "token_finetune_starts",
            device=network.device.type,
            adapted=adapted,
            steps=lesson.steps if len(shown) else 0,
            documents=len(documents),
            windows=len(items),
            held_out=int(held.sum()),
        )
        if len(shown):
            trainer.train()
        if not held.any():
            return Trained(network, 0.0, calibrated([], []), folder)
        found = trainer.held_out()
    return Trained(network, found.outside, found.curve, folder)


def _table(documents: Sequence[Document], layers: Sequence[Layer]) -> Material:
    labels = tuple(label for layer in layers for label in layer)
    truth = [[any(span.label == label for span in d.spans) for label in labels] for d in documents]
    texts, values = tuple(d.text for d in documents), tuple(Spans(d.spans) for d in documents)
    return Material(FieldKind.SPANS, labels, texts, values, np.array(truth, bool).reshape(-1, len(labels)), True)
