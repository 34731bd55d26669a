"""Which of two answers to the same questions is better more often: the exact sign test."""

from collections.abc import Sequence
from dataclasses import dataclass

import scipy  # its parts are imported where they are first used


@dataclass(frozen=True, slots=True)
class SignTest:
    """How many of the pairs are gains and losses, and how probable so many gains are where both are as likely."""

    gains: int
    losses: int
    p_value: float


def sign_test(before: Sequence[float], after: Sequence[float]) -> SignTest:
    """Return the one-sided sign test of whether `after` is better, pair by pair; ties do not count.

    p = P(X >= gains), X ~ Binomial(gains + losses, 1/2), 1 without either. For scores of 0 and 1 it is the exact test
    of McNemar 1947, "Note on the sampling error of the difference between correlated proportions".
    >>> sign_test([0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 1])
    SignTest(gains=5, losses=0, p_value=0.03125)
    """
    pairs = list(zip(before, after, strict=True))
    gains, losses = sum(b < a for b, a in pairs), sum(b > a for b, a in pairs)
    return SignTest(gains, losses, float(scipy.special.bdtrc(gains - 1, gains + losses, 0.5)) if gains else 1.0)


def fewest_gains(level: float) -> int:
    """Return how many gains without a loss the test needs at this level, in (0, 1).

    >>> fewest_gains(0.05)
    5
    """
    count = 1
    while 0.5**count > level:
        count += 1
    return count
