"""What an LLM's response costs, by the price table of the settings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Price:
    """Money per million tokens that go in and that come out."""

    into: float
    out: float

    def of(self, tokens_in: float, tokens_out: float) -> float:
        """Return what so many tokens cost.

        >>> Price(1.0, 4.0).of(500_000, 250_000)
        1.5
        """
        return (self.into * tokens_in + self.out * tokens_out) / 1e6
