"""How loudly each expert speaks: inverse temperatures that make the confidence of all together honest."""

import numpy as np

from labelloop.domain.values import FieldKind
from labelloop.learners.logistic import Matrix, Truth, several
from labelloop.learners.out_of_fold import Unseen

_BOUNDS = (np.log(0.05), np.log(20.0))
_PULL = 5.0
_UNKNOWN = 0.5
"""The inverse temperature that several experts share while nothing is known: what learned guesses is too sure."""


def fit_powers(kind: FieldKind, unseen: Unseen | None, experts: int) -> tuple[float, ...]:
    """Return the factors by which the experts' logits are multiplied before they are added up.

    One expert: 1 / temperature of least loss on answers out of fold, in [0.05, 20] (Guo et al. 2017, "On calibration of
    modern neural networks"); 1 where `unseen` is None. Several: first each one's temperature, then the shares of least
    loss, drawn to equal ones as if by a handful of examples (a logarithmic opinion pool; Hinton 2002, "Products of
    experts").
    """
    if unseen is None:
        return (1.0,) if experts == 1 else (_UNKNOWN / experts,) * experts
    calm = [1.0 / _temperature(kind, logits, unseen.truth) for logits in unseen.logits]
    if experts == 1:
        return (calm[0],)
    shares = _shares(kind, [power * logits for power, logits in zip(calm, unseen.logits, strict=True)], unseen.truth)
    return tuple(power * share for power, share in zip(calm, shares, strict=True))


def pooled(experts: tuple[Matrix, ...], powers: tuple[float, ...]) -> Matrix:
    """Return the sum of the experts' logits, each times its power."""
    total: Matrix = sum((p * logits for p, logits in zip(powers, experts, strict=True)), np.zeros_like(experts[0]))
    return total


def _temperature(kind: FieldKind, logits: Matrix, truth: Truth) -> float:
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        return _loss(kind, logits / np.exp(log_temperature), truth)

    return float(np.exp(minimize_scalar(loss, bounds=_BOUNDS, method="bounded").x))


def _shares(kind: FieldKind, experts: list[Matrix], truth: Truth) -> list[float]:
    from scipy.optimize import minimize

    equal = np.full(len(experts), 1 / len(experts))

    def loss(shares: Matrix) -> float:
        of_one = _loss(kind, pooled(tuple(experts), tuple(shares.tolist())), truth)
        return len(truth) * of_one + _PULL * float(((shares - equal) ** 2).sum())

    found = minimize(loss, equal, bounds=[(0.0, 2.0)] * len(experts), method="L-BFGS-B").x
    return [float(share) for share in found]


def _loss(kind: FieldKind, logits: Matrix, truth: Truth) -> float:
    if several(kind):
        return float(np.logaddexp(0.0, np.where(truth, -logits, logits)).mean(axis=0).sum())
    return float(np.mean(np.logaddexp.reduce(logits, axis=1) - logits[truth]))
