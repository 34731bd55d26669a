"""What an LLM is asked about, and with which parameters."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from labelloop.learners.prompt.excerpt import Piece


@dataclass(frozen=True, slots=True)
class Parameters:
    """With what an LLM is asked: the model's name, how many tokens it reads and writes, and how often it is asked.

    `excerpts` tells whether of a text that is too long more than the beginning is shown, as since there are excerpts.
    """

    model: str
    context_tokens: int = 8192
    max_tokens: int = 512
    runs: int = 1
    temperature: float = 0.0
    excerpts: bool = False

    @property
    def room(self) -> int:
        """Return how many tokens a prompt may have."""
        return self.context_tokens - self.max_tokens

    def for_fields(self, count: int) -> "Parameters":
        """Return the same with room to answer for so many fields, but for no more than half of what is read.

        >>> Parameters("m").for_fields(3).max_tokens, Parameters("m").for_fields(20).max_tokens
        (1536, 4096)
        """
        most = max(self.max_tokens, self.context_tokens // 2)
        return replace(self, max_tokens=min(count * self.max_tokens, most))


@dataclass(frozen=True, slots=True)
class Question:
    """A text with its vector, and the places of examples that it must not be shown.

    `ranked` are its passages, those that are to be shown first where it is too long; None: its beginning is.
    """

    text: str
    vector: NDArray[np.float32]
    without: frozenset[int] = frozenset()
    ranked: tuple[Piece, ...] | None = None
