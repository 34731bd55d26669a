"""A sentence encoder run by ONNX Runtime: no torch in the process that serves."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Encoding, Tokenizer

from labelloop.encoders.base import Vectors
from labelloop.encoders.manifest import read_manifest
from labelloop.encoders.tokens import Tokens, read_windows
from labelloop.errors import BrokenPromise

TOKENS = "tokens"
"""The output that holds a vector for each token."""


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
        if TOKENS not in {output.name for output in self._session.get_outputs()}:
            raise BrokenPromise(f"{directory} has no vectors of tokens yet: delete the folder, it will be made anew.")
        self._shared = self._manifest.max_tokens // 4
        self._tokenizer.enable_truncation(self._manifest.max_tokens, stride=self._shared)

    @property
    def digest(self) -> str:
        """Return the manifest's digest (SHA-256, hex)."""
        return self._manifest.digest

    @property
    def source(self) -> str:
        """Return what LABELLOOP_ENCODER named when this encoder was exported."""
        return self._manifest.source

    @property
    def prefix(self) -> str:
        """Return what is put before every text."""
        return self._manifest.prefix

    @property
    def max_tokens(self) -> int:
        """Return how many tokens of a text are read."""
        return self._manifest.max_tokens

    @property
    def dimensions(self) -> int:
        """Return the length of a vector."""
        return self._manifest.dimensions

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return one unit-length row per text, shape (len(texts), dimensions), float32."""
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            vectors[row] = run(self._session, self._read(text).ids or [self._manifest.pad_id])
        return vectors

    def tokens(self, text: str) -> Tokens:
        """Return the tokens of the whole text, a long one in windows that overlap by a quarter.

        Their vectors come from two thirds of the way up, where they say most of names and words, not of the text.
        """
        first = self._read(text)
        return read_windows([first, *first.overflowing], self._shared, len(self._manifest.prefix), self._run_tokens)

    def _run_tokens(self, ids: Sequence[int]) -> Vectors:
        return run_tokens(self._session, ids or [self._manifest.pad_id])

    def _read(self, text: str) -> Encoding:
        # A lone surrogate, which JSON may carry, is no character that a tokenizer could read.
        return self._tokenizer.encode((self._manifest.prefix + text).encode("utf-8", "replace").decode("utf-8"))


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


def run_tokens(session: onnxruntime.InferenceSession, tokens: Sequence[int]) -> Vectors:
    """Encode one text's token ids, at least one; returns a vector of each, shape (len(tokens), dimensions)."""
    ids = np.array([tokens], np.int64)
    (hidden,) = session.run([TOKENS], {"input_ids": ids, "attention_mask": np.ones_like(ids)})
    vectors: Vectors = hidden[0]
    return vectors
