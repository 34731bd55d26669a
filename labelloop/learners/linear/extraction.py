"""Which of the numbers or dates in a text is the answer, by a linear head on what stands around them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from labelloop.domain.predictions import Prediction
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Moment, Number, same
from labelloop.encoders.base import Encode
from labelloop.learners.calibration.platt import PlattScaling, fit_platt
from labelloop.learners.linear.mentions import MOST, Mention, mentions
from labelloop.learners.logistic_head import Head, Matrix, fit_head, probabilities
from labelloop.learners.model_io import write_arrays, write_json

FILE = "extraction.json"
ARRAYS = "extraction.safetensors"
_BEFORE, _AFTER = 30, 15
_MOST_PAIRS = 20_000

Seen = tuple[list[Mention], Matrix]
"""The mentions of a text, and a row for each of what the head sees."""


@dataclass(frozen=True, slots=True, eq=False)
class Extraction:
    """Chooses among what is written in a text."""

    field: Field
    head: Head
    curve: PlattScaling
    encode: Encode

    def predict(self, texts: Sequence[str]) -> list[Prediction | None]:
        """Return the mention that is the answer, None where nothing is written; margin is its share of the head's."""
        return [self._answer(seen) for seen in surroundings(self.field, texts, self.encode)]

    def _answer(self, seen: Seen) -> Prediction | None:
        chosen = _chosen(self.head, seen)
        if chosen is None:
            return None
        value, share = chosen
        return Prediction(value, share, float(self.curve([share])[0]))

    def save(self, directory: Path) -> None:
        """Write `extraction.safetensors` and `extraction.json`."""
        write_arrays(directory / ARRAYS, {"weights": self.head.weights, "bias": self.head.bias})
        write_json(directory / FILE, {"curve": asdict(self.curve)})


def load_extraction(directory: Path, field: Field, encode: Encode, curve: dict[str, float]) -> Extraction:
    """Return what `Extraction.save` wrote."""
    arrays = load_file(directory / ARRAYS)
    return Extraction(field, Head(arrays["weights"], arrays["bias"]), PlattScaling(**curve), encode)


def fit_extraction(
    field: Field,
    texts: Sequence[str],
    values: Sequence[Number | Moment],
    folds: NDArray[np.int64],
    encode: Encode,
) -> tuple[Extraction, int] | None:
    """Return the model, and how often it was right out of fold; None where nothing is written in the texts."""
    every = surroundings(field, texts, encode)
    head = _fitted(every, values)
    if head is None:
        return None
    scores: list[float] = []
    right: list[bool] = []
    for fold in np.unique(folds):
        rest, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        trial = _fitted([every[row] for row in rest], [values[row] for row in rest])
        for row in held:
            chosen = _chosen(trial, every[row]) if trial else None
            if chosen:
                scores.append(chosen[1])
                right.append(same(chosen[0], values[row]))
    return Extraction(field, head, fit_platt(scores, right), encode), sum(right)


def surroundings(field: Field, texts: Sequence[str], encode: Encode) -> list[Seen]:
    """Return the mentions of each text with the vectors of what stands around them, their place and their reading."""
    found = [mentions(field, text) for text in texts]
    around = [_around(text, mention) for text, own in zip(texts, found, strict=True) for mention in own]
    vectors = iter(encode(around).astype(np.float64)) if around else iter(())
    return [(own, _rows(own, [next(vectors) for _ in own], text)) for text, own in zip(texts, found, strict=True)]


def _around(text: str, mention: Mention) -> str:
    before, after = text[max(0, mention.start - _BEFORE) : mention.start], text[mention.end : mention.end + _AFTER]
    return f"{before}⟦⟧{after}"


def _rows(own: Sequence[Mention], vectors: Sequence[Matrix], text: str) -> Matrix:
    if not own:
        return np.empty((0, 0))
    places = [[n / MOST, m.start / len(text), m.reading, m.end - m.start == 4] for n, m in enumerate(own)]
    return np.hstack([np.array(vectors), np.array(places, np.float64)])


def _fitted(every: Sequence[Seen], values: Sequence[Number | Moment]) -> Head | None:
    pairs = [pair for seen, value in zip(every, values, strict=True) for pair in _pairs(seen, value)][:_MOST_PAIRS]
    if not pairs:  # nothing stands beside the answers
        width = max((rows.shape[1] for _, rows in every), default=0)
        return Head(np.zeros((2, width)), np.zeros(2)) if width else None
    return fit_head(FieldKind.PAIRWISE, np.array(pairs), np.tile([True, False], (len(pairs), 1)))


def _pairs(seen: Seen, value: Number | Moment) -> list[Matrix]:
    """Return what is different between a mention of the answer and one of something else."""
    own, rows = seen
    hits = [same(mention.value, value) for mention in own]
    return [rows[a] - rows[b] for a, hit in enumerate(hits) if hit for b, other in enumerate(hits) if not other]


def _chosen(head: Head, seen: Seen) -> tuple[Number | Moment, float] | None:
    own, rows = seen
    if not own:
        return None
    # One by one, since a product of matrices rounds otherwise in other company.
    worth = np.array([[2 * head.logits(row[None])[0, 0] for row in rows]])
    shares = probabilities(FieldKind.CHOICE, worth)[0]
    best = int(np.argmax(shares))
    share = sum(float(shares[n]) for n, mention in enumerate(own) if same(mention.value, own[best].value))
    return own[best].value, min(share, 1.0)
