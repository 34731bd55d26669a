"""The contract of a query strategy: which tasks are most worth a person's time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import FieldKind


@dataclass(frozen=True, slots=True)
class Candidates:
    """The tasks to choose from, and what is known of them.

    `ids` has shape (n,), `vectors` (n, d) with rows of unit length, `probabilities` (n, k) or None before there is
    a model, `labelled` (m, d) the vectors of the tasks that already have a settled TRAIN label, `label_count` the
    number of labels the field allows, and `kind` says how the probabilities are to be read.
    """

    ids: NDArray[np.int64]
    vectors: NDArray[np.float32]
    probabilities: NDArray[np.float64] | None
    labelled: NDArray[np.float32]
    label_count: int
    kind: FieldKind


Strategy = Callable[[Candidates, int, np.random.Generator], list[int]]
"""Return the ids of at most n candidates, most worth labelling first; the same for the same seed."""
