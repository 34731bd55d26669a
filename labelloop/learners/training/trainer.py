"""Training a network to tell labels apart: class weights, accumulated gradients, early stopping, checkpoints."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import structlog
from numpy.typing import NDArray

from labelloop.learners.base import FitContext
from labelloop.learners.calibration.temperature import fit_temperature
from labelloop.learners.training.checkpoint import Checkpoint, copy, put_back, state_of
from labelloop.learners.training.dataset import Dataset
from labelloop.learners.training.device import half_precision
from labelloop.learners.training.early_stopping import EarlyStopping, EvaluationStep
from labelloop.learners.training.network import Network
from labelloop.learners.training.training_errors import Diverged, out_of_memory

if TYPE_CHECKING:
    import torch

BATCH = 16
MICRO_BATCH = 8
"""Texts in memory at once; a batch is put together of several."""
EPOCHS = 10
STEPS = (120, 3000)
"""Fewest and most steps planned; early stopping mostly ends sooner."""
EVALUATE_EVERY = 20
"""Fewest steps between two evaluations."""
WARM_UP = 0.1
HEAVIEST = 10.0
"""Greatest weight of a rare label."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingPlan:
    """Which rows of the material are shown and which held out to evaluate on, and how fast to learn."""

    dataset: Dataset
    shown: NDArray[np.int64]
    held: NDArray[np.int64]
    learning_rate: float
    context: FitContext

    @property
    def epoch(self) -> int:
        """Return the number of steps in which every shown row comes once."""
        return math.ceil(len(self.shown) / BATCH)

    @property
    def steps(self) -> int:
        """Return the number of steps planned."""
        fewest, most = STEPS
        return min(max(EPOCHS * self.epoch, fewest), most)

    @property
    def truth(self) -> NDArray[np.bool_]:
        """Return what is true of the shown rows, shape (len(shown), k)."""
        return self.dataset.truth[self.shown]


