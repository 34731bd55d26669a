"""The contract of an encoder: texts in, unit vectors out."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Encode(Protocol):
    """Turns texts into vectors; the same engine when fitting and when serving."""

    @property
    def digest(self) -> str:
        """Identify weights, tokenizer and engine: vectors of different digests must never be mixed."""
        ...

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return one unit-length row per text, shape (len(texts), dimensions), float32."""
        ...
