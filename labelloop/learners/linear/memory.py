"""Unlabelled texts that a version remembers, and which of them are nearest to the texts that it is asked about."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Self
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from labelloop.learners.logistic_head import Matrix

NEIGHBOURS = 15
_CANDIDATES = 32
"""How many of the nearest are kept for other memories, which may lack some of them."""
_STEPS = 2.0**24
"""Steps per unit of the vectors and of the memory.

A product of two whole numbers of such steps, and every sum of such products of two vectors of length 1, is a whole
number below 2 ** 49, which float64 holds exactly: a product of matrices has the same bits for any number of rows and
any order of adding up, so that many texts can be looked up at once.
"""
_PLACE_BITS = 13
_PLACE = 2**_PLACE_BITS - 1
_NOWHERE = np.iinfo(np.int64).min

Whole = NDArray[np.float64]
"""Whole numbers."""
Keys = NDArray[np.int64]
"""How alike a vector and a row are, in steps, and the row's place in the last 13 bits: the largest is the nearest."""


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Which rows of a memory are nearest to each vector, and how much each counts: both of shape (n, neighbours).

    `total` has shape (n, 1).
    """

    nearest: NDArray[np.int64]
    weights: Matrix
    total: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What n vectors are near to in a memory: `keys` of candidates, shape (n, c), in no order.

    No other row is more alike than `least`, shape (n,).
    """

    memory: "Memory"
    vectors: Whole
    keys: Keys
    least: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Difference:
    """For each row of another memory its place here, -1 for none; the rows that it lacks, and their places."""

    here: NDArray[np.int64]
    lacking: Whole
    places: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Memory:
    """At most 8,192 rows of unit length, shape (m, d), to which vectors are compared by cosine, to seven digits."""

    rows: Whole
    digest: bytes = field(init=False, repr=False)
    """The same where the rows are."""
    _differences: "WeakKeyDictionary[Memory, _Difference]" = field(
        init=False, repr=False, default_factory=WeakKeyDictionary
    )

    def __post_init__(self) -> None:
        if len(self.rows) > _PLACE + 1:
            raise ValueError(f"A memory has at most {_PLACE + 1} rows, this one has {len(self.rows)}.")
        object.__setattr__(self, "digest", blake2b(self.rows.tobytes()).digest())

    @classmethod
    def of(cls, vectors: NDArray[np.float16] | NDArray[np.float64]) -> Self:
        """Return the memory of vectors of unit length, shape (m, d)."""
        return cls(_whole(vectors))

    def look(self, vectors: Matrix) -> Look:
        """Return what vectors of any length, shape (n, d), are near to."""
        return self._look(_whole(unit(vectors)))

    def neighbours(self, look: Look) -> Neighbours:
        """Return the neighbours of the vectors that were looked up, here or in another memory.

        They are the same in both cases; where the memories have most rows in common the second needs less work.
        """
        count = min(NEIGHBOURS + 1, len(self.rows))
        if look.memory.digest == self.digest:
            best = _largest(look.keys, count)
        else:
            best = _largest(self._keys(look), count)
            if (best[:, 0] >> _PLACE_BITS < look.least).any():  # a row that is no candidate may be nearer
                best = _largest(self._look(look.vectors).keys, count)
        weights = ((best >> _PLACE_BITS) - (best[:, :1] >> _PLACE_BITS)) / _STEPS**2
        return Neighbours(best & _PLACE, weights, weights.sum(axis=1, keepdims=True))

    def _look(self, vectors: Whole) -> Look:
        alike = vectors @ self.rows.T
        if len(self.rows) <= _CANDIDATES:
            return Look(self, vectors, _keys(alike, np.arange(len(self.rows))), np.full(len(vectors), _NOWHERE))
        places = np.argpartition(alike, -_CANDIDATES, axis=1)[:, -_CANDIDATES:]
        keys = _keys(np.take_along_axis(alike, places, axis=1), places)
        return Look(self, vectors, keys, keys.min(axis=1) >> _PLACE_BITS)

    def _keys(self, look: Look) -> Keys:
        """Return the keys here of candidates in another memory, beside those of rows that the other lacks."""
        if look.memory not in self._differences:
            self._differences[look.memory] = self._difference(look.memory)
        found = self._differences[look.memory]
        here = found.here[look.keys & _PLACE]
        moved = np.where(here < 0, _NOWHERE, (look.keys & ~_PLACE) | here)
        if not len(found.places):
            return moved
        return np.hstack([moved, _keys(look.vectors @ found.lacking.T, found.places)])

    def _difference(self, other: "Memory") -> _Difference:
        mine = {row: place for place, row in enumerate(_told_apart(self.rows))}
        here = np.array([mine.get(row, -1) for row in _told_apart(other.rows)], dtype=np.int64)
        places = np.setdiff1d(np.arange(len(self.rows)), here)
        return _Difference(here, self.rows[places], places)


def unit(vectors: Matrix) -> Matrix:
    """Return the rows scaled to length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Matrix = vectors / np.where(lengths > 0, lengths, 1.0)
    return scaled


def _told_apart(rows: Whole) -> Iterator[tuple[bytes, int]]:
    """Yield each row, and how many like it stand above it."""
    above = Counter[bytes]()
    for row in rows:
        same = row.tobytes()
        yield same, above[same]
        above[same] += 1


def _whole(vectors: NDArray[np.float16] | NDArray[np.float64]) -> Whole:
    return np.rint(vectors.astype(np.float64) * _STEPS)


def _keys(alike: Whole, places: NDArray[np.int64]) -> Keys:
    keys: Keys = (alike.astype(np.int64) << _PLACE_BITS) | places
    return keys


def _largest(keys: Keys, count: int) -> Keys:
    """Return so many of each row, in ascending order."""
    largest = np.partition(keys, -count, axis=1)[:, -count:]
    largest.sort(axis=1)
    return largest
