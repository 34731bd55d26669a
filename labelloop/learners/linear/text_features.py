"""What a linear head sees of a task: the vector of its text, or what can be told from the vectors of two."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from labelloop.domain.schema import Field
from labelloop.domain.tasks import INPUT_BREAK, inputs_of
from labelloop.domain.values import FieldKind
from labelloop.encoders.base import Encode
from labelloop.learners.logistic_head import Matrix
from labelloop.learners.shared_texts import made_once


class Shape(StrEnum):
    """How a task's inputs become one vector."""

    ALONE = "alone"
    """The vector of the whole text."""
    DIFFERENCE = "difference"
    """First minus second: swapping the two inputs changes the sign and nothing else."""
    PAIR = "pair"
    """First, second, distance and product of each coordinate (Conneau et al. 2017, InferSent): the order matters."""

    @classmethod
    def of(cls, field: Field) -> "Shape":
        """Return the shape that suits a field."""
        if field.kind is FieldKind.PAIRWISE:
            return cls.DIFFERENCE
        return cls.PAIR if len(field.inputs) == 2 else cls.ALONE


@dataclass(frozen=True, slots=True)
class Features:
    """Turns texts into what the head sees."""

    shape: Shape
    encode: Encode

    @property
    def key(self) -> tuple[Shape, str]:
        """Return what is the same for features that turn the same texts into the same rows."""
        return self.shape, self.encode.digest

    def __call__(self, texts: Sequence[str]) -> Matrix:
        """Return one row per text, shape (len(texts), d), float64; d is four times the encoder's for a pair.

        Nobody may change it: it is the same for all models that are asked about the same `SharedTexts`.
        """
        return made_once(texts, self.key, lambda: self._rows(texts))

    def _rows(self, texts: Sequence[str]) -> Matrix:
        if self.shape is Shape.ALONE:
            return self.encode(texts).astype(np.float64)
        sides = [_two(text) for text in texts]
        both = self.encode([side for pair in sides for side in pair]).astype(np.float64)
        first, second = both[::2], both[1::2]
        if self.shape is Shape.DIFFERENCE:
            return first - second
        # Coordinates of unit vectors are about 1 / sqrt(d): the product is brought to the size of the others.
        product = first * second * np.sqrt(both.shape[1])
        return np.hstack([first, second, np.abs(first - second), product])


def _two(text: str) -> tuple[str, str]:
    first, *rest = inputs_of(text)
    return first, INPUT_BREAK.join(rest)
