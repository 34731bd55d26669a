"""What an LLM's answer costs, by the price table of the settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from labelloop.errors import UserError

ANY = "*"


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


def price_of(prices: Mapping[str, tuple[float, float]], model: str) -> Price:
    """Return a model's price; raises UserError where it is unknown, for then no cap could hold."""
    found = prices.get(model, prices.get(ANY))
    if found is None:
        raise UserError(
            f"The price of {model} is unknown, so the cap could not be kept: name it in LABELLOOP_LLM_PRICES, such as "
            f'{{"{model}": [0.25, 2.0]}} per million tokens in and out, or [0, 0] for a server of your own.'
        )
    return Price(*found)
