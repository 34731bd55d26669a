"""A folder of files that appears as a whole or not at all."""

import os
import shutil
import uuid
from collections.abc import Collection, Mapping
from pathlib import Path

from labelloop.errors import NeighbourError, UserError


def write_folder(folder: Path, files: Mapping[str, bytes], *, known: Collection[str], replace: bool = False) -> None:
    """Write the files into a folder that does not exist yet or is empty.

    With `replace` a folder that holds nothing but `known` files is replaced by the new ones as a whole. Raises
    UserError where the folder is taken, NeighbourError where it cannot be written; the old content then stays.
    """
    folder = folder.resolve()
    _check(folder, set(known), replace=replace)
    waiting = _beside(folder)
    try:
        waiting.mkdir(parents=True)
        for name, content in files.items():
            _write(waiting / name, content)
        _swap(waiting, folder)
    except OSError as error:
        raise NeighbourError(
            f"Cannot write to {folder}: {error.strerror or error}. Is the disk full, or the folder not yours? "
            "Nothing was left behind: make room, or name another folder."
        ) from error
    finally:
        shutil.rmtree(waiting, ignore_errors=True)


def _check(folder: Path, known: set[str], *, replace: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file: name a folder.")
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
    if found and not replace:
        raise UserError(f"{folder} is not empty: name another folder, or add --replace to replace an earlier export.")
    if strange := sorted(found - known):
        raise UserError(f"{folder} holds {strange[0]}, which is not from an export: it is not replaced. Name another.")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _swap(new: Path, folder: Path) -> None:
    if not folder.exists():
        new.rename(folder)
        return
    old = _beside(folder)
    folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _beside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}-{uuid.uuid4().hex}")
