"""Every command: its help, its exit statuses, and errors as one plain sentence."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from labelloop.errors import BrokenPromise, NeighbourError, UserError
from labelloop.settings import Settings
from tests.cli.conftest import Run
from tests.cli.loop import played
from workers.cli import command_line, run_services
from workers.cli.error_messages import run as status_of
from workers.jobs.open_stores import open_book


def commands(group: object, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield every command line's words, groups included."""
    yield words
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*words, name))


@pytest.mark.parametrize("words", list(commands(get_command(command_line()))), ids=" ".join)
def test_every_help_has_an_example(words: tuple[str, ...]) -> None:
    """`--help` shows a line that can be copied, of the very command."""
    shown = CliRunner().invoke(command_line(words), [*words, "--help"])
    assert shown.exit_code == 0
    assert f"Example: {' '.join(('labelloop', *words))}" in shown.output


@pytest.mark.parametrize("words", [(), ("round",), ("ledger",)], ids=" ".join)
def test_the_list_of_commands_says_of_each_what_it_does(words: tuple[str, ...]) -> None:
    """In a whole sentence, also on a narrow screen: who looks for a command reads here which it is."""
    shown = CliRunner().invoke(command_line(words), [*words, "--help"], terminal_width=80)
    assert "..." not in shown.output.partition("Commands:")[2]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UserError("Do this."), 2),
        (NeighbourError("Try later."), 1),
        (BrokenPromise("Stop."), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_an_error_is_one_sentence_and_a_status(
    error: BaseException, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """2 is the user's to mend, 1 is not; nobody sees a traceback for what was foreseen."""

    def command() -> None:
        raise error

    assert status_of(command) == status
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (f"labelloop: {error}\n" if str(error) else "")


def test_what_nobody_foresaw_keeps_its_traceback() -> None:
    """A bug must not look like a plain error."""
    with pytest.raises(ZeroDivisionError):
        status_of(lambda: 1 / 0)


@pytest.mark.parametrize(
    ("name", "value", "word", "status"),
    [
        ("LABELLOOP_PORT", "many", "LABELLOOP_PORT", 2),
        ("LABELLOOP_REDIS_URL", "http://nowhere", "LABELLOOP_REDIS_URL", 2),
        ("LABELLOOP_REDIS_URL", "redis://127.0.0.1:1/0", "Redis", 1),
        ("LABELLOOP_DATABASE_URL", "nonsense", "database URL", 2),
        ("LABELLOOP_DATABASE_URL", "oracel://x/y", "database URL", 2),
        ("LABELLOOP_DATABASE_URL", "postgresql+psycopg://a:secret@127.0.0.1:1/x", "does not answer", 1),
    ],
)
def test_wrong_settings_are_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, word: str, status: int
) -> None:
    """The sentence names the setting; a password in an address is never shown."""
    book = open_book(Settings())
    played(book, rounds=0)
    book.ledger.engine.dispose()
    monkeypatch.setenv(name, value)
    told = run("train", "7")
    assert told.status == status
    assert word in told.err
    assert "Traceback" not in told.err
    assert "secret" not in told.err


def test_exit_statuses_reach_the_shell(data_dir: Path) -> None:
    """The installed command returns what scripts test for."""
    labelloop = Path(sys.executable).with_name("labelloop")

    def shell(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([labelloop, *words], env=os.environ, capture_output=True, text=True, timeout=60)

    assert shell("status").returncode == 0
    refused = shell("status", "7")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "labelloop: Project 7 is not connected: run `labelloop connect 7`.\n"
    assert shell("stats").returncode == 2
    assert shell("doctor").returncode == 1


def test_serve_refuses_without_credentials(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ML backend must not answer strangers."""
    monkeypatch.setenv("LABELLOOP_WEBHOOK_SECRET", "")
    refused = run("serve")
    assert refused.status == 2
    assert "LABELLOOP_WEBHOOK_SECRET" in refused.err


@pytest.mark.parametrize(
    ("words", "becomes"),
    [("serve", "backend 1"), ("serve --workers 2", "backend 2"), ("pages", "pages")],
)
def test_services_become_the_server(run: Run, monkeypatch: pytest.MonkeyPatch, words: str, becomes: str) -> None:
    """So that signals reach it."""
    became: list[list[str]] = []
    monkeypatch.setattr(run_services, "wait_for_neighbours", lambda _: None)
    monkeypatch.setattr(os, "nice", lambda _: 0)
    monkeypatch.setattr(os, "execv", lambda _, argv: became.append(argv))
    monkeypatch.setenv("LABELLOOP_BACKEND_PASSWORD", "p")
    monkeypatch.setenv("LABELLOOP_WEBHOOK_SECRET", "s")
    assert run(*words.split()).status == 0
    assert became == [[sys.executable, "-m", "ml_backend.server", *becomes.split()]]
