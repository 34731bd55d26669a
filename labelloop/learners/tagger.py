"""Spans in seconds: each unit of a text is tagged by what it looks like and by a frozen encoder's vector of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from labelloop.domain.predictions import Answer
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Spans
from labelloop.encoders.base import Encode
from labelloop.learners.base import Example, Scratch
from labelloop.learners.platt import Curve
from labelloop.learners.stored import check_encoder, told_plainly
from labelloop.learners.tagging.decision import Decision, decide_spans, with_known
from labelloop.learners.tagging.files import read_about, read_numbers, write
from labelloop.learners.tagging.gazetteer import Gazetteer, found_spans, remember
from labelloop.learners.tagging.layers import Layer, layers_of
from labelloop.learners.tagging.lesson import Lesson, make_plan
from labelloop.learners.tagging.material import documents_of, labels_in
from labelloop.learners.tagging.sight import Sight, learn_sight, names_of, vectors_of, without_encoder
from labelloop.learners.tagging.softmax import Weights
from labelloop.learners.tagging.units import units_of


@dataclass(frozen=True, slots=True, eq=False)
class TaggerModel:
    """Implements Model: what is seen of each unit, weights from there to tags, and the likeliest legal tags."""

    layers: tuple[Layer, ...]
    gazetteer: Gazetteer
    sight: Sight
    weights: Weights
    outside: float
    curve: Curve
    encode: Encode

    def answer(self, texts: Sequence[str]) -> list[Answer]:
        """Return one answer per text."""
        decisions = [self._decide(text) for text in texts]
        sure = self.curve([decision.score for decision in decisions])
        return [Answer(Spans(d.spans), d.margin, float(p)) for d, p in zip(decisions, sure, strict=True)]

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
        numbers = {
            "named": self.weights.named,
            "near": self.weights.near,
            "bias": self.weights.bias,
            "mean": self.sight.mean,
            "spread": self.sight.spread,
        }
        write(directory, about, numbers)


class TaggerLearner:
    """Implements Learner: regression of begin, inside and outside, then Viterbi over what is legal, then a dictionary.

    Documents held out tell how eager it is to be, how sure it may be, and whether the encoder's vectors help: one that
    hardly knows the language of the texts may do harm. A conditional random field on the same features, tried once on
    100 and 400 documents without tuning it further, was as good at first but gained little from eagerness.
    """

    name = "tagger"
    kinds = frozenset({FieldKind.SPANS})
    background = False

    def fit(
        self,
        field: Field,
        examples: Sequence[Example],
        *,
        pool: Sequence[str],  # noqa: ARG002
        encode: Encode,
        seed: int,
        scratch: Scratch,
    ) -> TaggerModel:
        """Fit a model to the examples; raises NothingToLearn if none has a value that the field allows."""
        documents = documents_of(field, examples)
        layers = layers_of(labels_in(field, documents), [d.spans for d in documents])
        gazetteer = remember(documents)
        names = [names_of(d.text, d.units, gazetteer, own=d) for d in documents]
        vectors = [vectors_of(encode, d.text, d.units) for d in documents]
        sight = learn_sight(names, np.concatenate(vectors))
        seen = [sight.see(*of) for of in zip(names, vectors, strict=True)]
        scratch.report(0.2)
        known = [found_spans(gazetteer, d.text, d.units, own=d) for d in documents]
        plan = make_plan(Lesson(documents, known, layers, seen, len(sight.places)), seed, scratch.report)
        kept = sight if plan.lesson.sees_vectors else without_encoder(sight)
        return TaggerModel(layers, gazetteer, kept, plan.lesson.fit(), plan.outside, plan.curve, encode)

    def load(self, directory: Path, *, encode: Encode) -> TaggerModel:
        """Read a saved model; raises BrokenPromise if it was fitted with another encoder or cannot be read."""
        with told_plainly(directory):
            about, numbers = read_about(directory), read_numbers(directory)
            places = {name: place for place, name in enumerate(about["features"])}
            model = TaggerModel(
                tuple(tuple(layer) for layer in about["layers"]),
                Gazetteer(**about["gazetteer"]),
                Sight(places, numbers["mean"], numbers["spread"]),
                Weights(numbers["named"], numbers["near"], numbers["bias"]),
                about["outside"],
                Curve(*about["curve"]),
                encode,
            )
            fitted_with = str(about["encoder"])
        check_encoder(directory, fitted_with, encode)
        return model
