"""Whose neighbours a text has does not depend on what else is looked up, nor on where it was looked up first."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from labelloop.learners.linear.memory import NEIGHBOURS, Memory, Neighbours, unit
from labelloop.learners.pool_sample import sampled

DIMENSIONS = 24


def rows(count: int, distinct: int, seed: int) -> NDArray[np.float64]:
    """Return rows of unit length, of which only so many are distinct."""
    rng = np.random.default_rng(seed)
    some = unit(rng.normal(size=(distinct, DIMENSIONS)))
    return some[rng.integers(distinct, size=count)].astype(np.float16).astype(np.float64)


def same(one: Neighbours, other: Neighbours) -> bool:
    """Return whether both say the same to the last bit; a neighbour that counts nothing may be any."""
    counts = one.weights > 0
    return (
        np.array_equal(one.weights, other.weights)
        and np.array_equal(one.total, other.total)
        and np.array_equal(one.nearest[counts], other.nearest[counts])
    )


@settings(deadline=None)
@given(
    pool=st.integers(30, 400),
    distinct=st.integers(1, 400),
    first=st.floats(0, 1),
    second=st.floats(0, 1),
    asked=st.integers(1, 40),
    seed=st.integers(0, 1000),
)
def test_neighbours_are_the_same_wherever_a_text_was_looked_up(**drawn: Any) -> None:
    """In this memory or in one that has much, little or nothing in common with it, with rows that repeat themselves."""
    pool = rows(drawn["pool"], drawn["distinct"], drawn["seed"])
    rng = np.random.default_rng(drawn["seed"])
    here, there = (
        Memory.of(pool[np.sort(rng.choice(len(pool), max(1, int(part * len(pool))), replace=False))])
        for part in (drawn["first"], drawn["second"])
    )
    vectors = np.vstack([rng.normal(size=(drawn["asked"], DIMENSIONS)), pool[:3]])

    assert same(here.neighbours(here.look(vectors)), here.neighbours(there.look(vectors)))


def test_a_text_has_the_same_neighbours_alone_and_among_thousands() -> None:
    """Thousands are compared at once by one product of matrices, whose last digits mostly depend on its size."""
    memory = Memory.of(rows(700, 700, 1))
    vectors = np.random.default_rng(2).normal(size=(3000, DIMENSIONS))
    whole = memory.neighbours(memory.look(vectors))
    for row in range(0, 3000, 97):
        alone = memory.neighbours(memory.look(vectors[row : row + 1]))
        one = Neighbours(whole.nearest[row : row + 1], whole.weights[row : row + 1], whole.total[row : row + 1])
        assert same(alone, one)


def test_neighbours_are_those_with_the_largest_cosine() -> None:
    """To seven digits; each counts by how much nearer it is than the first that is none."""
    remembered = rows(500, 500, 3)
    vectors = np.random.default_rng(4).normal(size=(50, DIMENSIONS))
    memory = Memory.of(remembered)
    found = memory.neighbours(memory.look(vectors))
    cosines = np.sort(unit(vectors) @ remembered.T, axis=1)[:, -NEIGHBOURS - 1 :]

    np.testing.assert_allclose(found.weights, cosines - cosines[:, :1], atol=1e-6)


def test_a_sample_of_the_pool_stays_nearly_the_same_while_people_label() -> None:
    """So that the versions of several rounds remember the same texts; of a small pool all are taken, in any order."""
    pool = [f"text {n}" for n in range(10_000)]
    before, after = sampled(pool, 2_000, seed=1), sampled([*pool[500:], "a new one"], 2_000, seed=1)

    assert len(before) == len(after) == 2_000
    assert len(set(before) & set(after)) > 1_800
    assert sampled(["b", "a", "b", "half \ud83d"], 3, seed=1) == ["a", "b", "half \ud83d"]
    assert sampled(pool, 2_000, seed=2) != before
