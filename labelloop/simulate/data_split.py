"""A labelled file in three parts, as a project has them: texts to label, audit tasks, and texts nobody sees."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.roles import draw_roles
from labelloop.domain.tasks import Role, Task
from labelloop.learners.base import Encode, Example
from labelloop.rules import Rules
from labelloop.simulate.labelled_texts import TEST, Labelled, LabelledText
from labelloop.steps.near_duplicates import near_copies

HELD_OUT = 0.2
"""The share of texts to test on, where the file names none."""
AUDIT: int = Rules.model_fields["monitor_size"].default


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """`vectors` are those of the texts to label, shape (n, d); `copies` says which are nearly an audit task's, (n,)."""

    train: Sequence[LabelledText]
    audit: Sequence[LabelledText]
    test: Sequence[LabelledText]
    vectors: NDArray[np.float32]
    copies: NDArray[np.bool_]

    def texts(self, ids: Sequence[int]) -> list[str]:
        """Return the texts to label of these numbers, as a model is asked about them."""
        return [self.train[id_].asked for id_ in ids]

    def unknown(self, known: Sequence[int]) -> list[int]:
        """Return the numbers of the texts to label but the known ones, rising."""
        taken = set(known)
        return [id_ for id_ in range(len(self.train)) if id_ not in taken]

    def examples(self, known: Sequence[int]) -> list[Example]:
        """Return what may be learned from, which near-copies of audit tasks may not."""
        usable = [id_ for id_ in known if not self.copies[id_]]
        return [Example(id_, self.train[id_].asked, self.train[id_].value) for id_ in usable]


def held_out(data: Labelled) -> int:
    """Return how many texts are tested on: those the file names, else a share of all, one at least."""
    return sum(row.split == TEST for row in data.rows) or max(round(HELD_OUT * len(data.rows)), 1)


def parts(data: Labelled, *, seed: int, encode: Encode) -> Parts:
    """Return the parts of the file; the seed draws the audit tasks, and test texts where the file names none."""
    held = np.array([row.split == TEST for row in data.rows])
    if not held.any():
        held[np.random.default_rng(seed).permutation(len(held))[: held_out(data)]] = True
    pool = [row for row, is_test in zip(data.rows, held, strict=True) if not is_test]
    test = [row for row, is_test in zip(data.rows, held, strict=True) if is_test]
    tasks = [Task(number, row.text) for number, row in enumerate(pool)]
    roles = draw_roles(tasks, {}, (), seed=seed, planned=AUDIT)
    train, audit = (
        [row for number, row in enumerate(pool) if roles[number] is role] for role in (Role.TRAIN, Role.MONITOR)
    )
    texts = [row.text for row in train]
    copies = near_copies(texts, [row.text for row in audit], encode=encode)
    return Parts(train, audit, test, encode(texts), copies)
