"""The items that a task brings along, chosen or put in order by linear heads on item and text together."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from labelloop.domain.predictions import Prediction
from labelloop.domain.schema import Field
from labelloop.domain.tasks import INPUT_BREAK, inputs_of, options_of
from labelloop.domain.values import Choice, Choices, FieldKind, Ranking, Value, labels_of
from labelloop.encoders.base import Encode
from labelloop.learners.base import Example
from labelloop.learners.calibration.platt import PlattScaling, fit_platt
from labelloop.learners.folds import FOLDS, folds_by_text
from labelloop.learners.logistic_head import Head, Matrix, fit_head, probabilities
from labelloop.learners.model_io import check_encoder, damage_reported, read_json, write_arrays, write_json
from labelloop.learners.usable import usable_examples

FILE = "options.json"
_ARRAYS = "options.safetensors"
_MOST_PAIRS = 20_000

Items = dict[str, Matrix]
"""What the heads see of each item of a task, by its id, in the order people see them."""


@dataclass(frozen=True, slots=True)
class Item:
    """Turns a task's text into what the heads see of each of its items."""

    encode: Encode

    def __call__(self, texts: Sequence[str]) -> list[Items]:
        """Return each text's items: the item's vector, its product with that of the text, their cosine, its place."""
        offered = [options_of(text) for text in texts]
        asked = self.encode([INPUT_BREAK.join(inputs_of(text)[:-1]) for text in texts]).astype(np.float64)
        vectors = iter(self.encode([f"{name}\n{said}" for items in offered for name, said in items.items()]))
        return [
            {name: _seen(query, next(vectors), place / len(items)) for place, name in enumerate(items)}
            for query, items in zip(asked, offered, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Heads:
    """`order` tells which of two items goes first, `member` what an item is in; None where nothing tells it.

    `member` has a column for "chosen", or one for each of `columns`, the buckets that were ever used.
    """

    order: Head | None
    member: Head | None
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class OptionsModel:
    """Implements Model for choices that come with the task, and for rankings."""

    field: Field
    heads: Heads
    curve: PlattScaling
    items: Item

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return what is chosen, or the order, and the calibrated probability that people would say just the same."""
        return [self._answer(items) for items in self.items(texts)]

    def _answer(self, items: Items) -> Prediction:
        value, score = _decided(self.field, self.heads, items)
        nothing = not any(name.strip() for name in items)
        return Prediction(value, score, 0.0 if nothing else float(self.curve([score])[0]))

    def save(self, directory: Path) -> None:
        """Write `options.safetensors` and `options.json`."""
        heads = {"order": self.heads.order, "member": self.heads.member}
        arrays = {f"{name}.{part}": getattr(head, part) for name, head in heads.items() if head for part in _PARTS}
        write_arrays(directory / _ARRAYS, {"none": np.zeros(1), **arrays})
        about = {
            "encoder": self.items.encode.digest,
            "field": self.field.to_json(),
            "columns": self.heads.columns,
            "curve": asdict(self.curve),
        }
        write_json(directory / FILE, about)


_PARTS = ("weights", "bias")


def fit_options(field: Field, examples: Sequence[Example], encode: Encode, seed: int) -> OptionsModel:
    """Fit to the examples that the field allows; raises NothingToLearn if none is left."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    usable = usable_examples(field, examples)
    texts, values = [example.text for example in usable], [example.value for example in usable]
    with threadpool_limits(1):  # the order in which several threads add up their parts is not the same twice
        items = Item(encode)(texts)
        folds = folds_by_text(texts, FOLDS, np.random.default_rng(seed))
        scores: list[float] = []
        right: list[bool] = []
        for fold in np.unique(folds):
            rest, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            heads = _fitted(field, [items[row] for row in rest], [values[row] for row in rest], seed)
            told = [_decided(field, heads, items[row]) for row in held]
            scores += [score for _, score in told]
            right += [value == values[row] for (value, _), row in zip(told, held, strict=True)]
        return OptionsModel(field, _fitted(field, items, values, seed), fit_platt(scores, right), Item(encode))


def load_options(directory: Path, encode: Encode) -> OptionsModel:
    """Read a saved model; raises BrokenPromise if it was fitted with another encoder or cannot be read."""
    with damage_reported(directory):
        about = read_json(directory / FILE)
        check_encoder(directory, about["encoder"], encode)
        arrays = load_file(directory / _ARRAYS)
        order, member = (
            Head(arrays[f"{name}.weights"], arrays[f"{name}.bias"]) if f"{name}.bias" in arrays else None
            for name in ("order", "member")
        )
        heads = Heads(order, member, tuple(about["columns"]))
        return OptionsModel(Field.from_json(about["field"]), heads, PlattScaling(**about["curve"]), Item(encode))


def _seen(query: Matrix, item: NDArray[np.float32], place: float) -> Matrix:
    vector = item.astype(np.float64)
    product = query * vector
    # Coordinates of unit vectors are about 1 / sqrt(d): the product is brought to the size of the others.
    return np.concatenate([vector, product * np.sqrt(len(vector)), [product.sum(), place]])


def _fitted(field: Field, items: Sequence[Items], values: Sequence[Value], seed: int) -> Heads:
    pairs = [pair for seen, value in zip(items, values, strict=True) for pair in _ordered_pairs(seen, value)]
    if len(pairs) > _MOST_PAIRS:
        rows = np.sort(np.random.default_rng(seed).choice(len(pairs), _MOST_PAIRS, replace=False))
        pairs = [pairs[row] for row in rows]
    order = None
    if pairs and field.kind is not FieldKind.OPTIONS:
        first = np.tile([True, False], (len(pairs), 1))
        order = fit_head(FieldKind.PAIRWISE, np.array(pairs), first)
    member, columns = _membership(field, items, values)
    return Heads(order, member, columns)


def _membership(field: Field, items: Sequence[Items], values: Sequence[Value]) -> tuple[Head | None, tuple[str, ...]]:
    rows = [(seen[name], name, value) for seen, value in zip(items, values, strict=True) for name in seen]
    if field.kind is FieldKind.OPTIONS and rows:
        chosen = np.array([[name in labels_of(value)] for _, name, value in rows])
        return fit_head(FieldKind.CHOICES, np.array([row for row, *_ in rows]), chosen), ()
    placed = [
        (row, value.places[name][0]) for row, name, value in rows if isinstance(value, Ranking) and name in value.places
    ]
    columns = tuple(name for name in field.labels if any(name == column for _, column in placed))
    if len(columns) < 2:
        return None, columns
    truth = np.array([[column == name for name in columns] for _, column in placed])
    return fit_head(FieldKind.CHOICE, np.array([row for row, _ in placed]), truth), columns


def _ordered_pairs(seen: Items, value: Value) -> list[Matrix]:
    """Return what is different between two items of which the first goes before the second."""
    match value:
        case Choice(label):
            return [seen[label] - seen[other] for other in seen if label in seen and other != label]
        case Ranking(columns):
            pairs = (pair for _, names in columns for pair in combinations(names, 2))
            return [seen[one] - seen[other] for one, other in pairs if one in seen and other in seen]
        case _:
            return []


def _decided(field: Field, heads: Heads, items: Items) -> tuple[Value, float]:
    """Return the answer and how probable the heads take it to be, in [0, 1]."""
    names = list(items)
    # One by one, since a product of matrices rounds otherwise in other company.
    worth = [float(heads.order.logits(row[None])[0, 0]) * 2 if heads.order else 0.0 for row in items.values()]
    match field.kind:
        case FieldKind.OPTION:
            shares = probabilities(FieldKind.CHOICE, np.array([worth]))[0]
            best = int(np.argmax(shares))
            return Choice(names[best]), float(shares[best])
        case FieldKind.OPTIONS:
            shares = _shares(heads.member, FieldKind.CHOICES, items)[:, 0]
            chosen = frozenset(name for name, share in zip(names, shares, strict=True) if share >= 0.5 and name.strip())
            return Choices(chosen), float(np.prod(np.maximum(shares, 1 - shares)))
        case _:
            return _sorted(field, heads, items, dict(zip(names, worth, strict=True)))


def _sorted(field: Field, heads: Heads, items: Items, worth: dict[str, float]) -> tuple[Value, float]:
    shares = _shares(heads.member, FieldKind.CHOICE, items) if heads.member else np.ones((len(items), 1))
    columns = heads.columns or field.labels
    inside: dict[str, list[str]] = {name: [] for name in field.labels}
    for name, row in zip(items, shares, strict=True):
        inside[columns[int(np.argmax(row))]].append(name)
    sure = float(np.prod(shares.max(axis=1)))
    for names in inside.values():
        names.sort(key=lambda name: -worth[name])
        gaps = [worth[one] - worth[other] for one, other in pairwise(names)]
        sure *= float(np.prod([1 / (1 + np.exp(-gap)) for gap in gaps]))
    return Ranking(tuple((name, tuple(names)) for name, names in inside.items())), sure


def _shares(head: Head | None, kind: FieldKind, items: Items) -> Matrix:
    if head is None:
        return np.full((len(items), 1), 0.5)
    return np.vstack([probabilities(kind, head.logits(row[None])) for row in items.values()])
