"""A sentence encoder run by ONNX Runtime: no torch in the process that serves."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from labelloop.encoders.base import Vectors
from labelloop.encoders.manifest import read_manifest


class OnnxEncoder:
    """Implements Encode from an exported folder; may be called from several threads at once.

    Each text is run alone. In a batch the int8 engine would scale it by its neighbours, so that the same text had
    another vector in other company (cosine down to 0.95); and a batch on a CPU is only about a tenth faster. A text
    without any token, as an empty one may be, has the vector of the padding token.
    Raises BrokenPromise if the folder is incomplete or damaged.
    """

    def __init__(self, directory: Path) -> None:
        self._manifest = read_manifest(directory)
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._session = open_session(directory / "model.onnx")

    @property
    def digest(self) -> str:
        """Return the manifest's digest (SHA-256, hex)."""
        return self._manifest.digest

    @property
    def dimensions(self) -> int:
        """Return the length of a vector."""
        return self._manifest.dimensions

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return one unit-length row per text, shape (len(texts), dimensions), float32."""
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            vectors[row] = run(self._session, self._tokens(text))
        return vectors

    def _tokens(self, text: str) -> list[int]:
        # A lone surrogate, which JSON may carry, is no character that a tokenizer could read.
        readable = (self._manifest.prefix + text).encode("utf-8", "replace").decode("utf-8")
        return self._tokenizer.encode(readable).ids or [self._manifest.pad_id]


def open_session(model: Path) -> onnxruntime.InferenceSession:
    """Load a model to be run by the calling thread alone: more threads on a busy machine only wait for each other."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def run(session: onnxruntime.InferenceSession, tokens: Sequence[int]) -> Vectors:
    """Encode one text's token ids, at least one; returns a vector of length 1, shape (dimensions,)."""
    ids = np.array([tokens], np.int64)
    (pooled,) = session.run(["vectors"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})
    vector: Vectors = pooled[0] / max(float(np.linalg.norm(pooled[0])), 1e-12)
    return vector
