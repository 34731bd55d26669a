"""What a task was imported with comes out of every export and, on wish, of a round's files, as it was."""

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pyarrow.parquet as pq
import pytest

from labelloop.domain.own_columns import own_json
from labelloop.domain.tasks import Role, Task, TaskState
from labelloop.export.release_tables import csv_file, json_lines, parquet_file
from labelloop.rules import Rules
from labelloop.steps.close_round import close_round
from labelloop.steps.people_release import write_people_release
from labelloop.stores.release_files import RELEASE_FILE, read_release
from labelloop.stores.release_schema import RELEASE
from sync.label_studio_export import label_studio_json
from tests.core.made_up import FIELD, Make, text
from tests.core.released import ROWS

DATA: tuple[dict[str, Any], ...] = (
    {"text": "a", "id": 7, "source": "表格|1", "tags": ["x", {"y": None}], "mixed": 1, "ok": True, "huge": 2**70},
    {"text": "b\x00\r\n", "id": 8, "source": 'q"uote', "mixed": "1", "ok": False, "lone": "\ud83d", "none": None},
)
META = ({"by": "教师", "nested": {"page": 3}}, None)
OWN = [replace(row, own=own_json(*given)) for row, given in zip(ROWS, zip(DATA, META, strict=True), strict=False)]


def test_a_release_keeps_every_key_and_value() -> None:
    """Read back from its file, whatever was in it."""
    rows = read_release(RELEASE.parquet(OWN))
    assert rows == OWN
    assert [json.loads(row.own)["data"] for row in rows] == list(DATA)


def test_csv_has_a_column_for_each_key() -> None:
    """Strings as they are, anything else as JSON; nothing where a task lacks the key."""
    shown = [replace(OWN[0]), replace(OWN[1], own=own_json({**DATA[1], "lone": ""}, None))]
    first, second = csv.DictReader(io.StringIO(csv_file(FIELD, shown).decode(), newline=""))
    assert (first["data.source"], first["data.id"], first["data.ok"]) == ("表格|1", "7", "true")
    assert json.loads(first["data.tags"]) == ["x", {"y": None}]
    assert json.loads(first["data.huge"]) == 2**70
    assert json.loads(first["meta.nested"]) == {"page": 3}
    assert (first["meta.by"], second["meta.by"]) == ("教师", "")
    assert (second["data.text"], second["data.source"], second["data.none"]) == ("b\x00\r\n", 'q"uote', "null")


def test_json_has_them_as_they_were() -> None:
    """In JSON Lines and in Label Studio's own format."""
    lines = [json.loads(line) for line in json_lines(FIELD, OWN[:1]).splitlines()]
    assert (lines[0]["data"], lines[0]["meta"]) == (DATA[0], META[0])
    task = json.loads(label_studio_json(FIELD, OWN[:1]))[0]
    assert task["data"] == DATA[0]
    assert task["meta"].keys() == {"by", "nested", "labelloop"}
    assert task["meta"]["nested"] == {"page": 3}


def test_parquet_keeps_types_where_a_column_has_one() -> None:
    """Numbers and booleans are none of text; what is mixed or nested is JSON."""
    shown = [OWN[0], replace(OWN[1], own=own_json({**DATA[1], "lone": ""}, None))]
    table = pq.read_table(io.BytesIO(parquet_file(FIELD, shown)))
    types = {name: str(table.schema.field(name).type) for name in table.schema.names if "." in name}
    assert (types["data.id"], types["data.ok"], types["data.mixed"]) == ("int64", "bool", "string")
    columns = table.to_pydict()
    assert columns["data.mixed"] == ["1", "1"]
    assert json.loads(columns["data.tags"][0]) == ["x", {"y": None}]
    assert columns["data.tags"][1] is None


@pytest.mark.slow
def test_they_come_from_the_mirror_and_into_a_round_on_wish(make: Make) -> None:
    """A round has them if the rule says so, a release always."""
    world = make(Rules(round_size=5, monitor_size=5, own_columns=True), tasks=0)
    own = {n: own_json({"text": text(n), "row": n}, {"from": "a.csv"}) for n in range(1, 41)}
    world.add(range(1, 41))
    world.states = {n: TaskState(Task(n, text(n)), (), world.clock, own=own[n]) for n in own}
    world.view.mirror.put(list(world.states.values()))
    world.judge(world.of(Role.TRAIN)[:10])
    closed = close_round(*world.view.now())
    assert closed is not None
    content = world.book.artifacts.read(closed.artifact, "training_set.csv").decode()
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert all(row["data.row"] == row["task_id"] and row["meta.from"] == "a.csv" for row in rows)
    found = write_people_release(*world.view.now())
    released = read_release(world.book.artifacts.read(found.artifact, RELEASE_FILE))
    assert [row.own for row in released] == [own[row.task_id] for row in released]
