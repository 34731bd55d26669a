"""The artifact store: write-once folders of files, each with a manifest that names their SHA-256."""

import glob
import hashlib
import json
import os
import platform
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from labelloop.domain.records import Record
from labelloop.errors import BrokenPromise, NeighbourError
from labelloop.extras import missing_extras_reported

MANIFEST = "manifest.json"
FORMAT = 1


class Artifacts:
    """Artifacts below one root: a folder, or any URL that fsspec understands (`s3://bucket/labelloop`)."""

    def __init__(self, root: str) -> None:
        with missing_extras_reported():
            self.fs, self.root = fsspec.core.url_to_fs(root)

    def write(self, record: Record, name: str, files: Mapping[str, bytes] | Path, parents: tuple[str, ...] = ()) -> str:
        """Store the files (contents by name, or a folder) with the record they belong to; return the artifact's name.

        The name ends in a digest of the manifest. The files are moved to their place first, the manifest last: it makes
        the artifact visible. Raises NeighbourError if the store is full or cannot be reached.
        """
        contents = files if isinstance(files, Mapping) else _read_folder(files)
        manifest = {
            "format": FORMAT,
            "kind": type(record).__name__,
            "record": _content(record),
            "files": {file: hashlib.sha256(content).hexdigest() for file, content in sorted(contents.items())},
            "parents": list(parents),
            "made_with": _made_with(),
        }
        text = json.dumps(manifest, indent=1, ensure_ascii=False, default=_plain).encode()
        artifact = f"project-{record.project_id}/{name}-{hashlib.sha256(text).hexdigest()[:12]}"
        try:
            self._put(artifact, {**contents, MANIFEST: text})
        except OSError as error:
            raise NeighbourError(
                f"Cannot write to the artifact store {self.root}: {error}. Is the disk full? Nothing was lost: "
                "the same step runs again once there is room."
            ) from error
        return artifact

    def _put(self, artifact: str, contents: Mapping[str, bytes]) -> None:
        final = f"{self.root}/{artifact}"
        if self.fs.exists(f"{final}/{MANIFEST}"):
            return
        waiting = f"{self.root}/.waiting/{uuid.uuid4().hex}"
        try:
            for file, content in contents.items():
                path = f"{waiting}/{file}"
                self.fs.makedirs(path.rpartition("/")[0], exist_ok=True)
                self.fs.pipe_file(path, content)
                self._sync(path)
            for file in contents:
                path = f"{final}/{file}"
                self.fs.makedirs(path.rpartition("/")[0], exist_ok=True)
                self.fs.mv(f"{waiting}/{file}", path)
            self._sync(final)
        finally:
            if self.fs.exists(waiting):
                self.fs.rm(waiting, recursive=True)

    def _sync(self, path: str) -> None:
        # On a disk of ours, a power cut must not leave a named but empty file; other stores see to it themselves.
        if isinstance(self.fs, LocalFileSystem):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def manifest(self, artifact: str) -> dict[str, Any]:
        """Return an artifact's manifest; raises BrokenPromise if it is damaged, missing or names files outside it."""
        content = self._content(artifact, MANIFEST)
        if not artifact.endswith(hashlib.sha256(content).hexdigest()[:12]):
            raise BrokenPromise(f"{artifact}/{MANIFEST} is damaged (its digest differs): restore it from a backup.")
        found: dict[str, Any] = json.loads(content)
        if outside := [file for file in found["files"] if not _is_inside(file)]:
            raise BrokenPromise(f"{artifact}/{MANIFEST} names a file outside its folder ({outside[0]!r}): restore it.")
        return found

    def read(self, artifact: str, file: str) -> bytes:
        """Return one file's content after checking its digest; raises BrokenPromise if it is damaged or missing."""
        return self._checked(artifact, file, self.manifest(artifact)["files"].get(file))

    def files(self, artifact: str) -> Iterator[tuple[str, bytes]]:
        """Yield every file's name and checked content; raises BrokenPromise at one that is damaged or missing."""
        for file, digest in self.manifest(artifact)["files"].items():
            yield file, self._checked(artifact, file, digest)

    def _checked(self, artifact: str, file: str, digest: str | None) -> bytes:
        content = self._content(artifact, file)
        if hashlib.sha256(content).hexdigest() != digest:
            raise BrokenPromise(f"{artifact}/{file} is damaged (its digest differs): restore it from a backup.")
        return content

    def _content(self, artifact: str, file: str) -> bytes:
        try:
            content: bytes = self.fs.cat_file(f"{self.root}/{artifact}/{file}")
        except FileNotFoundError as error:
            raise BrokenPromise(f"{artifact}/{file} is missing below {self.root}: restore it.") from error
        except OSError as error:
            raise NeighbourError(f"Cannot read the artifact store {self.root}: {error}. Try again later.") from error
        return content

    @contextmanager
    def folder(self, artifact: str) -> Iterator[Path]:
        """Give a local copy of the artifact's checked files while the block runs."""
        local = Path(tempfile.mkdtemp(prefix="labelloop-"))
        try:
            for file, content in self.files(artifact):
                (local / file).parent.mkdir(parents=True, exist_ok=True)
                (local / file).write_bytes(content)
            yield local
        finally:
            shutil.rmtree(local, ignore_errors=True)

    def names(self) -> list[str]:
        """Return the names of all complete artifacts, sorted."""
        found = self.fs.glob(f"{glob.escape(self.root)}/project-*/*/{MANIFEST}")
        start = len(self.root.rstrip("/")) + 1
        return sorted(path[start:].removesuffix(f"/{MANIFEST}") for path in found)

    def size(self, artifact: str) -> int:
        """Return how many bytes an artifact's files take; raises OSError where the store cannot be reached."""
        found = self.fs.find(f"{self.root}/{artifact}", detail=True)
        return sum(int(one["size"] or 0) for one in found.values())

    def path(self, artifact: str) -> str:
        """Return where people find an artifact's files."""
        return f"{self.root}/{artifact}"

    def delete(self, artifact: str) -> None:
        """Delete an artifact that no ledger row names."""
        self.fs.rm(f"{self.root}/{artifact}", recursive=True)

    def unfinished(self) -> list[str]:
        """Return the paths of what interrupted writers left behind."""
        waiting = f"{self.root}/.waiting"
        begun = self.fs.ls(waiting, detail=False) if self.fs.exists(waiting) else []
        complete = {self.path(artifact) for artifact in self.names()}
        moved = self.fs.glob(f"{glob.escape(self.root)}/project-*/*")
        return [*begun, *(path for path in moved if path not in complete)]


def _is_inside(file: str) -> bool:
    """Return whether a file of a manifest stays in its folder: whoever can write to the store must not write beyond."""
    return not file.startswith("/") and "\\" not in file and ".." not in file.split("/")


def _read_folder(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _content(record: Record) -> dict[str, Any]:
    # A project with one field does not name it: its manifests are those of versions that knew of no other.
    content = asdict(record)
    return {key: value for key, value in content.items() if key != "artifact" and (key, value) != ("field", "")}


def _made_with() -> dict[str, str]:
    libraries = ("labelloop", "numpy", "scikit-learn", "onnxruntime", "pyarrow")
    return {"python": platform.python_version(), **{name: version(name) for name in libraries}}


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
