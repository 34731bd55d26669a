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

    @property
    def source(self) -> str:
        """Name where the weights come from, as LABELLOOP_ENCODER does: a package's encoder, a folder or a hub's id."""

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return one unit-length row per text, shape (len(texts), dimensions), float32."""
