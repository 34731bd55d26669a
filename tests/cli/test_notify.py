"""`labelloop notify`: who is told, what a secret looks like once, and never again."""

import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from labelloop.domain.action_record import Action
from labelloop.domain.delivery_record import Delivery
from labelloop.stores.book import Book
from tests.cli.conftest import Run
from tests.cli.loop import judge, play, played
from tests.core.opened_project import OpenedProject
from tests.local.proc import eventually
from tests.workers.receiver import TOKEN, Receiver


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Somebody on this machine who can be told."""
    monkeypatch.setenv("LABELLOOP_NOTIFY_PRIVATE", "true")
    with Receiver() as server:
        yield server


@pytest.fixture
def view(book: Book) -> OpenedProject:
    """Return a project after a round."""
    return played(book, rounds=1)


def test_an_address_is_added_tried_told_shown_and_removed(
    run: Run, view: OpenedProject, receiver: Receiver, data_dir: Path
) -> None:
    """The secret is shown when it is made and never again; everything else shows the host alone."""
    added = run("notify", "7", "--add", receiver.hook, "--language", "zh", "--events", "round.closed,release.ready")
    assert added.status == 0, added.err
    (secret,) = re.findall(r"whsec_\S+", added.out)
    assert TOKEN not in added.out

    tried = run("notify", "7", "--test")
    assert (tried.status, receiver.kinds) == (0, ["test"])
    assert "it arrived. HTTP 200" in tried.out
    judge(view, 2)
    play(view)
    assert run("reconcile").status == 0
    assert receiver.kinds == ["test", "round.closed"]

    shown, (row,) = run("notify", "7"), json.loads(run("notify", "7", "--json").out)
    assert row["events"] == ["round.closed", "release.ready"]
    assert (row["language"], row["last_event"], row["delivered"], row["reason"]) == ("zh", "round.closed", True, "")
    assert row["id"] in shown.out
    log = view.book.ledger.all(Action, 7)
    removed = run("notify", "7", "--remove", row["id"])
    assert removed.status == 0
    assert "Nobody is told yet" in run("notify", "7").out
    for text in (tried.out, shown.out, str(row), str(log), removed.out):
        assert TOKEN not in text
        assert secret not in text
    assert [one.action for one in log] == ["notify"]


def test_an_address_may_come_from_the_input(
    run: Run, view: OpenedProject, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it is in the history of no shell."""
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{receiver.hook}\n"))
    assert run("notify", "7", "--add", "-").status == 0
    assert run("notify", "7", "--test").status == 0
    assert receiver.kinds == ["test"]


def test_the_reconcile_that_runs_all_the_time_tells(run: Run, view: OpenedProject, receiver: Receiver) -> None:
    """A real process, which rings beside it, and ends when it is told to."""
    run("notify", "7", "--add", receiver.hook, "--events", "round.closed")
    judge(view, 2)
    play(view)
    command = [str(Path(sys.executable).with_name("labelloop")), "reconcile", "--every", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert eventually(lambda: bool(receiver.got))
        assert eventually(lambda: bool(view.book.ledger.all(Delivery, 7)))
    finally:
        process.terminate()
        _, said = process.communicate(timeout=30)
    assert receiver.kinds == ["round.closed"]
    assert '"reconciled"' in said
    assert TOKEN not in said


def test_a_receiver_that_refuses_is_said_with_status_1(run: Run, view: OpenedProject, receiver: Receiver) -> None:
    """So that a script notices."""
    run("notify", "7", "--add", receiver.hook)
    receiver.status = 403
    tried = run("notify", "7", "--test")
    assert tried.status == 1
    assert "NOT sent. HTTP 403" in tried.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--add", "https://10.0.0.1/x"], "inside a private network"),
        (["--add", "http://93.184.215.14/x"], "must begin with https://"),
        (["--add", "syslog://localhost"], "No messages are sent to syslog://"),
        (["--add", "nonsense"], "begins with https://"),
        (["--add", "https://93.184.215.14/x", "--events", "round.close"], "did you mean round.closed?"),
        (["--add", "https://93.184.215.14/x", "--language", "fr"], "en or zh"),
        (["--events", "round.closed"], "go with --add"),
        (["--remove", "nobody"], "no such address"),
        (["--test"], "has no address yet"),
    ],
)
def test_what_cannot_be_done_is_said(run: Run, view: OpenedProject, words: list[str], told: str) -> None:
    """With status 2, and nothing is kept."""
    ran = run("notify", "7", *words)
    assert ran.status == 2
    assert told in ran.err
    assert json.loads(run("notify", "7", "--json").out) == []
