"""What a tagger sees of a text: features by name that it learned to know, and the encoder's vector of each unit."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labelloop.encoders.base import Encode
from labelloop.encoders.tokens import tokens_of
from labelloop.learners.spans.gazetteer import Gazetteer
from labelloop.learners.spans.span_documents import Document
from labelloop.learners.spans.tokenization import Offsets
from labelloop.learners.tagger.multinomial_regression import Floats, Seen
from labelloop.learners.tagger.token_features import features_of

ENOUGH = 50
"""From so many documents on, a feature that was seen once is taken for chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Featurizer:
    """The places of known features, and mean and spread of the encoder's vectors, each of shape (d,)."""

    places: dict[str, int]
    mean: Floats
    spread: Floats

    def see(self, names: Sequence[Sequence[str]], vectors: Floats) -> Seen:
        """Return what is seen of one text whose n units have these features and vectors, shape (n, d).

        A unit without a vector, which holds NaN, has the mean one.
        """
        known = [
            (self.places[name], unit) for unit, of_unit in enumerate(names) for name in of_unit if name in self.places
        ]
        pairs = np.array(known, np.int64).reshape(-1, 2)
        scaled = np.nan_to_num((vectors - self.mean) / self.spread)
        return Seen(pairs[:, 0], pairs[:, 1], scaled, np.zeros(min(1, len(names)), np.int64))


def fit_featurizer(names: Sequence[Sequence[Sequence[str]]], vectors: Floats) -> Featurizer:
    """Return what can be told from the features of each document's units and from all their vectors, shape (n, d)."""
    counts = Counter(name for document in names for unit in document for name in unit)
    least = 2 if len(names) >= ENOUGH else 1
    places = {name: place for place, name in enumerate(sorted(name for name, n in counts.items() if n >= least))}
    known = vectors[~np.isnan(vectors).any(axis=1)]
    if not len(known):
        return Featurizer(places, np.zeros(vectors.shape[1], np.float32), np.ones(vectors.shape[1], np.float32))
    # With three neighbours' vectors of d numbers each, all of them together weigh as much as ten features by name.
    spread = (known.std(axis=0) + 1e-6) * np.sqrt(0.3 * vectors.shape[1])
    return Featurizer(places, known.mean(axis=0), spread.astype(np.float32))


def names_of(text: str, units: Offsets, gazetteer: Gazetteer, own: Document | None = None) -> list[list[str]]:
    """Return the features of each unit by name; what `own` itself told the gazetteer is not among them."""
    names = features_of(text, units)
    for first, last, share in gazetteer.matches(text, units, own):
        for label, part in share.items():
            for unit in range(first, last):
                names[unit].append(f"known={'B' if unit == first else 'I'} {part >= 0.5} {label}")
    return names


def vectors_of(encode: Encode, text: str, units: Offsets) -> Floats:
    """Return the mean vector of the tokens that touch each unit, shape (n, d); NaN where none does.

    Where the encoder knows no vectors of tokens, d is 0.
    """
    tokens = tokens_of(encode, text)
    if tokens is None:
        return np.zeros((len(units), 0), np.float32)
    first = np.searchsorted(tokens.offsets[:, 1], units[:, 0], side="right")
    last = np.searchsorted(tokens.offsets[:, 0], units[:, 1], side="left")
    sums = np.concatenate([np.zeros_like(tokens.vectors[:1]), tokens.vectors.cumsum(axis=0)])
    if not len(tokens.vectors):
        return np.full((len(units), tokens.vectors.shape[1]), np.nan, np.float32)
    found = last > first
    means = (sums[last] - sums[first]) / np.maximum(last - first, 1)[:, None]
    return np.where(found[:, None], means, np.nan).astype(np.float32)
