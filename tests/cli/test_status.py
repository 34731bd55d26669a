"""`status`, `round` and `versions` on a project that has been through rounds."""

import json
from datetime import UTC, datetime

import pytest
from rq import SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from labelloop.domain.records import Connection
from labelloop.settings import Settings
from labelloop.stores.book import Book
from tests.cli.conftest import CONFIG, Run
from tests.cli.loop import RULES, judge, played
from workers.jobs.label_studio_sync import record_schema
from workers.jobs.loop_job import LoopJob
from workers.jobs.looped_fields import looped_fields
from workers.jobs.open_stores import open_bell


def test_who_has_just_connected_is_not_told_to_import_tasks(run: Run, book: Book) -> None:
    """Only where nothing is left to look at: the tasks may be there, and not taken in yet."""
    record_schema(book, 7, None, CONFIG, looped_fields(CONFIG, RULES, 7))
    book.record(
        Connection(7, "new", RULES.model_dump_json(), active=True, created_at=datetime.now(UTC)), "connection-1"
    )
    assert json.loads(run("status", "7", "--json").out)["next"] == "people: import tasks into the project"
    open_bell(Settings()).ring(7)
    assert json.loads(run("status", "7", "--json").out)["next"] == "collect"


def test_status_json_tells_the_whole_story(run: Run, book: Book) -> None:
    """The keys that scripts rely on, with the figures of the ledger."""
    played(book)
    told = run("status", "7", "--json")
    assert (told.status, told.err) == (0, "")
    shown = json.loads(told.out)
    assert shown["title"] == "Wetter 🙂"
    assert [(r["number"], r["new_train"], r["train"], r["audit"]) for r in shown["rounds"]] == [
        (1, 10, 10, 10),
        (2, 10, 20, 10),
    ]
    assert shown["labels"] == {
        "train": 20,
        "monitor": 10,
        "train_tasks": 50,
        "monitor_tasks": 10,
        "untouched": 30,
        "queue_left": 16,
    }
    assert [v["name"] for v in shown["versions"]] == ["v1", "v2"]
    assert shown["deployed"] in ("v1", "v2")
    assert shown["published"].startswith(shown["deployed"])
    agreement, human = shown["agreement"], shown["human_agreement"]
    assert agreement["version"] == shown["deployed"]
    assert agreement["low"] <= agreement["value"] <= agreement["high"]
    assert (agreement["n"], human["value"]) == (10, 1.0)
    assert {e["round"] for e in shown["evaluations"]} == {1, 2}
    assert shown["next"] == "people: 8 more labels until the next round"
    assert shown["labels_to_next_round"] == 8
    assert shown["jobs"] == {"queued": [], "running": [], "waiting": [], "failed": [], "tuning": []}


def test_status_counts_labels_that_no_round_holds_yet(run: Run, book: Book) -> None:
    """Labels are what people have said by now; the rest to the next round shrinks with them."""
    judge(played(book), 3)
    shown = json.loads(run("status", "7", "--json").out)
    assert shown["labels"]["train"] == 30
    assert shown["next"] == "collect: enough labels for the next round"


def test_status_for_people_shows_the_learning_curve(run: Run, book: Book) -> None:
    """One line a round, with the interval as a bar and people's agreement beside it."""
    played(book)
    told = run("status").out
    assert "Wetter 🙂" in told
    assert "━" in told
    assert "…" not in told  # it fits into 80 columns
    assert "│" in told or "100 %" in told
    assert "people: 8 more labels" in told


def test_status_of_all_projects_is_a_list(run: Run, book: Book) -> None:
    """Without a project every one is told, in order."""
    assert json.loads(run("status", "--json").out) == []
    played(book, 8, rounds=0)
    played(book, 7, rounds=1)
    assert [one["project"] for one in json.loads(run("status", "--json").out)] == [7, 8]


