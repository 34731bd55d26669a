"""Logits of held-out texts judged against the truth, and the temperature that makes them honest."""

import numpy as np
from numpy.typing import NDArray

from labelloop.learners.tuning.head import NEVER

SPREAD = 1.0
"""How far temperatures lie from 1 before anything is known: the standard deviation of their logarithm."""
_BOUNDS = (np.log(0.05), np.log(20.0))


def log_loss(logits: NDArray[np.float64], truth: NDArray[np.bool_], *, several: bool) -> float:
    """Return the mean negative log-likelihood; both of shape (n, k), and for one label one true column a row."""
    if several:
        return float(np.mean(np.logaddexp(0.0, np.where(truth, -logits, logits))))
    return float(np.mean(np.logaddexp.reduce(logits, axis=1) - logits[truth]))


def best_temperature(logits: NDArray[np.float64], truth: NDArray[np.bool_], *, several: bool) -> tuple[float, float]:
    """Return the likeliest temperature, in [0.05, 20], and the mean loss at it; the fewer texts, the nearer to 1.

    Guo et al. 2017, "On Calibration of Modern Neural Networks", with a log-normal prior around 1, and with one text
    more than there are, whose label is a guess: a dozen that happen to be right would make a model far too sure (after
    the targets of Platt 1999, "Probabilistic Outputs for Support Vector Machines").
    """
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        return log_loss(logits / np.exp(log_temperature), truth, several=several)

    known = logits[:, logits.max(axis=0) > NEVER / 2]

    def surprise(log_temperature: float) -> float:
        guess = _loss_of_a_guess(known / np.exp(log_temperature), several=several)
        return len(truth) * loss(log_temperature) + guess + 0.5 * (log_temperature / SPREAD) ** 2

    found = float(minimize_scalar(surprise, bounds=_BOUNDS, method="bounded").x)
    return float(np.exp(found)), loss(found)


def _loss_of_a_guess(logits: NDArray[np.float64], *, several: bool) -> float:
    """Return the mean loss where every label is as likely."""
    if several:
        return float(np.mean(np.logaddexp(0.0, logits) - logits / 2))
    return float(np.mean(np.logaddexp.reduce(logits, axis=1) - logits.mean(axis=1)))
