"""Releasing a project of several fields from the command line, on a real Label Studio."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.api.client import LabelStudio
from tests.cli.conftest import Run
from tests.sync.stub_backend import StubBackend

FORM = """<View><Text name="text" value="$text"/>
<Choices name="mood" toName="text" choice="single"><Choice value="good"/><Choice value="bad"/></Choices>
<Choices name="主题" toName="text" choice="multiple"><Choice value="天气"/><Choice value="food"/></Choices></View>"""


def said(name: str, *labels: str) -> dict[str, object]:
    """Return a region that says these labels."""
    return {"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": list(labels)}}


@pytest.fixture
def form(run: Run, client: LabelStudio, backend: StubBackend) -> Iterator[int]:
    """Yield a connected project of four tasks, of which two are labelled, one of them without a mood."""
    made = client.create_project("表格 🙂", FORM)
    ids = client.import_tasks(made.id, [{"data": {"text": text}} for text in ("一", "two", "three", "ثلاثة")])
    client.annotate(ids[0], [said("mood", "good"), said("主题", "天气", "food")])
    client.annotate(ids[1], [said("主题", "food")])
    assert run("connect", str(made.id)).status == 0
    yield made.id
    client.sdk.projects.delete(made.id)


def test_what_people_said_of_each_field_is_released(run: Run, form: int, tmp_path: Path) -> None:
    """A line for each field before and after, and the file has a column for each."""
    before = run("release", str(form), "--people-only", "--dry-run")
    done = run("release", str(form), "--people-only")
    state = run("status", str(form))
    assert (before.status, done.status, state.status) == (0, 0, 0), done.err
    assert before.out.splitlines()[:2] == ["mood:", "A release would have 1 label by people."]
    assert before.out.splitlines()[-1] == (
        "All fields together: 0 tasks with models' labels alone, 2 with people's alone, 0 with both; "
        "2 left without a label."
    )
    assert "  left out: 1 task: its annotations hold no answer that counts" in before.out.splitlines()
    assert done.out.splitlines()[:3] == [
        "Release 1: 2 tasks with labels of 2 fields; 2 tasks left out.",
        "  mood: 1 labels by people, 0 by the model; 3 tasks without one",
        "  主题: 2 labels by people, 0 by the model; 2 tasks without one",
    ]
    assert "Release 1: 2 tasks, all by people" in state.out
    page = json.loads(run("release", str(form), "--people-only", "--dry-run", "--json").out)
    assert (page["fields"]["mood"]["by_people"], page["fields"]["主题"]["by_people"]) == (1, 2)
    assert page["tasks"] == {"by_model": 0, "by_people": 2, "mixed": 0, "left": 2}

    assert run("export", str(form), str(tmp_path / "out"), "--format", "csv").status == 0
    with (tmp_path / "out" / "data.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["input_text"], row["mood"], row["主题"]) for row in rows] == [
        ("一", "good", "food|天气"),
        ("two", "", "food"),
    ]


def test_without_a_model_there_is_nothing_to_certify(run: Run, form: int) -> None:
    """Of any field; and what people alone said leaves nothing to write back."""
    run("release", str(form), "--people-only")
    refused = run("certify", str(form), "--dry-run")
    assert (refused.status, "has no model to certify yet" in " ".join(refused.err.split())) == (2, True)
    under = run("release", str(form))
    assert (under.status, "has no certificate" in " ".join(under.err.split())) == (2, True)
    assert run("write-back", str(form)).out.startswith("0 labels of the model written")
