"""A generate fit, from the checkpoint's name to a network that writes, and how sure it may be."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import structlog

from labelloop.learners.base import Scratch
from labelloop.learners.platt import Curve, fit_curve
from labelloop.learners.tuning import finetune_fit
from labelloop.learners.tuning import network as networks
from labelloop.learners.tuning.checkpoint import Checkpoint
from labelloop.learners.tuning.classify import Lesson, Trainer
from labelloop.learners.tuning.device import best_device
from labelloop.learners.tuning.faults import told_plainly
from labelloop.learners.tuning.looks import Look
from labelloop.learners.tuning.material import Material, looked_at
from labelloop.learners.tuning.pretrained import find_pretrained, reader_of
from labelloop.learners.tuning.reader import Reader
from labelloop.learners.tuning.writer import Writer, bridge, end_of, load_body

if TYPE_CHECKING:
    import torch

MAX_TOKENS = 512
"""Of a text and its answer together."""
MAX_ANSWER = 128
"""Longer answers are learned, and written, as far as this."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained network, how sure it may be, and the folder its checkpoint came from."""

    writer: Writer
    curve: Curve
    folder: Path


@dataclass(slots=True, eq=False)
class WriterTrainer(Trainer):
    """Trains a network to write; `told` are the answers' token ids. The best look is that of least loss."""

    writer: Writer = field(kw_only=True)
    told: Sequence[Sequence[int]] = field(kw_only=True)

    def __post_init__(self) -> None:
        self._ids = [self.writer.prompt(text) for text in self.lesson.material.texts]

    def _look(self, step: int) -> Look:
        import torch

        self.writer.model.eval()
        with torch.inference_mode():
            losses = [float(self._loss([int(row)])) for row in self.lesson.held]
        return Look(step, float(np.mean(losses)), 1.0)

    def _loss(self, rows: Sequence[int]) -> "torch.Tensor":
        return self.writer.losses([self._ids[row] for row in rows], [self.told[row] for row in rows]).sum()


def fine_tuned(table: Material, checkpoint: str, guess: str, *, seed: int, scratch: Scratch) -> Trained:
    """Train the checkpoint to write the answers; tried again after a kill it goes on where it was.

    `guess` is answered where the network writes nothing. Raises UserError if the checkpoint cannot be used, or Diverged
    or OutOfMemory if it cannot be trained.
    """
    import torch

    folder = find_pretrained(checkpoint)
    reader = reader_of(checkpoint, folder, most=MAX_TOKENS)
    with told_plainly("generate"), torch.random.fork_rng():
        torch.manual_seed(seed)
        body = load_body(checkpoint, folder)
        most = min(MAX_ANSWER, reader.limit // 2)
        told = [_tokens(reader, str(value).strip(), end_of(body.config), most) for value in table.values]
        most = min(most, 2 * max(map(len, told)))  # one that rambles is stopped soon
        room = Reader(reader.tokenizer, reader.pad_id, max(reader.limit - most - len(bridge(reader)), 2))
        adapted = body.num_parameters() >= networks.LARGE
        writer = Writer(body, room, best_device(), adapted=adapted, most=most)
        rate = finetune_fit.learning_rate(body.num_parameters(), adapted=adapted)
        lesson = _lesson(table, rate, seed, scratch)
        kept = Checkpoint(
            scratch.directory / "generate.safetensors", table.digest("generate", checkpoint, adapted, seed)
        )
        _tell(writer, lesson, told)
        WriterTrainer(writer, lesson, kept, writer=writer, told=told).train()
        return Trained(writer, _curve(writer, lesson, guess), folder)


def written(writer: Writer, guess: str, text: str) -> tuple[str, float]:
    """Return what the network writes and its score in [0, 1]; where that is nothing, the guess and 0."""
    found = writer.write(text)
    said = str(writer.reader.tokenizer.decode(list(found.ids), skip_special_tokens=True)).strip()
    return (said, found.score) if said else (guess, 0.0)


def _curve(writer: Writer, lesson: Lesson, guess: str) -> Curve:
    table = lesson.material
    seen = [written(writer, guess, table.texts[row]) for row in lesson.held]
    right = [said == str(table.values[row]).strip() for (said, _), row in zip(seen, lesson.held, strict=True)]
    return fit_curve([score for _, score in seen], right)


def _lesson(table: Material, rate: float, seed: int, scratch: Scratch) -> Lesson:
    held = looked_at(np.ones((len(table.texts), 1), bool), seed)
    return Lesson(table, np.flatnonzero(~held), np.flatnonzero(held), rate, seed, scratch.deadline, scratch.report)


def _tokens(reader: Reader, answer: str, end: int, most: int) -> list[int]:
    ids = reader.tokenizer.encode(answer.encode("utf-8", "replace").decode("utf-8"), add_special_tokens=False).ids
    return [*ids, end][:most]


def _tell(writer: Writer, lesson: Lesson, told: Sequence[Sequence[int]]) -> None:
    _log.info(
        "generate_starts",
        device=writer.device.type,
        adapted=writer.adapted,
        steps=lesson.steps,
        shown=len(lesson.shown),
        held_out=len(lesson.held),
        cut_to_head_and_tail=sum(writer.reader.cuts(text) for text in lesson.material.texts),
        answers_cut=sum(answer[-1] != writer.end for answer in told),
        tokens_kept=writer.reader.limit,
    )