def test_status_survives_a_dead_redis(run: Run, book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the ledger knows is told without the queue."""
    played(book, rounds=1)
    monkeypatch.setenv("LABELLOOP_REDIS_URL", "redis://127.0.0.1:1/0")
    told = run("status", "7", "--json")
    assert told.status == 0
    assert json.loads(told.out)["jobs"] is None
    assert "Redis does not answer" in run("status", "7").out


def test_a_failed_job_is_shown_with_its_last_line(run: Run, book: Book) -> None:
    """A failure is visible where the lead looks, in the words of the error."""
    played(book, rounds=1)
    fail(7)
    (failed,) = json.loads(run("status", "7", "--json").out)["jobs"]["failed"]
    assert failed["job"] == "fit-7-99"
    assert "Round 99 of project 7" in failed["error"]
    assert "fit-7-99" in run("status", "7").out


def fail(project_id: int) -> Job:
    """Let a real worker fail a job for good: a round that was never closed."""
    bell = open_bell(Settings())
    job = bell.queue.enqueue("workers.jobs.loop.fit", args=(project_id, 99), job_id=f"fit-{project_id}-99")
    SimpleWorker([bell.queue], connection=bell.redis, serializer=JSONSerializer, job_class=LoopJob).work(burst=True)
    return job


def test_rounds_are_listed_and_shown_with_their_files(run: Run, book: Book) -> None:
    """Where the files are is a path that people can open."""
    played(book)
    assert [r["number"] for r in json.loads(run("round", "list", "7", "--json").out)] == [1, 2]
    shown = json.loads(run("round", "show", "7", "--json").out)
    assert shown["number"] == 2
    assert "data_labeled_2.csv" in shown["files"]
    assert f"{shown['folder']}\n" in run("round", "show", "7", "2").out
    assert "10" in run("round", "list", "7").out
    missing = run("round", "show", "7", "9")
    assert missing.status == 2
    assert "there are: 1, 2" in missing.err


def test_deploy_and_rollback_switch_the_serving_version(run: Run, book: Book) -> None:
    """A deployment is recorded, the bell rings so that the queue follows, and the way back is one command."""
    view = played(book)
    deployed = view.state.deployed
    assert deployed is not None
    other = "v2" if deployed.version == "v1" else "v1"
    assert run("deploy", "7", other).status == 0
    assert view.state.deployed == book.ledger.version(7, other)
    assert open_bell(Settings()).queue.job_ids == ["collect-7"]
    assert "already" in run("deploy", "7", other).out
    assert run("rollback", "7").status == 0
    assert view.state.deployed == deployed
    assert run("rollback", "7", "--to", other).status == 0
    rows = json.loads(run("versions", "7", "--json").out)
    assert [row["name"] for row in rows if row["deployed"]] == [other]
    table = run("versions", "7").out
    assert "▶" in table
    assert "…" not in table
    assert run("deploy", "7", other, "--pin").status == 0
    assert "--unpin" in run("status", "7").out
    for refused in (("rollback", "7"), ("deploy", "7", "v1", "--unpin"), ("deploy", "7")):
        assert run(*refused).status == 2
    assert run("deploy", "7", "--unpin").status == 0
    assert run("deploy", "7", "--unpin").status == 2
    unknown = run("deploy", "7", "v9")
    assert unknown.status == 2
    assert "there are: v1, v2" in unknown.err


def test_rollback_without_a_version_before_says_so(run: Run, book: Book) -> None:
    """There is nothing to go back to after one deployment."""
    played(book, rounds=1)
    assert run("rollback", "7").status == 2


def test_train_and_close_ring_for_a_worker(run: Run, book: Book) -> None:
    """Without --now the wish is handed to the workers."""
    played(book, rounds=1)
    for command in (("train", "7"), ("round", "close", "7")):
        assert run(*command).status == 0
        bell = open_bell(Settings())
        assert bell.close_wanted(7)
        assert "collect-7" in bell.queue.job_ids
