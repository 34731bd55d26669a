"""The order in which people are given tasks: audit tasks hidden among those chosen for their worth."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from labelloop.domain.predictions import Prediction

PLACES = 10_000
"""A hundredth of a percent is one place in the queue."""


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One place in the queue: lowest `score` first, in [0, 1].

    `predictions` are what people are shown of it, by field; without any the task is blind. `chosen_for` names the field
    that it was chosen for where there are several, and is empty for an audit task.
    """

    task_id: int
    score: float
    predictions: Mapping[str, Prediction] = field(default_factory=dict)
    chosen_for: str = ""

    @property
    def prediction(self) -> Prediction | None:
        """Return what people are shown of the first field, None where the task is blind."""
        return next(iter(self.predictions.values()), None)


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


def at_share(share: float, others: int) -> int:
    """Return how many tasks beside `others` make up a share of all, in [0, 1), rounded up.

    >>> at_share(0.2, 8), at_share(0.05, 10), at_share(0, 10)
    (2, 1, 0)
    """
    return math.ceil(others * share / (1 - share))


def ranked(
    order: Sequence[int],
    predictions: Mapping[str, Mapping[int, Prediction]],
    chosen_for: Mapping[int, str] | None = None,
) -> list[QueueItem]:
    """Return the tasks in the given order with scores that rise evenly; tasks without a prediction stay blind.

    `predictions` are by field and task.

    People see a score as a percentage with two digits, and should not take it for a confidence: the third task has
    0.03 %. In a queue of 10,000 tasks and more the steps are smaller.

    >>> [item.score for item in ranked([7, 8], {})]
    [0.0001, 0.0002]
    """
    steps = max(len(order) + 1, PLACES)
    return [
        QueueItem(
            task,
            place / steps,
            {name: found[task] for name, found in predictions.items() if task in found},
            (chosen_for or {}).get(task, ""),
        )
        for place, task in enumerate(order, start=1)
    ]
