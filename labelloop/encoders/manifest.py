"""What an exported encoder's folder says of itself: `encoder.json`."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from labelloop.errors import BrokenPromise

FILES = ("model.onnx", "tokenizer.json")
MANIFEST = "encoder.json"
RECIPE = 1
"""Raised whenever the export changes the vectors, so that old exports are neither reused nor mixed with new ones."""

READING = 1
"""Raised whenever the vector of a text that is read in windows changes."""

Pooling = Literal["mean", "cls"]
Engine = Literal["onnx-int8", "onnx-fp32"]


@dataclass(frozen=True, slots=True)
class EncoderManifest:
    """How texts become vectors, and the SHA-256 (hex) of everything that takes part in it.

    `source_sha256` covers the source's weights, configuration and tokenizer, `files` names the exported files with
    their own. A text is read in at most so many `windows`.
    """

    source: str
    source_sha256: str
    engine: Engine
    pooling: Pooling
    max_tokens: int
    prefix: str
    dimensions: int
    pad_id: int
    files: dict[str, str]
    recipe: int = RECIPE
    windows: int = 1

    @property
    def digest(self) -> str:
        """Return a SHA-256 (hex) of all that decides the vectors.

        It rests on the source's files rather than on the exported ones, which differ in bytes but not in meaning from
        one release of torch to the next: a deleted cache must not orphan every model.
        """
        parts = (self.source_sha256, self.engine, self.pooling, self.max_tokens, self.prefix, self.recipe)
        reading = () if self.windows == 1 else (READING, self.windows)
        return hashlib.sha256(json.dumps(parts + reading).encode()).hexdigest()

    def write(self, directory: Path) -> None:
        """Write `encoder.json` into the folder."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=2, sort_keys=True)
        (directory / MANIFEST).write_text(text + "\n", "utf-8")


def read_manifest(directory: Path) -> EncoderManifest:
    """Read `encoder.json` and check the files beside it; raises BrokenPromise if anything is missing or damaged."""
    try:
        manifest = EncoderManifest(**json.loads((directory / MANIFEST).read_text("utf-8")))
        damaged = [name for name in FILES if manifest.files[name] != sha256_of(directory / name)]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BrokenPromise(
            f"{directory} is not a complete encoder ({error}): delete it, it will be created again."
        ) from error
    if damaged:
        raise BrokenPromise(
            f"{', '.join(damaged)} in {directory} is damaged: delete the folder, it will be created again."
        )
    return manifest


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 (hex)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
