"""Contrastive tuning: texts of alike values are drawn together, others pushed apart (SetFit, Tunstall et al. 2022)."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import Value, similarity
from labelloop.learners.base import FitContext
from labelloop.learners.training.checkpoint import Checkpoint, put_back, state_of
from labelloop.learners.training.dataset import Dataset
from labelloop.learners.training.early_stopping import EarlyStopping, EvaluationStep
from labelloop.learners.training.sentence_encoder import SentenceEncoder
from labelloop.learners.training.training_errors import Diverged

if TYPE_CHECKING:
    import torch

LEARNING_RATE = 3e-5
WARM_UP = 10
GROUPS = 8
TEXTS = 24
"""Texts of one step: of at most GROUPS labels, at least three of each where there are as many."""
EVALUATE_EVERY = 20
"""Steps between two checkpoints, and two evaluations where something is held out."""


@dataclass(frozen=True, slots=True, eq=False)
class TuningPlan:
    """What is learned: which rows of the material, in how many steps until the rate is lowest."""

    dataset: Dataset
    rows: NDArray[np.int64]
    planned: int
    context: FitContext


def tune(
    encoder: SentenceEncoder,
    plan: TuningPlan,
    checkpoint: Checkpoint,
    *,
    until: int,
    evaluate: Callable[[int], EvaluationStep] | None = None,
) -> EarlyStopping:
    """Tune the encoder's weights in place up to step `until`, and return what was seen on the way.

    It goes on from the checkpoint where there is one, and ends early at the deadline or when evaluations, made
    before the first step and then every few, stop getting better. Raises Diverged if the loss is no number.
    """
    import torch

    weights = encoder.weights()
    optimizer = torch.optim.AdamW(weights.values(), lr=LEARNING_RATE, weight_decay=0.01)
    if (kept := checkpoint.read()) is None:
        done, history = 0, EarlyStopping((evaluate(0),) if evaluate else ())
    else:
        tensors, facts = kept
        done, history = int(facts["done"]), EarlyStopping(tuple(EvaluationStep(*seen) for seen in facts["looks"]))
        put_back(tensors, weights, optimizer)
    with torch.random.fork_rng():
        while done < until and not history.stale and time.monotonic() < plan.context.deadline:
            _step(encoder, optimizer, plan, done)
            done += 1
            if done % EVALUATE_EVERY == 0 or done == until:
                history = history.and_then(evaluate(done)) if evaluate else history
                if checkpoint.due or done == until:
                    checkpoint.write(state_of(weights, optimizer), {"done": done, "looks": history.plain})
                plan.context.report(done / until)
    return history


def _step(encoder: SentenceEncoder, optimizer: "torch.optim.AdamW", plan: TuningPlan, step: int) -> None:
    import torch

    torch.manual_seed(plan.context.seed * 1_000_003 + step)  # so that dropout is the same after a restart
    for group in optimizer.param_groups:
        group["lr"] = LEARNING_RATE * min((step + 1) / WARM_UP, 1.0) * max(1.0 - step / plan.planned, 0.05)
    rows = batch(plan.dataset.truth, plan.rows, np.random.default_rng([plan.context.seed, step]))
    if len(rows) < 2:
        return
    encoder.model.train()
    vectors = encoder.tensors([plan.dataset.texts[row] for row in rows])
    wanted = torch.as_tensor(pairwise_similarity([plan.dataset.values[row] for row in rows])).to(vectors)
    above = torch.ones_like(wanted, dtype=torch.bool).triu(diagonal=1)
    loss = ((vectors @ vectors.T - wanted)[above] ** 2).mean()
    if not math.isfinite(loss.item()):
        raise Diverged(
            f"The contrastive loss was no number at step {step}: check that the encoder's weights are sound, "
            "or leave `contrastive` out of the rule `learners`."
        )
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(encoder.model.parameters(), 1.0)
    optimizer.step()


def batch(truth: NDArray[np.bool_], rows: NDArray[np.int64], rng: np.random.Generator) -> list[int]:
    """Return some of `rows`, each once: of several labels drawn evenly, as many of each; truth has shape (n, k).

    Rows without any label are one group more.
    """
    groups = [rows[truth[rows, column]] for column in range(truth.shape[1])] + [rows[~truth[rows].any(axis=1)]]
    groups = [group for group in groups if len(group)]
    chosen = rng.permutation(len(groups))[:GROUPS]
    each = max(3, TEXTS // len(chosen))
    drawn = [rng.permutation(groups[group])[:each] for group in chosen]
    return list(dict.fromkeys(int(row) for group in drawn for row in group))


def pairwise_similarity(values: Sequence[Value]) -> NDArray[np.float64]:
    """Return how alike any two values are, in [0, 1], shape (n, n)."""
    return np.array([[similarity(one, other) for other in values] for one in values])
