"""The contract of a query strategy: which tasks are most worth a person's time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import Value


def no_rival() -> None:
    """Say that there is no other candidate to ask."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The tasks to choose from, and what is known of them.

    `ids` has shape (n,), `vectors` (n, d) with rows of unit length, `labelled` (m, d) the vectors of the tasks that
    already have a settled TRAIN label, `label_count` is the number of labels the field allows. What the model says of
    them, None before there is one: `margins`, shape (n,), in [0, 1], how far each answer is from another one, and
    `guesses`, the answers themselves. `settled` are the m labels themselves, none where nobody needs to know; `rivals`
    returns what another candidate learner would answer, None where there is none: it is asked only by a strategy that
    wants to know, since it takes a second model's time.
    """

    ids: NDArray[np.int64]
    vectors: NDArray[np.float32]
    margins: NDArray[np.float64] | None
    guesses: tuple[Value, ...] | None
    labelled: NDArray[np.float32]
    label_count: int
    settled: tuple[Value, ...] = ()
    rivals: Callable[[], tuple[Value, ...] | None] = no_rival


Strategy = Callable[[Candidates, int, np.random.Generator], list[int]]
"""Return the ids of at most n candidates, most worth labelling first; the same for the same seed."""
