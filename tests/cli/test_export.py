"""`labelloop export`: from a release in the ledger to a folder, and back into a real Label Studio."""

import json
from pathlib import Path

import pandas as pd
import pytest

from labelloop.stores.book import Book
from sync.api.client import LabelStudio
from tests.cli.conftest import CONFIG, Run
from tests.cli.loop import played
from tests.core.released import ROWS, TEXTS, record_release

EVERYTHING = "csv,jsonl,parquet,hf,label-studio"


def test_a_release_is_written_in_every_format(run: Run, book: Book, tmp_path: Path) -> None:
    """The card lies beside the data; a second time needs --replace, and gives the same bytes."""
    record_release(played(book, rounds=1), ROWS)
    out = tmp_path / "数据"
    done = run("export", "7", str(out), "--format", EVERYTHING)
    assert (done.status, done.err) == (0, "")
    assert "8 rows" in done.out
    files = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert set(files) == {
        "README.md",
        "data.csv",
        "data.jsonl",
        "data.parquet",
        "data/train-00000-of-00001.parquet",
        "label-studio.json",
    }
    assert pd.read_parquet(out / "data.parquet")["input_text"].tolist() == list(TEXTS)
    card = files["README.md"].decode()
    assert "# Wetter 🙂" in card
    assert "path: data/train-00000-of-00001.parquet" in card

    refused = run("export", "7", str(out))
    assert refused.status == 2
    assert "--replace" in refused.err
    again = json.loads(run("export", "7", str(out), "--format", EVERYTHING, "--replace", "--json").out)
    assert again["files"] == sorted(files)
    assert {name: (out / name).read_bytes() for name in files} == files


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("export", "7", "out"), "labelloop release 7"),
        (("export", "8", "out"), "not connected"),
        (("export", "7", "out", "--format", "xlsx"), "no format xlsx"),
    ],
)
def test_what_cannot_be_exported_is_said_so(
    run: Run, book: Book, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    """No release, no project, no such format: the user can mend it, and no folder is made."""
    played(book, rounds=1)
    refused = run(*words)
    assert refused.status == 2
    assert said in refused.err
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_a_failure_that_leaves_nothing(run: Run, book: Book, tmp_path: Path) -> None:
    """A folder that cannot be written: status 1, one line, nothing left."""
    record_release(played(book, rounds=1), ROWS)
    failed = run("export", "7", "/proc/labelloop-export")
    assert failed.status == 1
    assert failed.err.count("\n") == 1


def test_label_studio_imports_what_was_exported(run: Run, book: Book, client: LabelStudio, tmp_path: Path) -> None:
    """People's labels come back as annotations, the model's as predictions, every text as it was."""
    record_release(played(book, rounds=1), ROWS)
    assert run("export", "7", str(tmp_path / "out"), "--format", "label-studio").status == 0
    project = client.create_project("wieder da", CONFIG)
    try:
        rows = json.loads((tmp_path / "out" / "label-studio.json").read_text("utf-8"))
        kept = [row for row in rows if "\x00" not in row["data"]["text"]]  # SQLite's JSON takes it, PostgreSQL does not
        ids = client.import_tasks(project.id, kept)
        tasks = client.tasks(project.id, ids)
        assert [task.data["text"] for task in tasks] == [text for text in TEXTS if "\x00" not in text]
        people = [task for task, row in zip(tasks, kept, strict=True) if "annotations" in row]
        assert [len(task.annotations) for task in people] == [1] * len(people)
        assert not any(task.annotations[0].ground_truth for task in people)
        model = [task for task in tasks if task not in people]
        assert [[p.model_version for p in task.predictions] for task in model] == [["v1"]] * len(model)
        assert kept[0]["meta"]["labelloop"]["annotations"] == [1001, 1002]
    finally:
        client.sdk.projects.delete(project.id)
