"""Free text without a generator: the answer that people gave to the text most like this one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from labelloop.domain.predictions import Answer
from labelloop.domain.schema import Field
from labelloop.domain.tasks import fingerprint
from labelloop.domain.values import FieldKind, Text
from labelloop.encoders.base import Encode, Vectors
from labelloop.errors import NothingToLearn
from labelloop.learners.base import Example, Scratch
from labelloop.learners.stored import check_encoder, told_plainly

CLOSE = 5
"""How many neighbours an answer's confidence is judged by."""


@dataclass(frozen=True, slots=True, eq=False)
class RetrievalModel:
    """Implements Model: `vectors` of the examples, shape (n, d), and their `texts`."""

    vectors: Vectors
    texts: tuple[str, ...]
    encode: Encode

    def answer(self, texts: Sequence[str]) -> list[Answer]:
        """Return the nearest example's text.

        The confidence is Laplace's rule of succession over the five nearest examples, each weighed by its cosine; the
        margin is the nearest one's lead over the nearest with another text.
        """
        # One by one, since a product of matrices rounds otherwise in other company.
        return [self._nearest(self.vectors @ vector) for vector in self.encode(texts)]

    def _nearest(self, cosines: NDArray[np.float32]) -> Answer:
        near = np.argsort(-cosines, kind="stable")
        said = self.texts[near[0]]
        lead = next((cosines[near[0]] - cosines[row] for row in near if self.texts[row] != said), cosines[near[0]])
        weights = np.clip(cosines[near[:CLOSE]], 0.0, 1.0)
        same = sum(float(weights[place]) for place, row in enumerate(near[:CLOSE]) if self.texts[row] == said)
        confidence = (same + 1.0) / (float(weights.sum()) + 2.0 + CLOSE - len(weights))
        return Answer(Text(said), float(np.clip(lead, 0.0, 1.0)), min(confidence, 1.0))

    def save(self, directory: Path) -> None:
        """Write `retrieval.safetensors` and `retrieval.json`."""
        save_file({"vectors": np.ascontiguousarray(self.vectors)}, directory / "retrieval.safetensors")
        about = {"texts": self.texts, "encoder": self.encode.digest}
        (directory / "retrieval.json").write_text(json.dumps(about, ensure_ascii=False) + "\n", "utf-8")


class RetrievalLearner:
    """Implements Learner: remembers what people wrote. The baseline that any generator has to beat."""

    name = "retrieval"
    kinds = frozenset({FieldKind.TEXT})
    background = False

    def fit(
        self,
        field: Field,
        examples: Sequence[Example],
        *,
        pool: Sequence[str],  # noqa: ARG002
        encode: Encode,
        seed: int,  # noqa: ARG002
        scratch: Scratch,  # noqa: ARG002
    ) -> RetrievalModel:
        """Remember the examples; of those with the same text the first, by task id, is kept."""
        usable = sorted((e for e in examples if field.allows(e.value)), key=lambda e: (e.task_id, e.text), reverse=True)
        if not usable:
            raise NothingToLearn(f"Nothing was written into {field.name} yet: label some tasks.")
        kept = list({fingerprint(example.text): example for example in usable}.values())[::-1]
        texts = tuple(str(example.value) for example in kept)
        return RetrievalModel(encode([example.text for example in kept]), texts, encode)

    def load(self, directory: Path, *, encode: Encode) -> RetrievalModel:
        """Read a saved model; raises BrokenPromise if it was fitted with another encoder or cannot be read."""
        with told_plainly(directory):
            about = json.loads((directory / "retrieval.json").read_text("utf-8"))
            vectors = load_file(directory / "retrieval.safetensors")["vectors"]
            fitted_with, texts = about["encoder"], tuple(about["texts"])
        check_encoder(directory, fitted_with, encode)
        return RetrievalModel(vectors, texts, encode)
