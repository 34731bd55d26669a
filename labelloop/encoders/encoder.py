"""A sentence encoder run by ONNX Runtime: no torch in the process that serves."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import Encoding, Tokenizer

from labelloop.domain.text_limits import LONGEST_ENCODED, LONGEST_MARKED, ends, tokenizable
from labelloop.encoders.base import Vectors
from labelloop.encoders.manifest import read_manifest
from labelloop.encoders.tokens import Tokens, read_windows
from labelloop.encoders.windows import offsets_of, windows_of
from labelloop.errors import BrokenPromise

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

TOKENS = "tokens"
"""The output that holds a vector for each token."""


class OnnxEncoder:
    """Implements Encode from an exported folder; may be called from several threads at once.

    A text that is longer than `max_tokens` is read in up to `windows` of them, each as a text of its own, and its
    vector is the mean of theirs; without several windows its beginning is read. `windows` is that of the manifest
    unless it is given.

    Each text is run alone. In a batch the int8 engine would scale it by its neighbours, so that the same text had
    another vector in other company (cosine down to 0.95); and a batch on a CPU is only about a tenth faster. A text
    without any token, as an empty one may be, has the vector of the padding token.
    Raises BrokenPromise if the folder is incomplete or damaged.
    """

    def __init__(self, directory: Path, windows: int | None = None) -> None:
        found = read_manifest(directory)
        manifest = found if windows is None else replace(found, windows=windows)
        self.digest, self.source, self.prefix = manifest.digest, manifest.source, manifest.prefix
        self.max_tokens, self.dimensions, self.windows = manifest.max_tokens, manifest.dimensions, manifest.windows
        self._padding = [manifest.pad_id]
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._session = open_session(directory / "model.onnx")
        if TOKENS not in {output.name for output in self._session.get_outputs()}:
            raise BrokenPromise(
                f"{directory} has no vectors of tokens yet: delete the folder, it will be created again."
            )
        self._shared = self.max_tokens // 4
        self._tokenizer.enable_truncation(self.max_tokens, stride=self._shared)

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return one unit-length row per text, shape (len(texts), dimensions), float32."""
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self._vector(text)
        return vectors

    def _vector(self, text: str) -> Vectors:
        beginning = tokenizable(text, self.max_tokens)
        read = self._read(beginning)
        if self.windows > 1 and (read.overflowing or len(beginning) < len(text)):
            parts = [run(self._session, self._read(part).ids or self._padding) for part in self._windows(text)]
            return unit(np.mean(parts, axis=0))
        return run(self._session, read.ids or self._padding)

    def _windows(self, text: str) -> list[str]:
        known = tokenizable(ends(text, LONGEST_ENCODED), LONGEST_ENCODED)
        first = self._tokenizer.encode(known)
        offsets = offsets_of([first, *first.overflowing], self._shared)
        room = self.max_tokens - len(self._read("").ids)
        return [known[start:end] for start, end in windows_of(offsets, max(room, 1), self.windows)] or [known]

    def tokens(self, text: str) -> Tokens:
        """Return the tokens of the text as far as spans are looked for, in windows that overlap by a quarter.

        Their vectors come from two thirds of the way up, where they say most of names and words, not of the text.
        """
        first = self._read(tokenizable(text[:LONGEST_MARKED], len(text)))
        return read_windows([first, *first.overflowing], self._shared, len(self.prefix), self._run_tokens)

    def _run_tokens(self, ids: Sequence[int]) -> Vectors:
        return _outputs(self._session, TOKENS, ids or self._padding)

    def _read(self, text: str) -> Encoding:
        return self._tokenizer.encode(self.prefix + text)


def open_session(model: Path) -> "InferenceSession":
    """Load a model to be run by the calling thread alone: more threads on a busy machine only wait for each other."""
    import onnxruntime  # whoever encodes nothing need not load it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def run(session: "InferenceSession", tokens: Sequence[int]) -> Vectors:
    """Encode one text's token ids, at least one; returns a vector of length 1, shape (dimensions,)."""
    return unit(_outputs(session, "vectors", tokens))


def unit(vector: Vectors) -> Vectors:
    """Return a vector scaled to length 1, shape (dimensions,)."""
    scaled: Vectors = vector / max(float(np.linalg.norm(vector)), 1e-12)
    return scaled


def _outputs(session: "InferenceSession", name: str, tokens: Sequence[int]) -> Vectors:
    ids = np.array([tokens], np.int64)
    (found,) = session.run([name], {"input_ids": ids, "attention_mask": np.ones_like(ids)})
    vectors: Vectors = found[0]
    return vectors
