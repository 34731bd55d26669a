"""Free text without a generator: the answer that people gave to the text most like this one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from labelloop.domain.predictions import Prediction
from labelloop.domain.schema import Field
from labelloop.domain.tasks import fingerprint
from labelloop.domain.values import FieldKind, Text
from labelloop.encoders.base import Encode, Vectors
from labelloop.learners.base import Example, FitContext, ModelContext
from labelloop.learners.model_io import check_encoder, damage_reported, read_json, write_arrays, write_json
from labelloop.learners.usable import usable_examples

CLOSE = 5
"""How many neighbours an answer's confidence is judged by."""


@dataclass(frozen=True, slots=True, eq=False)
class RetrievalModel:
    """Implements Model: `vectors` of the examples, shape (n, d), and their `texts`."""

    vectors: Vectors
    texts: tuple[str, ...]
    encode: Encode

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return the nearest example's text.

        The confidence is Laplace's rule of succession over the five nearest examples, each weighed by its cosine; the
        margin is the nearest one's lead over the nearest with another text.
        """
        # One by one, since a product of matrices rounds otherwise in other company.
        return [self._nearest(self.vectors @ vector) for vector in self.encode(texts)]

    def _nearest(self, cosines: NDArray[np.float32]) -> Prediction:
        near = np.argsort(-cosines, kind="stable")
        nearest = self.texts[near[0]]
        lead = next((cosines[near[0]] - cosines[row] for row in near if self.texts[row] != nearest), cosines[near[0]])
        weights = np.clip(cosines[near[:CLOSE]], 0.0, 1.0)
        same = sum(float(weights[place]) for place, row in enumerate(near[:CLOSE]) if self.texts[row] == nearest)
        confidence = (same + 1.0) / (float(weights.sum()) + 2.0 + CLOSE - len(weights))
        return Prediction(Text(nearest), float(np.clip(lead, 0.0, 1.0)), min(confidence, 1.0))

    def save(self, directory: Path) -> None:
        """Write `retrieval.safetensors` and `retrieval.json`."""
        write_arrays(directory / "retrieval.safetensors", {"vectors": self.vectors})
        write_json(directory / "retrieval.json", {"encoder": self.encode.digest, "texts": self.texts})


class RetrievalLearner:
    """Implements Learner: remembers what people wrote. The baseline that any generator has to beat."""

    name = "retrieval"
    kinds = frozenset({FieldKind.TEXT})
    background = False

    def fit(self, field: Field, examples: Sequence[Example], context: FitContext) -> RetrievalModel:
        """Remember the examples; of those with the same text the first, by task id, is kept."""
        kept = {fingerprint(example.text): example for example in reversed(usable_examples(field, examples))}
        first = list(kept.values())[::-1]
        texts = tuple(str(example.value) for example in first)
        return RetrievalModel(context.encode([example.text for example in first]), texts, context.encode)

    def load(self, directory: Path, context: ModelContext) -> RetrievalModel:
        """Read a saved model; raises BrokenPromise if it was fitted with another encoder or cannot be read."""
        with damage_reported(directory):
            about = read_json(directory / "retrieval.json")
            check_encoder(directory, about["encoder"], context.encode)
            vectors = load_file(directory / "retrieval.safetensors")["vectors"]
            return RetrievalModel(vectors, tuple(about["texts"]), context.encode)
