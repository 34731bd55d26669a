"""What commands show while they work: something on a screen, nothing in a file."""

import io

import pytest

from workers.cli.console import waiting_for


class Screen(io.StringIO):
    """A terminal that keeps what it was told."""

    def isatty(self) -> bool:
        return True


def test_what_takes_long_says_so_on_a_screen_and_leaves_it_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the first line of the answer; a file has the answer alone."""
    monkeypatch.setenv("TERM", "xterm")
    screen, file = Screen(), io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    with waiting_for("Looking at the texts") as done:
        done()
        shown = screen.getvalue()
    assert "Looking at the texts" in shown
    assert screen.getvalue() == shown

    monkeypatch.setattr("sys.stderr", file)
    with waiting_for("Looking at the texts"):
        pass
    assert file.getvalue() == ""
