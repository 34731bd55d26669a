"""The file with the demo's texts is fetched once and checked."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from labelloop.errors import NeighbourError, UserError
from workers.demo.published_file import PublishedFile

FILE = PublishedFile("some-texts", "2.5", "some_texts-2.5.tar.gz", hashlib.sha256(b"texts").hexdigest())


def test_another_file_than_the_published_one_is_refused(tmp_path: Path) -> None:
    """A damaged download is never read."""
    (tmp_path / FILE.name).write_bytes(b"half of the te")

    with pytest.raises(UserError, match="delete it"):
        FILE.fetch(tmp_path)


def test_a_file_put_there_by_hand_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the file in the folder no network is needed."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (tmp_path / FILE.name).write_bytes(b"texts")

    assert FILE.fetch(tmp_path).read_bytes() == b"texts"


@pytest.mark.parametrize("name", [FILE.name, "some_texts-2.5-py3-none-any.whl"])
def test_without_an_index_the_user_is_told_what_to_do(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No network: the error names the file to fetch and where to put it, and nothing half done stays behind."""
    for variable, value in {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}.items():
        monkeypatch.setenv(variable, value)

    with pytest.raises(NeighbourError, match=rf"put {name} \(of some-texts 2\.5\) into"):
        replace(FILE, name=name).fetch(tmp_path)

    assert list(tmp_path.iterdir()) == []
