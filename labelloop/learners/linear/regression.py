"""Numbers and dates by ridge regression on the vectors of a frozen encoder, or as they are written in the text."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import erf, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from labelloop.domain.predictions import Prediction
from labelloop.domain.scale import Precision
from labelloop.domain.schema import Field
from labelloop.domain.values import RELATIVE_TOLERANCE, Moment, Number, same
from labelloop.encoders.base import Encode
from labelloop.learners.base import Example
from labelloop.learners.calibration.platt import PlattScaling, fit_platt
from labelloop.learners.folds import FOLDS, folds_by_text
from labelloop.learners.linear.extraction import FILE as EXTRACTION
from labelloop.learners.linear.extraction import Extraction, fit_extraction, load_extraction
from labelloop.learners.linear.text_features import Features, Shape
from labelloop.learners.model_io import check_encoder, damage_reported, read_json, write_arrays, write_json
from labelloop.learners.usable import usable_examples

FILE = "regression.json"
_ARRAYS = "regression.safetensors"
_PENALTIES = (0.03, 0.3, 3.0, 30.0)

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ridge:
    """A line through the training vectors: `weights` of shape (d,), and what its uncertainty follows from.

    Places on the line are learned as they are, or `logged`: as log(1 + place), where none is negative. `covariance` has
    shape (d, d); `noise` is the standard deviation of what is left.
    """

    weights: Array
    covariance: Array
    center: Array
    mean: float
    noise: float
    logged: bool

    def __call__(self, vector: Array) -> tuple[float, float]:
        """Return the place on the (logged) line and its standard deviation."""
        away = vector - self.center
        spread = self.noise * sqrt(1.0 + float(away @ self.covariance @ away))
        return self.mean + float(away @ self.weights), spread

    def place(self, on_line: float) -> float:
        """Return the place itself."""
        return float(np.expm1(min(on_line, 500.0))) if self.logged else on_line

    def line(self, place: float) -> float:
        """Return where the place lies on the (logged) line."""
        return float(np.log1p(max(place, 0.0))) if self.logged else place


@dataclass(frozen=True, slots=True, eq=False)
class RegressionModel:
    """Implements Model for numbers and dates; with `extraction` those that are written in the text go first."""

    field: Field
    ridge: Ridge
    curve: PlattScaling
    features: Features
    extraction: Extraction | None = None

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return the nearest allowed value and the calibrated probability that people would say the same.

        The margin is that probability as a normal distribution around the line has it.
        """
        written = self.extraction.predict(texts) if self.extraction else [None] * len(texts)
        # One by one, since a product of matrices rounds otherwise in other company.
        return [found or self._answer(vector) for found, vector in zip(written, self.features(texts), strict=True)]

    def _answer(self, vector: Array) -> Prediction:
        value, hit = _nearest(self.field, self.ridge, vector)
        return Prediction(value, hit, float(self.curve([hit])[0]))

    def save(self, directory: Path) -> None:
        """Write `regression.safetensors` and `regression.json`."""
        ridge = self.ridge
        arrays = {"weights": ridge.weights, "covariance": ridge.covariance, "center": ridge.center}
        write_arrays(directory / _ARRAYS, arrays)
        about = {
            "encoder": self.features.encode.digest,
            "shape": self.features.shape,
            "field": self.field.to_json(),
            "line": {"mean": ridge.mean, "noise": ridge.noise, "logged": ridge.logged},
            "curve": asdict(self.curve),
        }
        write_json(directory / FILE, about)
        if self.extraction:
            self.extraction.save(directory)


