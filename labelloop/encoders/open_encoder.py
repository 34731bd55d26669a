"""From the settings to an encoder that is ready, exported once for all processes that share the data folder."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from labelloop.encoders.encoder import OnnxEncoder
from labelloop.encoders.encoder_source import own_prefix
from labelloop.encoders.encoder_spec import EncoderSpec
from labelloop.encoders.manifest import MANIFEST, RECIPE
from labelloop.encoders.names import BUNDLED
from labelloop.encoders.vectors import CachedEncoder
from labelloop.errors import BrokenPromise, NeighbourError
from labelloop.extras import missing_extras_reported
from labelloop.file_lock import file_lock

_log = structlog.get_logger()


class EncoderSettings(Protocol):
    """The settings that name an encoder."""

    @property
    def encoder(self) -> str:
        """Return a package's name, a folder or a Hugging Face id; empty: the bundled one."""

    @property
    def encoder_max_tokens(self) -> int:
        """Return how many tokens are read at once."""

    @property
    def encoder_prefix(self) -> str:
        """Return what is put before every text; empty: what the encoder wants."""

    @property
    def encoder_windows(self) -> int:
        """Return in how many windows longer texts are read; with 1 their beginning is."""

    @property
    def cache_dir(self) -> Path:
        """Return the folder below which it is exported and vectors are kept."""


@dataclass(frozen=True, slots=True)
class NamedEncoder:
    """Implements EncoderSettings for an encoder that a record names."""

    spec: EncoderSpec
    cache_dir: Path

    @property
    def encoder(self) -> str:
        """Return where it comes from."""
        return self.spec.source

    @property
    def encoder_max_tokens(self) -> int:
        """Return how many tokens are read at once."""
        return self.spec.max_tokens

    @property
    def encoder_prefix(self) -> str:
        """Return what is put before every text; empty: what the encoder wants."""
        return self.spec.prefix

    @property
    def encoder_windows(self) -> int:
        """Return in how many windows longer texts are read; with 1 their beginning is."""
        return self.spec.windows


def load_encoder(settings: EncoderSettings, *, may_export: bool = True) -> CachedEncoder:
    """Return the encoder of the settings, exporting it first if no process has done so yet.

    Only the export needs torch; with `may_export=False` it is left to another process, and NeighbourError is raised
    until it is done. A damaged export is made anew. A folder whose weights were exchanged is not noticed: give the new
    weights a new path. Raises UserError if the encoder cannot be used, NeighbourError if it cannot be fetched.
    """
    directory = export_directory(settings)
    try:
        if (directory / MANIFEST).is_file():
            return _cached(directory, settings)
    except BrokenPromise as error:
        _log.warning("encoder_damaged", reason=str(error))
    if not may_export:
        raise NeighbourError(f"The encoder {_source(settings)} is not prepared yet; a worker does that: start one.")
    with file_lock(directory.with_suffix(".lock")):
        _export_unless_done(settings, directory)
    return _cached(directory, settings)


def open_encoder(directory: Path, windows: int | None = None) -> OnnxEncoder:
    """Return the encoder exported into the folder; raises BrokenPromise if it is incomplete or damaged."""
    return OnnxEncoder(directory, windows)


def export_directory(settings: EncoderSettings) -> Path:
    """Return where the encoder of the settings is, or will be, exported."""
    parts = (_source(settings), settings.encoder_max_tokens, _prefix(settings), RECIPE)
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
    return settings.cache_dir / "encoders" / key


def _prefix(settings: EncoderSettings) -> str:
    return settings.encoder_prefix or own_prefix(_source(settings))


def _source(settings: EncoderSettings) -> str:
    return settings.encoder or BUNDLED


def _cached(directory: Path, settings: EncoderSettings) -> CachedEncoder:
    return CachedEncoder(open_encoder(directory, settings.encoder_windows), settings.cache_dir)


def _export_unless_done(settings: EncoderSettings, directory: Path) -> None:
    try:
        open_encoder(directory)  # another process may have made it while this one waited
    except BrokenPromise:
        shutil.rmtree(directory, ignore_errors=True)
    else:
        return
    from labelloop.encoders.onnx_export import export

    with missing_extras_reported():
        export(_source(settings), directory, max_tokens=settings.encoder_max_tokens, prefix=_prefix(settings))
    _log.info("encoder_exported", source=_source(settings), directory=str(directory))
