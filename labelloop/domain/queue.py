"""The order in which people are given tasks: audit tasks hidden among those chosen for their worth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labelloop.domain.tasks import Prediction


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One place in the queue: lowest `score` first, in [0, 1]; without a prediction the task is shown blind."""

    task_id: int
    score: float
    prediction: Prediction | None = None


def interleave(train: Sequence[int], audit: Sequence[int], share: float, rng: np.random.Generator) -> list[int]:
    """Mix audit tasks into the TRAIN tasks so that each place is an audit task with probability `share`, in [0, 1].

    The order within each kind is kept and nothing is lost; the places are drawn so that the order gives nothing away.
    """
    mixed: list[int] = []
    trains, audits = iter(train), iter(audit)
    left = {"train": len(train), "audit": len(audit)}
    while left["train"] and left["audit"]:
        kind = "audit" if rng.random() < share else "train"
        left[kind] -= 1
        mixed.append(next(audits if kind == "audit" else trains))
    return [*mixed, *trains, *audits]


def ranked(order: Sequence[int], predictions: dict[int, Prediction]) -> list[QueueItem]:
    """Return the tasks in the given order with evenly spaced scores; tasks without a prediction stay blind."""
    return [QueueItem(task, rank / max(len(order), 1), predictions.get(task)) for rank, task in enumerate(order)]
