"""From the settings to an encoder that is ready, exported once for all processes that share the data folder."""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from labelloop.encoders.encoder import OnnxEncoder
from labelloop.encoders.manifest import MANIFEST, RECIPE
from labelloop.encoders.source import own_prefix
from labelloop.encoders.vectors import CachedEncoder
from labelloop.errors import BrokenPromise, NeighbourError, UserError
from labelloop.settings import Settings

_log = structlog.get_logger()


def load_encoder(settings: Settings, *, may_export: bool = True) -> CachedEncoder:
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
        raise NeighbourError(f"The encoder {settings.encoder} is not prepared yet; a worker does that: start one.")
    with _locked(directory.with_suffix(".lock")):
        _export_unless_done(settings, directory)
    return _cached(directory, settings)


def open_encoder(directory: Path) -> OnnxEncoder:
    """Return the encoder exported into the folder; raises BrokenPromise if it is incomplete or damaged."""
    return OnnxEncoder(directory)


def export_directory(settings: Settings) -> Path:
    """Return where the encoder of the settings is, or will be, exported."""
    parts = (settings.encoder, settings.encoder_max_tokens, _prefix(settings), RECIPE)
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
    return settings.cache_dir / "encoders" / key


def _prefix(settings: Settings) -> str:
    return settings.encoder_prefix or own_prefix(settings.encoder)


def _cached(directory: Path, settings: Settings) -> CachedEncoder:
    return CachedEncoder(open_encoder(directory), settings.cache_dir)


def _export_unless_done(settings: Settings, directory: Path) -> None:
    try:
        open_encoder(directory)  # another process may have made it while this one waited
    except BrokenPromise:
        shutil.rmtree(directory, ignore_errors=True)
    else:
        return
    try:
        from labelloop.encoders.export import export

        export(settings.encoder, directory, max_tokens=settings.encoder_max_tokens, prefix=_prefix(settings))
    except ImportError as error:
        raise UserError(
            f"Preparing the encoder {settings.encoder} needs torch and transformers ({error.name} is missing): "
            "install them, or let a worker that has them prepare it."
        ) from error
    _log.info("encoder_exported", source=settings.encoder, directory=str(directory))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # let go when the file is closed, also by a process that dies
        yield
