"""A release as files: nothing is lost, the same rows give the same bytes, and the card says what is known."""

import csv
import io
import json
import random
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from labelloop.domain.release_row import ReleaseRow, Source
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Role
from labelloop.domain.values import Choice, FieldKind
from labelloop.errors import NeighbourError, NotFound, UserError
from labelloop.export.facts import read_facts
from labelloop.export.formats import Format, read_formats, release_files
from labelloop.export.release_tables import csv_file, json_lines, parquet_file, schema
from labelloop.steps.close_round import close_round
from labelloop.steps.label_distribution import label_shares
from labelloop.stores import atomic_folder as folders
from labelloop.stores.atomic_folder import write_folder
from labelloop.stores.release_files import read_release
from labelloop.stores.release_schema import RELEASE
from tests.core.ending import certified, released, with_model
from tests.core.made_up import FIELD, LABELS, Make, choices, turn
from tests.core.released import MODEL, PERSON, ROWS, TEXTS, record_release, with_values

SPANS = Field("names", FieldKind.SPANS, ("Person",), "text", ("text",))
LABEL_FORMATS = tuple(set(Format) - {Format.CONLL})
MANY = with_values(choices("good", "bad|odd"), choices(), choices("还行 🙂"))


@pytest.mark.parametrize("rows", [ROWS, MANY, []], ids=["one choice", "several choices", "no rows"])
def test_a_release_is_read_back_as_it_was(rows: list[ReleaseRow]) -> None:
    """The release's own file keeps every value, every text and every digit."""
    assert read_release(RELEASE.parquet(rows)) == rows


@pytest.mark.parametrize("writer", [partial(writer, FIELD) for writer in (csv_file, json_lines, parquet_file)])
def test_the_order_of_rows_does_not_change_the_bytes(writer: Any) -> None:
    """Chunks come back in any order; the files are the same."""
    shuffled = random.Random(1).sample(ROWS, len(ROWS))
    assert writer(shuffled) == writer(ROWS) == writer(ROWS)


def test_csv_begins_with_text_and_label_and_keeps_every_text() -> None:
    """Python's own reader gets every character back."""
    lines = list(csv.reader(io.StringIO(csv_file(FIELD, ROWS).decode(), newline="")))
    assert lines[0] == schema(FIELD).names
    assert lines[0][:2] == ["input_text", "label"]
    assert [line[0] for line in lines[1:]] == list(TEXTS)
    first = dict(zip(*lines[:2], strict=True))
    assert (first["source"], first["annotators"], first["annotations"]) == ("people", "1 2", "1001 1002")
    assert float(first["margin"]) == PERSON.margin
    many = list(csv.DictReader(io.StringIO(csv_file(FIELD, MANY).decode(), newline="")))
    assert [json.loads(row["labels"]) for row in many] == [["bad|odd", "good"], [], ["还行 🙂"]]


def test_json_lines_have_lists_and_numbers() -> None:
    """One object a line, split at line feeds only."""
    found = [json.loads(line) for line in json_lines(FIELD, ROWS + MANY[:0]).decode().removesuffix("\n").split("\n")]
    assert [row["input_text"] for row in found] == list(TEXTS)
    assert (found[0]["annotators"], found[1]["annotators"], found[0]["shown"]) == ([1, 2], [], False)
    assert [json.loads(line)["labels"] for line in json_lines(FIELD, MANY).splitlines()] == [
        ["bad|odd", "good"],
        [],
        ["还行 🙂"],
    ]


def test_parquet_has_the_same_columns_whatever_the_rows() -> None:
    """Also where nobody labelled anything, and without rows."""
    for rows in (ROWS, MANY, [MODEL], []):
        table = pq.read_table(io.BytesIO(parquet_file(FIELD, rows)))
        assert table.schema == schema(FIELD).arrow
        assert table.column("input_text").to_pylist() == [row.text for row in rows]