@dataclass(slots=True, eq=False)
class Trainer:
    """Trains one network in place."""

    network: Network
    plan: TrainingPlan
    checkpoint: Checkpoint
    micro: int = MICRO_BATCH
    _ids: list[list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self._ids = [self.network.reader(text) for text in self.plan.dataset.texts]

    def train(self) -> EvaluationStep | None:
        """Train until the steps are done, the deadline comes, or evaluations on the held-out rows get no better.

        The network then has the weights of the best evaluation, which is returned; without held-out rows those of the
        last step, and None. Goes on from the checkpoint where there is one. Raises Diverged if the loss is no number.
        """
        import torch

        if not len(self.plan.shown):
            return None
        weights = self.network.weights()
        optimizer = torch.optim.AdamW(weights.values(), lr=self.plan.learning_rate, weight_decay=0.01)
        scaler = torch.amp.GradScaler(enabled=half_precision(self.network.device) is torch.float16)
        done, history, best = self._resumed(weights, optimizer)
        every = max(self.plan.epoch, EVALUATE_EVERY)
        with torch.random.fork_rng():
            while done < self.plan.steps and not history.stale and time.monotonic() < self.plan.context.deadline:
                self._step(optimizer, scaler, done)
                done += 1
                last = done == self.plan.steps or time.monotonic() >= self.plan.context.deadline
                if len(self.plan.held) and (done % every == 0 or last):
                    history = history.and_then(self._evaluate(done))
                    if history.best is history.evaluations[-1]:
                        best = {name: weight.detach().cpu().clone() for name, weight in weights.items()}
                if done % EVALUATE_EVERY == 0 and (self.checkpoint.due or last):
                    state = state_of(weights, optimizer) | {f"best.{name}": tensor for name, tensor in best.items()}
                    self.checkpoint.write(state, {"done": done, "looks": history.plain, "micro": self.micro})
                self.plan.context.report(done / self.plan.steps)
        if best:
            copy(best, weights)
        self.network.model.eval()
        return history.best

    def _resumed(
        self, weights: "dict[str, torch.Tensor]", optimizer: "torch.optim.AdamW"
    ) -> "tuple[int, EarlyStopping, dict[str, torch.Tensor]]":
        if (kept := self.checkpoint.read()) is None:
            return 0, EarlyStopping(()), {}
        tensors, facts = kept
        put_back(tensors, weights, optimizer)
        self.micro = int(facts["micro"])
        best = {name.removeprefix("best."): tensor for name, tensor in tensors.items() if name.startswith("best.")}
        return int(facts["done"]), EarlyStopping(tuple(EvaluationStep(*seen) for seen in facts["looks"])), best

    def _evaluate(self, step: int) -> EvaluationStep:
        dataset, held = self.plan.dataset, self.plan.held
        self.network.model.eval()
        logits = self.network.logits([dataset.texts[row] for row in held])
        temperature, loss = fit_temperature(logits, dataset.truth[held], several=dataset.several)
        return EvaluationStep(step, loss, temperature)

    def _step(self, optimizer: "torch.optim.AdamW", scaler: "torch.amp.GradScaler", step: int) -> None:
        import torch

        for group in optimizer.param_groups:
            group["lr"] = self.plan.learning_rate * _rate(step, self.plan.steps)
        rows = batch(self.plan.shown, step, self.plan.context.seed)
        rows.sort(key=lambda row: len(self._ids[row]))  # so that little is filled up
        self.network.model.train()
        while not self._gradients(optimizer, scaler, rows, step):
            self.micro = max(self.micro // 2, 1)
            structlog.get_logger().warning("out_of_memory", now=f"{self.micro} texts at once")
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(self.network.weights().values(), 1.0)
        scaler.step(optimizer)
        scaler.update()

    def _gradients(
        self, optimizer: "torch.optim.AdamW", scaler: "torch.amp.GradScaler", rows: Sequence[int], step: int
    ) -> bool:
        """Put the batch's gradients together; False if that wants more memory than there is, and less may do."""
        import torch

        torch.manual_seed(self.plan.context.seed * 1_000_003 + step)  # so that dropout is the same after a restart
        optimizer.zero_grad()
        try:
            for start in range(0, len(rows), self.micro):
                some = rows[start : start + self.micro]
                loss = self._loss(some) / len(rows)
                if not math.isfinite(loss.item()):
                    raise Diverged(
                        f"The loss was no number at step {step}: the checkpoint's weights are damaged or do not bear "
                        "training; choose another checkpoint."
                    )
                scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        except (RuntimeError, MemoryError) as error:
            if self.micro == 1 or not out_of_memory(error):
                raise
        else:
            return True
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return False

    def _loss(self, rows: Sequence[int]) -> "torch.Tensor":
        """Return the summed loss of some rows, a rare label's more heavily weighted."""
        import torch

        dataset = self.plan.dataset
        logits = self.network.forward([self._ids[row] for row in rows])
        truth = torch.as_tensor(dataset.truth[list(rows)]).to(logits)
        weight = torch.as_tensor(label_weights(self.plan.truth, several=dataset.several)).to(logits)
        if dataset.several:
            return (
                torch.nn.functional.binary_cross_entropy_with_logits(logits, truth, pos_weight=weight, reduction="sum")
                / truth.shape[1]
            )
        return torch.nn.functional.cross_entropy(logits, truth.argmax(1), weight=weight, reduction="sum")


def batch(rows: NDArray[np.int64], step: int, seed: int) -> list[int]:
    """Return the rows of a step: every row once in each round through them, each round in an order of its own."""
    drawn: list[int] = []
    wanted = min(BATCH, len(rows))
    while len(drawn) < wanted:
        epoch, offset = divmod(step * wanted + len(drawn), len(rows))
        order = np.random.default_rng([seed, epoch]).permutation(rows)
        drawn.extend(int(row) for row in order[offset : offset + wanted - len(drawn)])
    return drawn


def label_weights(truth: NDArray[np.bool_], *, several: bool) -> NDArray[np.float64]:
    """Return each label's weight, at most HEAVIEST, shape (k,); truth has shape (n, k).

    One label: n / (labels seen * times seen), so that every label counts as much (scikit-learn's `balanced`). Several:
    the times a label was not given for each time it was, at least 1.
    """
    counts = np.maximum(truth.sum(axis=0), 1)
    weights: NDArray[np.float64]
    if several:
        weights = np.maximum((len(truth) - counts) / counts, 1.0)
    else:
        weights = len(truth) / (max(int(truth.any(axis=0).sum()), 1) * counts)
    return np.minimum(weights, HEAVIEST)


def _rate(step: int, planned: int) -> float:
    warm_up = max(round(WARM_UP * planned), 1)
    return min((step + 1) / warm_up, 1.0) * max((planned - step) / planned, 0.05)
