"""Whole loops on a real Label Studio over what it stores oddly, and over a very large taxonomy."""

import csv
import json
import operator
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from sync.api.client import LabelStudio
from sync.api.json_shapes import Row
from sync.codecs.region_codec import from_regions
from sync.config.label_config import parse
from tests.cli.conftest import Ran, Run
from tests.sync.stub_backend import StubBackend
from workers.local.label_studio import RunningLabelStudio

NER = """<View><Labels name="ner" toName="t"><Label value="City"/><Label value="Dish"/></Labels>
<Text name="t" value="$text"/></View>"""
CITIES = ("Lisbon", "Berlin", "Paris", "Rome", "Madrid", "Oslo", "Vienna", "Prague", "Dublin", "Athens")
RULES = "monitor_size = 1\nround_size = 8\n"
AREAS, GROUPS, ITEMS = 20, 25, 9
TOPICS = ("parcels late lost", "rooms dirty loud", "bills wrong high", "staff rude slow")
MOST = 4000
"""How many characters a person reads at once."""


@pytest.fixture
def raw(label_studio: RunningLabelStudio) -> Iterator[httpx.Client]:
    """Yield a connection to Label Studio that sends whatever it is given."""
    headers = {"Authorization": f"Token {label_studio.token}"}
    with httpx.Client(base_url=label_studio.url, headers=headers, timeout=60) as connection:
        yield connection


def city(start: object, end: object, labels: object = ("City",)) -> Mapping[str, object]:
    value = {"start": start, "end": end, "text": "x", "labels": labels}
    return {"result": [{"from_name": "ner", "to_name": "t", "type": "labels", "value": value}]}


def meeting(number: int) -> tuple[dict[str, object], Mapping[str, object]]:
    """Return a task about a city, and its annotation with offsets as tables and forms make them."""
    name = CITIES[number % len(CITIES)]
    start, end = 10, 10 + len(name)
    ways = ((start, end), (float(start), float(end)), (str(start), str(end)), (f"{start}.0", end))
    return {"text": f"We met in {name} in the spring of {1960 + number}."}, city(*ways[number % len(ways)])


def test_oddly_stored_answers_turn_the_loop_and_what_is_none_counts_for_nothing(
    run: Run, client: LabelStudio, backend: StubBackend, raw: httpx.Client, data_dir: Path, tmp_path: Path
) -> None:
    """Offsets as fractions and texts are learned; null results, half regions and predictions of no form stop nobody."""
    project = client.create_project("odd input", NER).id
    rows = [{"data": data, "annotations": [said]} for data, said in map(meeting, range(24))]
    rows += [{"data": meeting(n)[0]} for n in range(24, 32)]
    rows += [{"data": {"text": 4711}}, {"data": {"text": ["We met in Lisbon", True]}}]
    rows += [{"data": meeting(5)[0], "annotations": [city(10, 14, "City")]}]
    ids: list[int] = raw.post(f"/api/projects/{project}/import?return_task_ids=true", json=rows).json()["task_ids"]
    skipped, empty, odd, unreadable = ids[24], ids[25], ids[26], ids[-1]
    for task, annotation in ((skipped, {"was_cancelled": True}), (empty, {})):
        stored = raw.post(f"/api/tasks/{task}/annotations/", json=annotation).json()
        assert stored["result"] is None
    stored = raw.post("/api/predictions/", json={"task": odd, "result": {"a": 1}, "model_version": "other"}).json()
    assert stored["result"] is None

    assert connected(run, project, tmp_path).status == 0
    trained = run("train", str(project), "--now")
    assert trained.status == 0, trained.err
    assert "v1 serves" in trained.out

    (table,) = data_dir.rglob("round-1-*/training_set.csv")
    with table.open(encoding="utf-8-sig", newline="") as lines:
        learned = list(csv.DictReader(lines))
    assert len(learned) == 24
    assert all(json.loads(row["spans"])[0]["text"] in CITIES for row in learned)
    shown = [task.predictions[-1].result for task in client.tasks(project, ids[27:32])]
    assert sum(map(bool, shown)) >= len(shown) - 1, "all but the audit task, if it is one of them, show a city"
    answers = json.loads(run("status", str(project), "--json").out)["answers"]
    assert (answers["unreadable"], answers["empty"], answers["tasks_without_text"]) == (1, 1, 0)
    told = run("doctor", str(project)).out
    assert f"1 annotation that cannot be read (task {unreadable})" in told
    assert f"without an answer (task {empty})" in told
    client.sdk.projects.delete(project)


def test_a_taxonomy_of_thousands_of_labels_is_looped_and_told_in_few_words(
    run: Run, client: LabelStudio, backend: StubBackend, tmp_path: Path
) -> None:
    """5,020 nodes: the right path is predicted, and no command prints them all."""
    project = client.create_project("a large taxonomy", taxonomy()).id
    rows: list[Row] = [
        {"data": {"text": f"{TOPICS[n % 4]}, number {n}"}, "annotations": [{"result": [topic(n)]}] if n < 44 else []}
        for n in range(60)
    ]
    ids = client.import_tasks(project, rows)
    said = [connected(run, project, tmp_path), run("train", str(project), "--now")]
    assert "… 5,020 in all" in said[0].out

    said += [run(words, str(project)) for words in ("status", "verdict", "versions", "rules", "instructions")]
    said += [run("relabel", str(project), "--dry-run"), run("round", "show", str(project), "1")]
    said.append(run("rename", str(project), "--label", "area 1=elsewhere"))

    assert [one.status for one in said] == [0] * 9 + [2], [one.err for one in said]
    assert max(len(one.out) + len(one.err) for one in said) < MOST
    (field,) = parse(taxonomy()).fields
    shown = [from_regions(field, task.predictions[-1].result) for task in client.tasks(project, ids[44:])]
    right = [from_regions(field, [topic(number)]) for number in range(44, 60)]
    assert sum(map(operator.eq, shown, right)) >= len(right) - 1, "all but the audit task, if it is one of them"
    client.sdk.projects.delete(project)


def connected(run: Run, project: int, folder: Path) -> Ran:
    """Connect the project with small rounds."""
    (folder / "rules.toml").write_text(RULES, "utf-8")
    return run("connect", str(project), "--rules", str(folder / "rules.toml"), "--yes")


def topic(number: int) -> dict[str, object]:
    """Return what people say of a task: one of four paths of the taxonomy."""
    value = {"taxonomy": [[f"area {number % 4}", f"group {number % 4}"]]}
    return {"from_name": "topic", "to_name": "t", "type": "taxonomy", "value": value}


def taxonomy() -> str:
    """Return a configuration with a taxonomy of three levels."""
    items = "".join(f'<Choice value="item {n}"/>' for n in range(ITEMS))
    groups = "".join(f'<Choice value="group {n}">{items}</Choice>' for n in range(GROUPS))
    areas = "".join(f'<Choice value="area {n}">{groups}</Choice>' for n in range(AREAS))
    return f'<View><Text name="t" value="$text"/><Taxonomy name="topic" toName="t">{areas}</Taxonomy></View>'
