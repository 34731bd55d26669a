"""A finetune fit from the checkpoint's name to a trained network and its temperature."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog

from labelloop.learners.base import Scratch
from labelloop.learners.tuning import network as networks
from labelloop.learners.tuning.checkpoint import Checkpoint
from labelloop.learners.tuning.classify import Lesson, Trainer
from labelloop.learners.tuning.device import best_device
from labelloop.learners.tuning.faults import told_plainly
from labelloop.learners.tuning.material import Material, looked_at
from labelloop.learners.tuning.network import Network
from labelloop.learners.tuning.pretrained import find_pretrained, load_network, reader_of

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained network, the temperature to answer with, and the folder its checkpoint came from."""

    network: Network
    temperature: float
    folder: Path


def fine_tuned(table: Material, checkpoint: str, *, seed: int, scratch: Scratch) -> Trained:
    """Train the checkpoint on the table; tried again after a kill it goes on where it was.

    Raises UserError if the checkpoint cannot be used, or Diverged or OutOfMemory if it cannot be trained.
    """
    import torch

    folder = find_pretrained(checkpoint)
    reader = reader_of(checkpoint, folder)
    with told_plainly("finetune"), torch.random.fork_rng():
        torch.manual_seed(seed)
        body = load_network(checkpoint, folder, outputs=len(table.labels), pad_id=reader.pad_id)
        adapted = body.num_parameters() >= networks.LARGE
        network = Network(body, reader, best_device(), adapted=adapted)
        lesson = _lesson(table, learning_rate(body.num_parameters(), adapted=adapted), seed, scratch)
        _tell(network, lesson)
        key = table.digest("finetune", checkpoint, adapted, seed)
        best = Trainer(network, lesson, Checkpoint(scratch.directory / "finetune.safetensors", key)).train()
    return Trained(network, best.temperature if best else 1.0, folder)


def learning_rate(weights: int, *, adapted: bool) -> float:
    """Return AdamW's highest rate: higher for small networks and for adapters, which start from nothing."""
    if adapted:
        return 2e-4
    return 2e-4 if weights < 50_000_000 else 5e-5


def _lesson(table: Material, rate: float, seed: int, scratch: Scratch) -> Lesson:
    held = looked_at(table.truth, seed)
    return Lesson(table, np.flatnonzero(~held), np.flatnonzero(held), rate, seed, scratch.deadline, scratch.report)


def _tell(network: Network, lesson: Lesson) -> None:
    reader = network.reader
    _log.info(
        "finetune_starts",
        device=network.device.type,
        adapted=network.adapted,
        steps=lesson.steps,
        shown=len(lesson.shown),
        held_out=len(lesson.held),
        cut_to_head_and_tail=sum(reader.cuts(text) for text in lesson.material.texts),
        tokens_kept=reader.limit,
    )
