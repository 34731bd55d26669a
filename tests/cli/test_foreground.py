"""`round close --now` and `train --now` against a real Label Studio, with the real encoder and no worker."""

import json
from pathlib import Path

from labelloop.domain.records import ClosedRound
from labelloop.stores.book import Book
from sync.api.client import LabelStudio
from tests.cli.conftest import Run
from tests.sync.stub_backend import StubBackend

MOODS = {"good": "What a lovely day", "bad": "This is awful"}


def test_train_now_does_the_whole_loop_in_the_foreground(
    run: Run, client: LabelStudio, project: int, backend: StubBackend, book: Book, tmp_path: Path
) -> None:
    """Labels go in, a published version comes out, and a second run finds nothing to do."""
    (tmp_path / "rules.toml").write_text("monitor_size = 1\nround_size = 4\n", "utf-8")
    tasks = client.import_tasks(
        project, [{"data": {"text": f"{text} {n}"}} for n in range(10) for text in MOODS.values()]
    )
    assert run("connect", str(project), "--rules", str(tmp_path / "rules.toml")).status == 0
    assert "nothing is new" in run("round", "close", str(project), "--now").out
    label(client, tasks[:8])

    closed = run("round", "close", str(project), "--now")
    assert (closed.status, closed.out[:8]) == (0, "Round 1 ")
    assert [one.number for one in book.ledger.all(ClosedRound, project)] == [1]

    label(client, tasks[8:12])
    trained = run("train", str(project), "--now")
    assert trained.status == 0, trained.err
    for step in ("collect", "fit", "evaluate", "deploy", "publish"):
        assert f"✓ {step}" in trained.err
    assert [one.number for one in book.ledger.all(ClosedRound, project)] == [1, 2]

    shown = json.loads(run("status", str(project), "--json").out)
    assert shown["deployed"] in ("v1", "v2")
    assert client.project(project).model_version == shown["published"]
    assert shown["next"].startswith("people: ")
    rounds = len(shown["rounds"])
    assert run("train", str(project), "--now").status == 0
    assert len(book.ledger.all(ClosedRound, project)) == rounds


def label(client: LabelStudio, tasks: list[int]) -> None:
    """Annotate the tasks as they deserve."""
    for number, task in enumerate(tasks):
        mood = list(MOODS)[number % 2]
        region = {"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": [mood]}}
        client.annotate(task, [region])
