"""Training a network to write answers: each text with the tokens of what people wrote."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from labelloop.learners.training.early_stopping import EvaluationStep
from labelloop.learners.training.text_generator import TextGenerator
from labelloop.learners.training.trainer import Trainer

if TYPE_CHECKING:
    import torch


@dataclass(slots=True, eq=False)
class GeneratorTrainer(Trainer):
    """Trains a network to write; `answers` are token ids, one list a text. The best evaluation has the least loss."""

    network: TextGenerator
    answers: Sequence[Sequence[int]] = field(kw_only=True)

    def __post_init__(self) -> None:
        self._ids = [self.network.prompt(text) for text in self.plan.dataset.texts]

    def _evaluate(self, step: int) -> EvaluationStep:
        import torch

        self.network.model.eval()
        with torch.inference_mode():
            losses = [float(self._loss([int(row)])) for row in self.plan.held]
        return EvaluationStep(step, float(np.mean(losses)), 1.0)

    def _loss(self, rows: Sequence[int]) -> "torch.Tensor":
        return self.network.losses([self._ids[row] for row in rows], [self.answers[row] for row in rows]).sum()
