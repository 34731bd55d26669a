"""Labels that a project had before it was connected, on a real Label Studio."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from sync.api.client import LabelStudio
from tests.cli.conftest import Run
from tests.sync.conftest import choice
from tests.sync.stub_backend import StubBackend
from workers.jobs.loop import collect

ROWS = [(f"{('lovely', 'awful')[n % 2]} day number {n} 🙂", ("good", "bad")[n % 2]) for n in range(16)]


def fill(client: LabelStudio, project: int, rows: Sequence[tuple[str, str]]) -> None:
    """Import tasks that carry a person's annotation, as an export of another project has them."""
    client.import_tasks(
        project, [{"data": {"text": text}, "annotations": [{"result": [choice(label)]}]} for text, label in rows]
    )


@pytest.fixture
def rules(tmp_path: Path) -> str:
    """Return a rules file with small rounds."""
    file = tmp_path / "rules.toml"
    file.write_text("round_size = 10\nmonitor_size = 5\n", "utf-8")
    return str(file)


def test_prior_labels_make_round_one(
    run: Run, client: LabelStudio, project: int, backend: StubBackend, rules: str
) -> None:
    """`connect` says how many there are, enough of them close round 1 at once, and its files tell imports apart."""
    fill(client, project, ROWS)
    by_hand = next(iter(sorted(client.task_ids(project))))
    client.annotate(by_hand, [choice("还行")], lead_time=2.0)

    connected = run("connect", str(project), "--rules", rules)
    assert connected.status == 0
    assert "It has 17 annotations already" in connected.out
    assert "annotations already" not in run("connect", str(project)).out

    closed = run("round", "close", str(project), "--now")
    assert (closed.status, closed.err) == (0, "")
    shown = json.loads(run("round", "show", str(project), "--json").out)
    assert (shown["number"], shown["train"], shown["new_train"], shown["annotations"]) == (1, 17, 17, 17)
    assert shown["reason"] == "17 new labels, 10 needed"

    content = (Path(shown["folder"]) / "training_set.csv").read_bytes()
    table = pd.read_csv(io.BytesIO(content), index_col="task_id")
    assert table["origins"].value_counts().to_dict() == {"imported": 16, "manual": 1}
    assert table.loc[by_hand, "origins"] == "manual"
    assert set(table["role"]) == {"train"}
    assert dict(zip(table["input_text"], table["label"], strict=True)).items() >= dict(ROWS).items()


def test_too_few_prior_labels_wait_for_more(
    run: Run, client: LabelStudio, project: int, backend: StubBackend, rules: str
) -> None:
    """They are not lost: they count towards round 1."""
    fill(client, project, ROWS[:9])
    assert "It has 9 annotations already" in run("connect", str(project), "--rules", rules).out
    collect(project)
    assert json.loads(run("round", "list", str(project), "--json").out) == []
    fill(client, project, ROWS[9:11])
    collect(project)
    assert [row["train"] for row in json.loads(run("round", "list", str(project), "--json").out)] == [11]
