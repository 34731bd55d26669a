"""Temperatures that make confidence honest: that of one model, and those of several experts whose logits are added."""

from dataclasses import dataclass

import numpy as np

from labelloop.learners.logistic_head import Matrix, Truth

IMPOSSIBLE = -1e4
"""The logit of a label that no example has."""
_BOUNDS = (np.log(0.05), np.log(20.0))
_SPREAD = 1.0
"""How far temperatures lie from 1 before anything is known: the standard deviation of their logarithm."""
_PULL = 5.0
_UNKNOWN = 0.5
"""The inverse temperature that several experts share while nothing is known: what learned guesses is too sure."""


@dataclass(frozen=True, slots=True, eq=False)
class Unseen:
    """Each expert's logits, of shape (n, k), on n examples it had not seen, and what is true of them, (n, k)."""

    logits: tuple[Matrix, ...]
    truth: Truth


def log_loss(logits: Matrix, truth: Truth, *, several: bool) -> float:
    """Return the mean negative log-likelihood; both of shape (n, k), and for one label one true column a row."""
    if several:
        return float(np.mean(np.logaddexp(0.0, np.where(truth, -logits, logits))))
    return float(np.mean(np.logaddexp.reduce(logits, axis=1) - logits[truth]))


def fit_temperature(logits: Matrix, truth: Truth, *, several: bool, prior: bool = True) -> tuple[float, float]:
    """Return the likeliest temperature, in [0.05, 20], and the mean loss at it; arguments as in `log_loss`.

    Guo et al. 2017, "On Calibration of Modern Neural Networks". With a prior, the fewer texts, the nearer to 1: it is
    log-normal around 1, and there is one text more, whose label is a guess: a dozen that happen to be right would make
    a model far too sure (after the targets of Platt 1999, "Probabilistic Outputs for Support Vector Machines").
    """
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        return log_loss(logits / np.exp(log_temperature), truth, several=several)

    known = logits[:, logits.max(axis=0) > IMPOSSIBLE / 2]

    def penalised(log_temperature: float) -> float:
        guess = _loss_of_a_guess(known / np.exp(log_temperature), several=several)
        return len(truth) * loss(log_temperature) + guess + 0.5 * (log_temperature / _SPREAD) ** 2

    found = float(minimize_scalar(penalised if prior else loss, bounds=_BOUNDS, method="bounded").x)
    return float(np.exp(found)), loss(found)


def fit_inverse_temperatures(unseen: Unseen | None, experts: int, *, several: bool) -> tuple[float, ...]:
    """Return the factors by which the experts' logits are multiplied before they are added up.

    One expert: 1 / temperature of least loss on answers out of fold; 1 where `unseen` is None. Several: first each
    one's temperature, then the shares of least loss, drawn to equal ones as if by a handful of examples (a logarithmic
    opinion pool; Hinton 2002, "Products of experts").
    """
    if unseen is None:
        return (1.0,) if experts == 1 else (_UNKNOWN / experts,) * experts
    truth = unseen.truth
    calm = [1.0 / fit_temperature(logits, truth, several=several, prior=False)[0] for logits in unseen.logits]
    if experts == 1:
        return (calm[0],)
    shares = _shares([power * logits for power, logits in zip(calm, unseen.logits, strict=True)], truth, several)
    return tuple(power * share for power, share in zip(calm, shares, strict=True))


def pooled(experts: tuple[Matrix, ...], inverse_temperatures: tuple[float, ...]) -> Matrix:
    """Return the sum of the experts' logits, each times its power."""
    total: Matrix = sum(
        (p * logits for p, logits in zip(inverse_temperatures, experts, strict=True)), np.zeros_like(experts[0])
    )
    return total


def _shares(experts: list[Matrix], truth: Truth, several: bool) -> list[float]:
    from scipy.optimize import minimize

    equal = np.full(len(experts), 1 / len(experts))
    answers = truth.size if several else len(truth)

    def loss(shares: Matrix) -> float:
        of_one = log_loss(pooled(tuple(experts), tuple(shares.tolist())), truth, several=several)
        return answers * of_one + _PULL * float(((shares - equal) ** 2).sum())

    found = minimize(loss, equal, bounds=[(0.0, 2.0)] * len(experts), method="L-BFGS-B").x
    return [float(share) for share in found]


def _loss_of_a_guess(logits: Matrix, *, several: bool) -> float:
    """Return the mean loss where every label is as likely."""
    if several:
        return float(np.mean(np.logaddexp(0.0, logits) - logits / 2))
    return float(np.mean(np.logaddexp.reduce(logits, axis=1) - logits.mean(axis=1)))
