"""`labelloop guideline`: what LLMs are told, how it improved, and the lead's word."""

import json
import platform
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from labelloop.domain.guideline_records import Guideline
from labelloop.stores.book import Book
from tests.cli.conftest import Run
from tests.cli.loop import played
from tests.core.opened_project import OpenedProject

NOW = datetime(2026, 1, 2, tzinfo=UTC)
FIRST = "# Guideline\n\nWhat mood?\n\n## good\nBright.\n\n## bad\nDark [bold].\n\n## 还行\n"


@pytest.fixture
def view(book: Book) -> OpenedProject:
    """Return a project whose second guideline was accepted and whose third was not."""
    view = played(book, rounds=0)
    start = Guideline(
        7, 1, 1, "prompt", "file", "accepted", "the file says so", 0, 0, None, None, None, 0.0, created_at=NOW
    )
    better = replace(
        start, number=2, origin="llm", reason="9 better", basis=1, n=50, before=0.6, after=0.8, p_value=0.01, cost=0.02
    )
    worse = replace(better, number=3, outcome="rejected", reason="9 worse", basis=2, after=0.4, p_value=0.99)
    texts = (FIRST, FIRST.replace("Dark", "Gloomy"), FIRST.replace("Bright", "Anything"))
    for one, text in zip((start, better, worse), texts, strict=True):
        assert book.record(one, f"guideline-{one.number}", {"guideline.md": text.encode()})
    return view


def test_the_current_guideline_and_its_history_are_shown(run: Run, view: OpenedProject) -> None:
    """Brackets of a rule are no mark-up; the current one is marked."""
    told = run("guideline", "7")
    lines = told.out.splitlines()

    assert (told.status, told.err) == (0, "")
    assert "Gloomy [bold]." in lines
    assert [line.split()[:4] for line in lines[-3:]] == [
        ["1", "1", "file", "accepted"],
        ["▶", "2", "1", "llm"],
        ["3", "1", "llm", "rejected"],
    ]
    assert "60 %" in lines[-2]
    assert "0.010" in lines[-2]
    assert "9 worse" in run("guideline", "7", "3").out


def test_the_diff_is_from_the_one_it_was_made_from(run: Run, view: OpenedProject) -> None:
    """Of the current one, or of the one that is named."""
    assert "-Dark [bold]." in run("guideline", "7", "--diff").out
    assert "+Gloomy [bold]." in run("guideline", "7", "--diff").out
    assert "+Anything." in run("guideline", "7", "3", "--diff").out


def test_the_lead_accepts_rejects_and_edits(run: Run, view: OpenedProject, tmp_path: Path) -> None:
    """Rejecting the accepted one goes back to the one before; one's own file becomes the current one."""
    assert "Guideline 2 is rejected. Guideline 1 is current" in run("guideline", "7", "--reject", "2").out
    assert "Guideline 3 is current" in run("guideline", "7", "--accept", "3").out
    (tmp_path / "mine.md").write_text("心情如何?\n\n## good\n明亮。\n", "utf-8")
    assert "Guideline 4 is current" in run("guideline", "7", "--edit", "mine.md").out
    assert "It is that already" in run("guideline", "7", "--edit", "mine.md").out
    found = json.loads(run("guideline", "7", "--json").out)

    assert (found["current"], found["origin"]) == (4, "lead")
    assert found["guideline"].startswith("# Guideline\n\n心情如何?\n\n## good\n明亮。")
    assert [one["lead"] for one in found["history"]] == [None, "rejected", "accepted", None]
    assert found["history"][1]["before"] == 0.6
    assert found["history"][3]["basis"] == 3


def test_before_the_first_fit_it_is_that_of_the_settings(run: Run, book: Book) -> None:
    """Nothing is recorded by looking."""
    played(book, rounds=0)
    found = json.loads(run("guideline", "7", "--json").out)
    assert (found["current"], found["origin"], found["history"]) == (None, "configuration", [])
    assert "## 还行" in run("guideline", "7").out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--accept", "9"), "there are: 1, 2, 3"),
        (("9",), "there are: 1, 2, 3"),
        (("--edit", "nowhere.md"), "Cannot read nowhere.md"),
        (("--accept", "1", "--reject", "2"), "One thing at a time"),
    ],
)
def test_mistakes_are_explained(run: Run, view: OpenedProject, words: tuple[str, ...], says: str) -> None:
    """Status 2, and nothing has changed."""
    told = run("guideline", "7", *words)
    assert told.status == 2
    assert says in told.err
    assert json.loads(run("guideline", "7", "--json").out)["current"] == 2


def test_the_log_names_whoever_decided(run: Run, view: OpenedProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """Newest first, with the user of the system and the host; what only looks is not in it."""
    monkeypatch.setenv("LOGNAME", "ann")
    assert run("log", "7").out == "Nobody has changed anything yet.\n"
    run("guideline", "7", "--reject", "2")
    run("guideline", "7", "--diff")
    run("guideline", "7", "--accept", "3")
    found = json.loads(run("log", "7", "--json").out)
    assert [(one["action"], one["detail"]) for one in found] == [("accept guideline", "3"), ("reject guideline", "2")]
    assert {(one["who"], one["origin"], one["address"]) for one in found} == {("ann", "command", platform.node())}
    assert len(json.loads(run("log", "7", "--last", "1", "--json").out)) == 1
    assert "reject guideline" in run("log", "7").out
    assert run("log", "8").status == 2
