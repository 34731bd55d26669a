"""`labelloop verdict`, and the verdict in `labelloop status`."""

import json
from dataclasses import replace

from labelloop.domain.records import Verdict
from labelloop.steps.give_verdict import give_verdict
from labelloop.steps.verdict_report import VERDICT_FILE, verdict_report
from labelloop.stores.book import Book
from tests.cli.conftest import Run
from tests.cli.loop import judge, play, played


def test_the_verdict_is_told_in_plain_words_with_the_next_step(run: Run, book: Book) -> None:
    """Ten audit tasks are too few: the lead reads how many more are needed."""
    given = give_verdict(*played(book).now(), 2)
    told = run("verdict", "7")
    assert (told.status, told.err) == (0, "")
    assert "Project 7, round 2, " in told.out
    assert "cannot tell" in told.out
    assert "only 10 audit tasks were labelled by two people" in told.out
    assert f"Next: Have two annotators label about {given.audit_needed} further audit tasks" in told.out
    assert "People with each other: 100 %" in told.out


def test_the_json_is_the_whole_report(run: Run, book: Book) -> None:
    """The keys that docs/verdict.md describes, of the round that was asked for."""
    played(book)
    newest, first = (json.loads(run("verdict", "7", *more, "--json").out) for more in ((), ("--round", "1")))
    assert (newest["round"], first["round"]) == (2, 1)
    assert first["outcome"] == "cannot tell"
    assert (first["n"], first["people"], first["look"], first["looks"]) == (10, 2, 0, 5)
    assert first["krippendorff_alpha"]["people"] == 1.0
    assert first["cohen_kappa"] == [{"people": [1, 2], "n": 10, "kappa": 1.0}]
    assert first["disputed"]["tasks"] == []


def test_status_has_the_newest_verdict(run: Run, book: Book) -> None:
    """Headline figures for scripts, one line for people; null before the first."""
    view = played(book, rounds=0)
    assert json.loads(run("status", "7", "--json").out)["verdict"] is None
    for number in (1, 2):
        judge(view, number)
        play(view)
    shown = json.loads(run("status", "7", "--json").out)["verdict"]
    assert (shown["round"], shown["outcome"], shown["n"]) == (2, "cannot tell", 10)
    assert "Human level after round 2: cannot tell (labelloop verdict 7)" in run("status", "7").out


def test_without_a_verdict_the_command_says_when_there_is_one(run: Run, book: Book) -> None:
    """Status 2: it will come by itself; another round's verdict is named."""
    view = played(book, rounds=0)
    early = run("verdict", "7")
    assert early.status == 2
    assert "One is given after each round" in early.err
    judge(view, 1)
    play(view)
    missing = run("verdict", "7", "--round", "9")
    assert missing.status == 2
    assert "rounds with one: 1" in missing.err
    assert run("verdict", "8").status == 2


def test_a_command_that_is_advised_names_the_project(book: Book) -> None:
    """It is copied into a shell as it stands."""
    view = played(book)
    given = give_verdict(*view.now(), 2)
    told = json.loads(book.artifacts.read(given.artifact, VERDICT_FILE)) | {
        "advice": "`labelloop verdict PROJECT --look`"
    }
    again = replace(given, artifact="", look=given.look + 1)
    assert book.record(again, "verdict-told", {VERDICT_FILE: json.dumps(told).encode()})
    newest = view.ledger.newest(Verdict, 7)
    assert newest is not None
    assert verdict_report(book, newest)["advice"] == "`labelloop verdict 7 --look`"