def fit_regression(field: Field, examples: Sequence[Example], encode: Encode, seed: int) -> RegressionModel:
    """Fit to the examples that the field allows; penalty and logarithm are those with the most hits out of fold.

    What is written in the texts is chosen from if that is right more often, out of fold too. Raises NothingToLearn if
    no example is left.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    usable = usable_examples(field, examples)
    features = Features(Shape.of(field), encode)
    texts = [example.text for example in usable]
    values = [example.value for example in usable if isinstance(example.value, Number | Moment)]
    with threadpool_limits(1):  # the order in which several threads add up their parts is not the same twice
        vectors, places = features(texts), np.array([value.place for value in values])
        folds = folds_by_text(texts, FOLDS, np.random.default_rng(seed))
        tried = [
            (_held_out(field, vectors, places, values, folds, penalty, logged), penalty, logged)
            for logged in ((False, True) if places.min() >= 0 else (False,))
            for penalty in _PENALTIES
        ]
        scores, penalty, logged = max(
            tried, key=lambda one: (sum(hit for _, hit, _ in one[0]), -sum(m for *_, m in one[0]))
        )
        curve = fit_platt([score for score, *_ in scores], [hit for _, hit, _ in scores])
        fitted = _fitted(vectors, places, penalty, logged=logged)
        written = fit_extraction(field, texts, values, folds, encode)
        better = written is not None and written[1] > sum(hit for _, hit, _ in scores)
        return RegressionModel(field, fitted, curve, features, written[0] if written and better else None)


def load_regression(directory: Path, encode: Encode) -> RegressionModel:
    """Read a saved model; raises BrokenPromise if it was fitted with another encoder or cannot be read."""
    with damage_reported(directory):
        about = read_json(directory / FILE)
        check_encoder(directory, about["encoder"], encode)
        arrays, line = load_file(directory / _ARRAYS), about["line"]
        weights, covariance, center = (arrays[name] for name in ("weights", "covariance", "center"))
        ridge = Ridge(weights, covariance, center, line["mean"], line["noise"], line["logged"])
        curve = PlattScaling(**about["curve"])
        field, features = Field.from_json(about["field"]), Features(Shape(about["shape"]), encode)
        written = None
        if (directory / EXTRACTION).exists():
            written = load_extraction(directory, field, encode, read_json(directory / EXTRACTION)["curve"])
        return RegressionModel(field, ridge, curve, features, written)


def _held_out(
    field: Field,
    vectors: Array,
    places: Array,
    values: Sequence[Number | Moment],
    folds: NDArray[np.int64],
    penalty: float,
    logged: bool,
) -> list[tuple[float, bool, float]]:
    """Return, for each example, the score, whether it was hit, and how far off the line was, by lines without it."""
    found: dict[int, tuple[float, bool, float]] = {}
    for fold in np.unique(folds):
        rest = folds != fold
        if not rest.any():
            continue
        ridge = _fitted(vectors[rest], places[rest], penalty, logged=logged)
        for row in np.flatnonzero(~rest):
            value, score = _nearest(field, ridge, vectors[row])
            found[int(row)] = score, same(value, values[row]), abs(ridge.line(value.place) - ridge.line(places[row]))
    return [found[row] for row in sorted(found)]


def _fitted(vectors: Array, places: Array, penalty: float, *, logged: bool) -> Ridge:
    target = np.log1p(places) if logged else places
    center, mean = vectors.mean(axis=0), float(target.mean())
    away, rest = vectors - center, target - mean
    precision = away.T @ away + penalty * np.eye(vectors.shape[1])
    covariance = np.linalg.inv(precision)
    weights = covariance @ (away.T @ rest)
    used = float(np.trace(covariance @ (away.T @ away)))
    left = rest - away @ weights
    noise = sqrt(float(left @ left) / max(len(places) - 1 - used, 1.0))
    return Ridge(weights, covariance, center, mean, max(noise, 1e-9), logged)


def _nearest(field: Field, ridge: Ridge, vector: Array) -> tuple[Number | Moment, float]:
    """Return the allowed value nearest to the line, and the probability that the truth is within its tolerance."""
    on_line, spread = ridge(vector)
    value = field.line.nearest(ridge.place(on_line))
    within = RELATIVE_TOLERANCE * abs(value.place) if value.within is None else max(value.within, _half_a_step(field))
    ends = (ridge.line(value.place + side * within) - on_line for side in (-1, 1))
    low, high = (erf(end / (spread * sqrt(2.0))) for end in ends)
    return value, min(max((high - low) / 2, 0.0), 1.0)


def _half_a_step(field: Field) -> float:
    """Return half of what lies between two neighbouring answers, which may be the same."""
    minutes = {Precision.YEAR: 525_600.0, Precision.MONTH: 43_200.0, Precision.DATE: 1_440.0}
    precision = field.line.precision
    return (minutes.get(precision, 1.0) if precision else field.line.step or 0.0) / 2
