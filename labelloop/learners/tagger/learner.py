"""Spans in seconds: each unit of a text is tagged by what it looks like and by a frozen encoder's vector of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from labelloop.domain.predictions import Prediction
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind
from labelloop.encoders.base import Encode
from labelloop.learners.base import Example, FitContext, ModelContext
from labelloop.learners.calibration.platt import PlattScaling
from labelloop.learners.model_io import check_encoder, damage_reported, read_json, write_arrays, write_json
from labelloop.learners.spans.gazetteer import Gazetteer, found_spans, remember
from labelloop.learners.spans.span_decision import Decision, decide_spans, predictions, with_known
from labelloop.learners.spans.span_documents import documents_of, labels_in
from labelloop.learners.spans.tag_sets import Layer, layers_of
from labelloop.learners.spans.tokenization import units_of
from labelloop.learners.tagger.featurizer import Featurizer, fit_featurizer, names_of, vectors_of
from labelloop.learners.tagger.fit import TaggerData, choose_tagger
from labelloop.learners.tagger.multinomial_regression import Weights


@dataclass(frozen=True, slots=True, eq=False)
class TaggerModel:
    """Implements Model: what is seen of each unit, weights from there to tags, and the likeliest legal tags."""

    layers: tuple[Layer, ...]
    gazetteer: Gazetteer
    sight: Featurizer
    weights: Weights
    outside: float
    curve: PlattScaling
    encode: Encode

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one answer per text."""
        return predictions(texts, [self._decide(text) for text in texts], self.curve)

    def _decide(self, text: str) -> Decision:
        units = units_of(text)
        blind = not len(self.sight.mean)
        vectors = np.zeros((len(units), 0), np.float32) if blind else vectors_of(self.encode, text, units)
        seen = self.sight.see(names_of(text, units, self.gazetteer), vectors)
        found = decide_spans(self.weights.logits(seen), units, self.layers, self.outside)
        return with_known(found, found_spans(self.gazetteer, text, units))

    def save(self, directory: Path) -> None:
        """Write `spans.json` and `spans.safetensors`."""
        about = {
            "layers": self.layers,
            "features": list(self.sight.places),
            "gazetteer": asdict(self.gazetteer),
            "outside": self.outside,
            "curve": [self.curve.slope, self.curve.offset],
            "encoder": self.encode.digest,
        }
        weights, sight = self.weights, self.sight
        numbers = {"named": weights.named, "near": weights.near, "bias": weights.bias}
        numbers |= {"mean": sight.mean, "spread": sight.spread}
        write_json(directory / "spans.json", about)
        write_arrays(directory / "spans.safetensors", numbers)


class TaggerLearner:
    """Implements Learner: regression of begin, inside and outside, then Viterbi over what is legal, then a dictionary.

    Documents held out tell which outside bias is best, how sure it may be, and whether the encoder's vectors help: one
    that hardly knows the language of the texts may do harm. A conditional random field on the same features, tried once
    on 100 and 400 documents without tuning it further, was as good at first but gained little from such a bias.
    """

    name = "tagger"
    kinds = frozenset({FieldKind.SPANS})
    background = False

    def fit(self, field: Field, examples: Sequence[Example], context: FitContext) -> TaggerModel:
        """Fit a model to the examples; raises NothingToLearn if none has a value that the field allows."""
        documents = documents_of(field, examples)
        layers = layers_of(labels_in(field, documents), [d.spans for d in documents])
        gazetteer = remember(documents)
        names = [names_of(d.text, d.units, gazetteer, own=d) for d in documents]
        vectors = [vectors_of(context.encode, d.text, d.units) for d in documents]
        sight = fit_featurizer(names, np.concatenate(vectors))
        seen = [sight.see(*of) for of in zip(names, vectors, strict=True)]
        context.report(0.2)
        known = [found_spans(gazetteer, d.text, d.units, own=d) for d in documents]
        choice = choose_tagger(
            TaggerData(documents, known, layers, seen, len(sight.places)), context.seed, context.report
        )
        kept = sight if choice.data.sees_vectors else replace(sight, mean=sight.mean[:0], spread=sight.spread[:0])
        return TaggerModel(layers, gazetteer, kept, choice.data.fit(), choice.outside, choice.curve, context.encode)

    def load(self, directory: Path, context: ModelContext) -> TaggerModel:
        """Read a saved model; raises BrokenPromise if it was fitted with another encoder or cannot be read."""
        with damage_reported(directory):
            about, numbers = read_json(directory / "spans.json"), load_file(directory / "spans.safetensors")
            check_encoder(directory, about["encoder"], context.encode)
            places = {name: place for place, name in enumerate(about["features"])}
            return TaggerModel(
                tuple(tuple(layer) for layer in about["layers"]),
                Gazetteer(**about["gazetteer"]),
                Featurizer(places, numbers["mean"], numbers["spread"]),
                Weights(numbers["named"], numbers["near"], numbers["bias"]),
                about["outside"],
                PlattScaling(*about["curve"]),
                context.encode,
            )
