"""When to stop tuning weights, and which step was best: what evaluations on held-out texts tell."""

from dataclasses import dataclass

PATIENCE = 3
"""Evaluations without a better one after which tuning stops."""


@dataclass(frozen=True, slots=True)
class EvaluationStep:
    """After this many steps: the loss on held-out texts, at the temperature that is best for them."""

    step: int
    loss: float
    temperature: float


@dataclass(frozen=True, slots=True)
class EarlyStopping:
    """The evaluations so far, in the order they were made."""

    evaluations: tuple[EvaluationStep, ...]

    def and_then(self, evaluation: EvaluationStep) -> "EarlyStopping":
        """Return these evaluations and one more."""
        return EarlyStopping((*self.evaluations, evaluation))

    @property
    def best(self) -> EvaluationStep | None:
        """Return the evaluation of least loss, the first of several; None before the first."""
        return min(self.evaluations, key=lambda evaluation: evaluation.loss, default=None)

    @property
    def stale(self) -> bool:
        """Return whether the last evaluations brought nothing better.

        >>> EarlyStopping((EvaluationStep(0, 2.0, 1.0), EvaluationStep(20, 1.0, 1.0))).stale
        False
        """
        return self.best is not None and len(self.evaluations) - 1 - self.evaluations.index(self.best) >= PATIENCE

    @property
    def plain(self) -> list[list[float]]:
        """Return the evaluations as lists that JSON can hold."""
        return [[one.step, one.loss, one.temperature] for one in self.evaluations]
