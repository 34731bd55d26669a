"""The artifact store: written once, checked on reading, never half visible, on a disk and elsewhere alike."""

import errno
import hashlib
import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from labelloop.domain.records import Deployment
from labelloop.errors import BrokenPromise, NeighbourError
from labelloop.stores.artifacts import MANIFEST, Artifacts

RECORD = Deployment(3, "v1", "because 很好", created_at=datetime(2026, 11, 22, 12, tzinfo=UTC))
FILES = {"model/head.json": b"{}", "rows.csv": "好\n".encode(), "z.bin": bytes(range(256))}


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Artifacts:
    """A store on a disk, in a folder with an awkward name, or in fsspec's memory."""
    return Artifacts(str(tmp_path / "数据 [1]") if request.param == "disk" else f"memory://{uuid.uuid4().hex}/store")


def test_an_artifact_is_read_back_with_its_manifest(store: Artifacts) -> None:
    """Files, record, parents and library versions are all there, and people are told where."""
    name = store.write(RECORD, "deployment-1", FILES, parents=("project-3/model-1",))
    manifest = store.manifest(name)
    assert name.startswith("project-3/deployment-1-")
    assert {file: store.read(name, file) for file in FILES} == FILES
    assert (manifest["format"], manifest["kind"], manifest["parents"]) == (1, "Deployment", ["project-3/model-1"])
    assert manifest["record"] == {
        "project_id": 3,
        "version": "v1",
        "reason": "because 很好",
        "created_at": "2026-11-22T12:00:00+00:00",
        "rolled_back": False,
        "pinned": False,
    }
    assert {"python", "labelloop", "numpy"} <= manifest["made_with"].keys()
    assert store.names() == [name]
    assert store.unfinished() == []
    assert store.fs.exists(store.path(name))


def test_the_same_content_has_the_same_name_and_is_written_once(
    store: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writing again is harmless and writes nothing; other content has another name."""
    name = store.write(RECORD, "x", FILES)
    with monkeypatch.context() as patched:
        patched.setattr(store.fs, "pipe_file", _never)
        assert store.write(RECORD, "x", dict(reversed(FILES.items()))) == name
    other = store.write(RECORD, "x", {**FILES, "rows.csv": b"other"})
    assert store.names() == sorted([name, other])


def test_a_folder_is_stored_like_its_files(store: Artifacts, tmp_path: Path) -> None:
    """A model's folder, subfolders included, comes back as a local folder that vanishes afterwards."""
    source = tmp_path / "source"
    for file, content in FILES.items():
        (source / file).parent.mkdir(parents=True, exist_ok=True)
        (source / file).write_bytes(content)
    name = store.write(RECORD, "x", source)
    assert name == store.write(RECORD, "x", FILES)
    with store.folder(name) as local:
        found = {str(p.relative_to(local)): p.read_bytes() for p in local.rglob("*") if p.is_file()}
    assert found == FILES
    assert not local.exists()


@pytest.mark.parametrize("file", [MANIFEST, "rows.csv"])
@pytest.mark.parametrize("damage", [b"", b"{}", None], ids=["emptied", "changed", "deleted"])
def test_a_damaged_or_missing_file_is_a_broken_promise(store: Artifacts, file: str, damage: bytes | None) -> None:
    """Nothing is read that differs from what was written; the message names the file."""
    name = store.write(RECORD, "x", FILES)
    if damage is None:
        store.fs.rm(f"{store.path(name)}/{file}")
    else:
        store.fs.pipe_file(f"{store.path(name)}/{file}", damage)
    with pytest.raises(BrokenPromise, match=file):
        store.read(name, "rows.csv")
    with pytest.raises(BrokenPromise, match="restore it"), store.folder(name):
        pass


@pytest.mark.parametrize("file", ["../outside", "/tmp/outside", "model/../../outside", "..\\outside"])
def test_a_manifest_that_names_a_file_outside_its_folder_is_refused(store: Artifacts, file: str) -> None:
    """Whoever can write to the store must not make a worker write anywhere else on its disk."""
    manifest = json.dumps({"files": {file: hashlib.sha256(b"").hexdigest()}}).encode()
    artifact = f"project-3/crafted-{hashlib.sha256(manifest).hexdigest()[:12]}"
    store.fs.makedirs(f"{store.root}/{artifact}")
    store.fs.pipe_file(f"{store.root}/{artifact}/{MANIFEST}", manifest)

    with pytest.raises(BrokenPromise, match="outside its folder"), store.folder(artifact):
        pass


def test_a_file_that_was_never_written_is_a_broken_promise(store: Artifacts) -> None:
    """An artifact has the files of its manifest and no others."""
    name = store.write(RECORD, "x", {})
    with pytest.raises(BrokenPromise, match="missing"):
        store.read(name, "rows.csv")
    store.fs.pipe_file(f"{store.path(name)}/rows.csv", b"smuggled in")
    with pytest.raises(BrokenPromise, match="damaged"):
        store.read(name, "rows.csv")


@pytest.mark.parametrize("fails_at", ["model/head.json", "z.bin", MANIFEST])
def test_a_full_disk_leaves_nothing_visible(store: Artifacts, monkeypatch: pytest.MonkeyPatch, fails_at: str) -> None:
    """The step may be run again once there is room; until then there is no artifact and no left-over."""
    write = store.fs.pipe_file

    def full(path: str, value: bytes, **options: Any) -> None:
        if path.endswith(fails_at):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, value, **options)

    with monkeypatch.context() as patched:
        patched.setattr(store.fs, "pipe_file", full)
        with pytest.raises(NeighbourError, match="No space left on device"):
            store.write(RECORD, "x", FILES)
    assert store.names() == []
    assert store.unfinished() == []
    assert store.read(store.write(RECORD, "x", FILES), "z.bin") == FILES["z.bin"]


