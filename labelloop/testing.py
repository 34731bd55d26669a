"""Stand-ins for tests of LabelLoop and of its plug-ins."""

import hashlib
from collections.abc import Sequence

import numpy as np

from labelloop.encoders.base import Vectors


class BagOfWords:
    """Implements Encode without weights: words and Chinese characters hashed into signed counts, scaled to length 1.

    Texts that share words are alike; the same text always has the same vector, in every process.
    """

    def __init__(self, dimensions: int = 64) -> None:
        self._dimensions = dimensions

    @property
    def digest(self) -> str:
        """Return a digest (SHA-256, hex) of the recipe and the number of dimensions."""
        return hashlib.sha256(f"bag-of-words-{self._dimensions}".encode()).hexdigest()

    @property
    def source(self) -> str:
        """Return its name: there are no weights to be found anywhere."""
        return "bag-of-words"

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return one unit-length row per text, shape (len(texts), dimensions), float32."""
        vectors = np.zeros((len(texts), self._dimensions), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in ["", *_words(text)]:
                number = int.from_bytes(hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest())
                row[number % self._dimensions] += 1.0 if number >> 63 else -1.0
            row[0] += not row.any()
            row /= np.linalg.norm(row)
        return vectors


def _words(text: str) -> list[str]:
    return "".join(f" {c} " if "一" <= c <= "鿿" else c for c in text.casefold()).split()
