"""Looks at texts held out while weights are tuned: when to stop, and which step was best."""

from collections.abc import Iterable
from dataclasses import dataclass

PATIENCE = 3
"""Looks without a better one after which tuning stops."""


@dataclass(frozen=True, slots=True)
class Look:
    """After this many steps: the loss on held-out texts, at the temperature that is best for them."""

    step: int
    loss: float
    temperature: float


@dataclass(frozen=True, slots=True)
class Looks:
    """Looks in the order they were taken."""

    taken: tuple[Look, ...]

    @classmethod
    def of(cls, taken: Iterable[Look]) -> "Looks":
        """Return these looks."""
        return cls(tuple(taken))

    def and_then(self, look: Look) -> "Looks":
        """Return these looks and one more."""
        return Looks((*self.taken, look))

    @property
    def best(self) -> Look | None:
        """Return the look of least loss, the first of several; None before the first."""
        return min(self.taken, key=lambda look: look.loss, default=None)

    @property
    def stale(self) -> bool:
        """Return whether the last looks brought nothing better.

        >>> Looks.of([Look(0, 2.0, 1.0), Look(20, 1.0, 1.0), Look(40, 1.5, 1.0)]).stale
        False
        """
        return self.best is not None and len(self.taken) - 1 - self.taken.index(self.best) >= PATIENCE

    @property
    def plain(self) -> list[list[float]]:
        """Return the looks as lists that JSON can hold."""
        return [[look.step, look.loss, look.temperature] for look in self.taken]