@pytest.mark.parametrize("moved", [0, 1, 3])
def test_a_writer_killed_before_the_manifest_stands_leaves_no_artifact(
    store: Artifacts, monkeypatch: pytest.MonkeyPatch, moved: int
) -> None:
    """What it left is listed as unfinished, can be written over, and the manifest arrives last."""

    class Killed(BaseException):
        pass

    count, move = 0, store.fs.mv

    def killed(*paths: str, **options: Any) -> None:
        nonlocal count
        if count == moved:
            raise Killed
        count += 1
        move(*paths, **options)

    with monkeypatch.context() as patched:
        patched.setattr(store.fs, "mv", killed)
        patched.setattr(store.fs, "rm", _never)
        with pytest.raises((Killed, AssertionError)):
            store.write(RECORD, "x", FILES)
    assert store.names() == []
    assert store.unfinished()
    name = store.write(RECORD, "x", FILES)
    assert store.names() == [name]
    assert {file: store.read(name, file) for file in FILES} == FILES
    for path in store.unfinished():
        store.fs.rm(path, recursive=True)
    assert store.unfinished() == []


def test_a_store_that_cannot_be_read_is_a_neighbour_that_failed(
    store: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused or broken connection is no damage: the same reading may succeed later."""
    name = store.write(RECORD, "x", FILES)

    def away(_: str) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(store.fs, "cat_file", away)
    with pytest.raises(NeighbourError, match="Try again later"):
        store.read(name, "rows.csv")


def test_a_deleted_artifact_is_gone(store: Artifacts) -> None:
    """Only the named one goes."""
    one, other = store.write(RECORD, "one", FILES), store.write(RECORD, "other", FILES)
    store.delete(one)
    assert store.names() == [other]


def test_an_empty_store_has_no_artifacts(store: Artifacts) -> None:
    """Before the first write there is nothing, and no error."""
    assert store.names() == []
    assert store.unfinished() == []


def test_the_manifest_is_readable_by_people(store: Artifacts) -> None:
    """Chinese stands in it as it is."""
    name = store.write(RECORD, "x", {})
    content = store.fs.cat_file(f"{store.path(name)}/{MANIFEST}").decode()
    assert "很好" in content
    assert json.loads(content) == store.manifest(name)


def _never(*_: object, **__: object) -> None:
    raise AssertionError("nothing may be written here")
