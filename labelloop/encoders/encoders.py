"""Several encoders side by side in one process: each project and each model version has its own."""

import json
from collections.abc import Callable
from pathlib import Path
from threading import Lock

import structlog

from labelloop.encoders.base import Encode
from labelloop.encoders.encoder_spec import EncoderSpec
from labelloop.encoders.manifest import MANIFEST, EncoderManifest

_log = structlog.get_logger()


class Encoders:
    """The encoders that this process has opened: each when it is first needed; then it stays open.

    `cache_dir` is the folder below which exported ones lie. May be used from several threads at once.
    """

    def __init__(self, open_one: Callable[[EncoderSpec], Encode], cache_dir: Path | None = None) -> None:
        self._open, self._cache_dir = open_one, cache_dir
        self._opened: dict[EncoderSpec, Encode] = {}
        self._lock = Lock()

    def named(self, name: str) -> Encode:
        """Return the encoder that a record names (`EncoderSpec`); raises as `load_encoder` does."""
        spec = EncoderSpec.read(name)
        with self._lock:
            if spec not in self._opened:
                self._opened[spec] = self._open(spec)
            return self._opened[spec]

    def with_digest(self, digest: str) -> Encode | None:
        """Return the encoder of that digest if it was exported here once, however it was called; None if not."""
        exported = self._cache_dir / "encoders" if self._cache_dir else None
        for path in sorted(exported.glob(f"*/{MANIFEST}")) if exported else []:
            try:
                found = EncoderManifest(**json.loads(path.read_text("utf-8")))
            except (OSError, ValueError, TypeError):
                continue
            if found.digest == digest:
                _log.info("encoder_found_by_digest", source=found.source, digest=digest[:16])
                return self.named(str(EncoderSpec(found.source, found.max_tokens, found.prefix)))
        return None
