"""An encoder that computes each text's vector once: remembered in memory, kept on disk."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import numpy as np

from labelloop.encoders.base import Encode, Vectors
from labelloop.encoders.tokens import Tokens, tokens_of
from labelloop.encoders.vector_file import VectorFile

_CHUNK = 512
"""Texts encoded between two writes to disk and two reports of progress."""

_ANEW = ContextVar("anew", default=False)


@contextmanager
def encoded_anew() -> Iterator[None]:
    """Let this thread's cached encoders encode every text while the block runs, as if they had never seen it."""
    token = _ANEW.set(True)
    try:
        yield
    finally:
        _ANEW.reset(token)


class CachedEncoder:
    """Implements Encode; a vector is found by the digest of its exact text, in a file of this encoder's digest only.

    `directory` holds `vectors-<digest>.sqlite`; None keeps nothing on disk. `remember` is the number of vectors held in
    memory, about 2 kB each. May be called from several threads at once. Where the encoder inside does not say so, no
    `prefix` is put before a text, and 128 tokens of it are read, once.
    """

    def __init__(self, encode: Encode, directory: Path | None, *, remember: int = 20_000) -> None:
        self._encode = encode
        self.digest, self.source = encode.digest, encode.source
        self.prefix, self.max_tokens = str(getattr(encode, "prefix", "")), int(getattr(encode, "max_tokens", 128))
        self.windows = int(getattr(encode, "windows", 1))
        self.dimensions = encode([]).shape[1]
        self._file = None if directory is None else VectorFile(directory / f"vectors-{encode.digest[:16]}.sqlite")
        self._memory = _Memory(remember)

    def __call__(self, texts: Sequence[str], on_progress: Callable[[int, int], None] | None = None) -> Vectors:
        """Return one unit-length row per text, shape (len(texts), dimensions), float32.

        `on_progress(done, total)` is called after every few hundred texts that had to be encoded; both count those.
        """
        if _ANEW.get():
            return self._encode(texts)
        keys = [_key(text) for text in texts]
        known = self._memory.read(set(keys))
        unknown = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        kept = self._kept(list(unknown))
        fresh = self._encoded({key: text for key, text in unknown.items() if key not in kept}, on_progress)
        self._memory.write(kept | fresh)
        rows = known | kept | fresh
        return np.stack([rows[key] for key in keys]) if keys else np.empty((0, self.dimensions), np.float32)

    def tokens(self, text: str) -> Tokens | None:
        """Return the text's tokens if the encoder inside has them; they are not kept."""
        return tokens_of(self._encode, text)

    def close(self) -> None:
        """Close the file on disk; the next call opens it again."""
        if self._file is not None:
            self._file.close()

    def _kept(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        if self._file is None or not keys:
            return {}
        size = self.dimensions * np.dtype(np.float32).itemsize
        return {k: np.frombuffer(row, np.float32) for k, row in self._file.read(keys).items() if len(row) == size}

    def _encoded(
        self, texts: Mapping[bytes, str], on_progress: Callable[[int, int], None] | None
    ) -> dict[bytes, Vectors]:
        fresh: dict[bytes, Vectors] = {}
        keys = list(texts)
        for start in range(0, len(keys), _CHUNK):
            some = keys[start : start + _CHUNK]
            rows = dict(zip(some, self._encode([texts[key] for key in some]), strict=True))
            if self._file is not None:
                self._file.write({key: row.tobytes() for key, row in rows.items()})
            fresh |= rows
            if on_progress is not None:
                on_progress(len(fresh), len(keys))
        return fresh


class _Memory:
    """The vectors used last."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._rows: OrderedDict[bytes, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, keys: Iterable[bytes]) -> dict[bytes, Vectors]:
        with self._lock:
            found = {key: self._rows[key] for key in keys if key in self._rows}
            for key in found:
                self._rows.move_to_end(key)
        return found

    def write(self, rows: Mapping[bytes, Vectors]) -> None:
        with self._lock:
            for key, row in rows.items():
                self._rows[key] = row.copy()  # a view would keep its whole batch alive
            while len(self._rows) > self._capacity:
                self._rows.popitem(last=False)


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