def test_the_card_names_every_column() -> None:
    """A column that nobody explains is of no use to whoever receives it."""
    assert all(column.meaning for column in schema(SPANS).columns)


def test_hugging_face_opens_the_folder(make: Make, tmp_path: Path) -> None:
    """`load_dataset(folder)` finds the split, the columns and every text."""
    from datasets import load_dataset

    view = make(tasks=0).view
    record_release(view, ROWS)
    folder = tmp_path / "数据 🙂"
    write_folder(folder, release_files(read_facts(*view.now()), LABEL_FORMATS), known=())
    found = load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert found["input_text"][:] == list(TEXTS)
    assert found[0]["labels"] == ["good"]
    assert found[0]["annotators"] == [1, 2]


def test_the_card_tells_the_whole_story(make: Make) -> None:
    """Shares with intervals, agreement, certificate, rounds, versions, limits; the front matter is YAML."""
    world = make()
    world.judge(world.of(Role.TRAIN)[:30])
    world.judge_audit()
    close_round(*world.view.now())
    turn(world.view)
    record_release(world.view, ROWS)
    card = release_files(read_facts(*world.view.now()), (Format.CSV,))["README.md"].decode()
    _, front, body = card.split("---\n", 2)
    about = yaml.safe_load(front)
    assert about["pretty_name"] == "made up"
    assert about["size_categories"] == ["n<1K"]
    assert about["configs"][0]["data_files"] == [{"split": "train", "path": "data.csv"}]
    for said in (
        "8 texts: 4 labelled by people, 4 by the model v1",
        "Left out for want of a settled label: 3 tasks",
        "| good | 8 | 4 | 4 | 100.0% (51.0% to 100.0%) |",
        "Certificate 1:** at most 5.0% of the labels",
        "probability of at least 95.0%",
        "on 20 MONITOR tasks",
        "People agree with each other by 100.0%",
        "Human level** (margin 0.10): ",
        "| 1 | 2026-",
        "v1 (linear)",
        "digest `abc123`",
        "for this pool of texts only",
    ):
        assert said in body, said
    assert "None" not in body
    assert "nan" not in body


def test_a_certified_release_is_exported_with_all_its_origins(make: Make) -> None:
    """From the real steps: the card has the certificate, and shares that use what the model says of every task."""
    world = with_model(make)
    certificate = certified(world, max_error=0.1)
    found = released(world)
    facts = read_facts(*world.view.now())
    assert len(facts.rows) == found.tasks
    assert facts.model_said.keys() == {row.task_id for row in facts.rows}
    files = release_files(facts, LABEL_FORMATS)
    card = files["README.md"].decode()
    assert "at most 10.0% of the labels" in card
    assert f"on {certificate.n} tasks drawn at random after v1 was frozen" in card
    assert f"{found.by_model} by the model v1" in card
    for row in facts.rows:
        assert row.annotations if row.source is Source.PEOPLE else row.model_digest


def test_the_card_says_what_is_missing(make: Make) -> None:
    """Nothing measured, nothing promised, and no word of it left out."""
    view = make(tasks=0).view
    record_release(view, [MODEL], granted=False)
    card = release_files(read_facts(*view.now()), (Format.CSV,))["README.md"].decode()
    for said in ("not granted: enough", "Agreement:** not measured", "No random sample", "No certificate covers"):
        assert said in card, said


def test_a_title_cannot_break_the_card(make: Make) -> None:
    """Quotes, colons, line ends and bars in names stay names."""
    view = make(tasks=0).view
    record_release(view, with_values(Choice("a|b")))
    facts = read_facts(*view.now())
    object.__setattr__(facts, "title", 'x: "y"\n---\n# 🙂')
    _, front, body = release_files(facts, (Format.CSV,))["README.md"].decode().split("---\n", 2)
    assert yaml.safe_load(front)["pretty_name"] == 'x: "y" --- # 🙂'
    assert "| a\\|b | 1 | 0 | 1 | - |" in body


