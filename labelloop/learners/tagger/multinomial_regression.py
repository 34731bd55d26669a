"""Multinomial regression of tags on named features and on vectors of a unit and its neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from labelloop.learners.spans.tag_sets import Tags

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

NEAR = 1.0
"""How much large weights of vectors cost."""

_STEPS = 60


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is seen of the n units of one or several documents, in order.

    Feature `features[i]` holds of unit `owners[i]`; `vectors` has shape (n, d), d may be 0; `starts` are the places of
    the units with which a document begins.
    """

    features: Ints
    owners: Ints
    vectors: Floats
    starts: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """`named` of shape (v, c), `near` of shape (d, 3 c) for the unit before, the unit, the one after, `bias` (c,)."""

    named: Floats
    near: Floats
    bias: Floats

    def logits(self, seen: Seen) -> NDArray[np.float64]:
        """Return one row a unit, shape (n, c)."""
        rows = _gathered(seen.vectors @ self.near, seen.starts) + self.bias
        np.add.at(rows, seen.owners, self.named[seen.features])
        return rows.astype(np.float64)


def together(parts: Sequence[Seen]) -> Seen:
    """Return several documents as one."""
    sizes = np.cumsum([0, *(len(part.vectors) for part in parts[:-1])])
    return Seen(
        features=np.concatenate([part.features for part in parts]),
        owners=np.concatenate([part.owners + size for part, size in zip(parts, sizes, strict=True)]),
        vectors=np.concatenate([part.vectors for part in parts]),
        starts=np.concatenate([part.starts + size for part, size in zip(parts, sizes, strict=True)]),
    )


def fit_weights(seen: Seen, features: int, layers: Sequence[Tags], widths: Sequence[int], cost: float) -> Weights:
    """Fit to what is seen of n units their tags, one sequence of n a layer, of `widths` different tags each.

    Layers share nothing but the call: their columns stand side by side. `cost` is that of large weights of named
    features, which are many and rare. Least loss with squared penalties, by L-BFGS (Liu and Nocedal 1989) in at most 60
    steps, which is also a mild early stop.
    """
    from scipy.optimize import minimize
    from scipy.sparse import csr_matrix

    (n, d), c = seen.vectors.shape, sum(widths)
    ones = np.ones(len(seen.features), np.float32)
    named = csr_matrix((ones, (seen.owners, seen.features)), shape=(n, features), dtype=np.float32)
    flipped = named.T.tocsr()
    truth = np.concatenate([np.eye(w, dtype=np.float32)[tags] for w, tags in zip(widths, layers, strict=True)], axis=1)
    edges = np.cumsum([0, *widths])
    slices = [slice(a, b) for a, b in pairwise(edges.tolist())]

    def unpacked(flat: NDArray[np.float64]) -> Weights:
        flat32 = flat.astype(np.float32)
        a, b = features * c, features * c + d * 3 * c
        return Weights(flat32[:a].reshape(features, c), flat32[a:b].reshape(d, 3 * c), flat32[b:])

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w = unpacked(flat)
        rows = named @ w.named + _gathered(seen.vectors @ w.near, seen.starts) + w.bias
        shares = np.concatenate([_shares(rows[:, part]) for part in slices], axis=1)
        total = -np.log(np.maximum(shares[truth > 0], 1e-30)).sum(dtype=np.float64)
        total += 0.5 * (cost * np.square(w.named, dtype=np.float64).sum() + NEAR * np.square(w.near).sum())
        wrong = shares - truth
        pull = (
            flipped @ wrong + cost * w.named,
            seen.vectors.T @ _scattered(wrong, seen.starts) + NEAR * w.near,
            wrong.sum(axis=0),
        )
        return float(total), np.concatenate([part.ravel() for part in pull]).astype(np.float64)

    start = np.zeros(features * c + d * 3 * c + c)
    return unpacked(minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}).x)


def _shares(rows: Floats) -> Floats:
    raised = np.exp(rows - rows.max(axis=1, keepdims=True))
    shares: Floats = raised / raised.sum(axis=1, keepdims=True)
    return shares


def _gathered(rows: Floats, starts: Ints) -> Floats:
    """Add up what the unit before, the unit itself and the one after say of a unit: (n, 3 c) to (n, c)."""
    before, self_, after = np.split(rows, 3, axis=1)
    return _moved(before, starts, 1) + self_ + _moved(after, starts, -1)


def _scattered(rows: Floats, starts: Ints) -> Floats:
    """Return the transposed sum: (n, c) to (n, 3 c)."""
    return np.concatenate([_moved(rows, starts, -1), rows, _moved(rows, starts, 1)], axis=1)


def _moved(rows: Floats, starts: Ints, by: int) -> Floats:
    """Return the rows moved on (1) or back (-1) by one within their document, zeros where nothing comes."""
    moved = np.zeros_like(rows)
    if by == 1:
        moved[1:] = rows[:-1]
        moved[starts] = 0.0
    else:
        moved[:-1] = rows[1:]
        moved[starts[starts > 0] - 1] = 0.0
    return moved