def test_shares_come_from_the_random_sample_only() -> None:
    """What a strategy chose, and what the model said, tells nothing of the pool's shares."""
    good, bad, _ = label_shares(ROWS, LABELS, {})
    assert (good.by_people, good.by_model) == (4, 4)
    assert good.estimate is not None
    assert bad.estimate is not None
    assert (good.estimate.share, bad.estimate.share) == (1.0, 0.0)
    assert bad.estimate.interval.high < 0.5
    assert label_shares([MODEL], LABELS, {})[0].estimate is None


def test_the_models_answers_sharpen_the_shares() -> None:
    """With them on every row the estimate moves towards the rows nobody judged, and the interval shrinks."""
    rows = [
        replace(PERSON if n < 60 else MODEL, task_id=n, value=Choice("good" if n % 3 else "bad")) for n in range(1, 600)
    ]
    said = {row.task_id: row.value for row in rows}
    alone, sharp = (label_shares(rows, LABELS, known)[0].estimate for known in ({}, said))
    assert alone is not None
    assert sharp is not None
    assert (alone.weight, sharp.weight > 0) == (0.0, True)
    assert sharp.interval.high - sharp.interval.low < alone.interval.high - alone.interval.low
    assert sharp.interval.low < 2 / 3 < sharp.interval.high


def test_without_a_release_the_next_command_is_named(make: Make) -> None:
    """There is nothing to export before it."""
    with pytest.raises(NotFound, match="labelloop release 7"):
        read_facts(*make(tasks=0).view.now())


@pytest.mark.parametrize("text", ["xlsx", "csv,xlsx", "", " , "])
def test_an_unknown_format_is_refused(text: str) -> None:
    """The message names the formats there are."""
    with pytest.raises(UserError, match="csv, jsonl, parquet, hf, label-studio, conll"):
        read_formats(text)


def test_a_folder_is_written_as_a_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up leaves the old export as it was, and nothing half-written."""
    folder = tmp_path / "out"
    known = ("a.txt", "data/b.txt")
    write_folder(folder, {"a.txt": b"old"}, known=known)

    def full(path: Path, content: bytes) -> None:
        if path.name == "b.txt":
            raise OSError(28, "No space left on device")
        path.write_bytes(content)

    monkeypatch.setattr(folders, "_write", full)
    with pytest.raises(NeighbourError, match="No space left on device"):
        write_folder(folder, {"a.txt": b"new", "data/b.txt": b"new"}, known=known, replace=True)
    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))] == ["out", "out/a.txt"]
    assert (folder / "a.txt").read_bytes() == b"old"


def test_a_place_that_cannot_be_written_is_a_neighbours_fault() -> None:
    """Said plainly, whatever the system calls it."""
    with pytest.raises(NeighbourError, match="Cannot write to"):
        write_folder(Path("/proc/labelloop-export"), {"a": b""}, known=())


def test_only_an_earlier_export_is_replaced(tmp_path: Path) -> None:
    """Not without being asked, not where other files lie, not a file."""
    folder = tmp_path / "out"
    folder.mkdir()
    write_folder(folder, {"a.txt": b"1", "data/b.txt": b"1"}, known=())
    with pytest.raises(UserError, match="--replace"):
        write_folder(folder, {"a.txt": b"2"}, known=("a.txt", "data/b.txt"))
    write_folder(folder, {"a.txt": b"2"}, known=("a.txt", "data/b.txt"), replace=True)
    assert [path.name for path in folder.rglob("*")] == ["a.txt"]
    (folder / "thesis.tex").write_text("mine")
    with pytest.raises(UserError, match=r"thesis\.tex"):
        write_folder(folder, {"a.txt": b"3"}, known=("a.txt",), replace=True)
    with pytest.raises(UserError, match="name a folder"):
        write_folder(folder / "a.txt", {"a.txt": b"3"}, known=("a.txt",), replace=True)
    assert (folder / "a.txt").read_bytes() == b"2"
