"""One stack a folder, and commands that say whom they speak to, or that nothing runs."""

import os
from pathlib import Path

import pytest

from labelloop.errors import UserError
from workers.local.private_file import write_private
from workers.local.stack_here import KEPT, LOCAL_ENV, only_stack, spoken_to


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that commands run in, without any setting."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("LABELLOOP_")]:
        monkeypatch.delenv(name)
    return tmp_path


def leave_settings(data: Path) -> None:
    """Leave what a running stack leaves."""
    lines = (f'LABELLOOP_DATA_DIR="{data}"', 'LABELLOOP_LABEL_STUDIO_URL="http://127.0.0.1:8081"')
    write_private(LOCAL_ENV, "\n".join(lines))


def test_a_second_stack_is_refused_in_the_folder_and_on_the_data_of_the_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both would write one ledger; when the first has ended the next may start."""
    data = folder / ".labelloop" / "up"
    with only_stack(data):
        with pytest.raises(UserError, match=f"in this folder, {folder}"), only_stack(folder / "elsewhere"):
            pytest.fail("two stacks")
        (folder / "other").mkdir()
        monkeypatch.chdir(folder / "other")
        with pytest.raises(UserError, match=f"another folder runs already on the data in {data}"), only_stack(data):
            pytest.fail("two stacks")
        with only_stack(Path(".labelloop/up")):
            pass
    monkeypatch.chdir(folder)
    with only_stack(data):
        pass


def test_a_folder_where_nothing_runs_says_what_to_do(folder: Path) -> None:
    """Neither an empty ledger nor a Redis that does not answer: that nothing was started."""
    with pytest.raises(UserError, match="Start everything here with `labelloop up`"):
        spoken_to()
    with only_stack(folder / ".labelloop" / "up"), pytest.raises(UserError, match="is starting"):
        spoken_to()
    (folder / ".labelloop" / "demo").mkdir(parents=True)
    (folder / ".labelloop" / "demo" / KEPT).touch()
    with pytest.raises(UserError, match=r"data are in \.labelloop/demo\. Start it with `labelloop demo`"):
        spoken_to()


def test_settings_of_ones_own_need_no_stack(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Compose, or with services of the system, nothing is started here."""
    (folder / ".env").write_text("LABELLOOP_REDIS_URL=redis://queue", "utf-8")
    assert spoken_to() == ""
    (folder / ".env").unlink()
    monkeypatch.setenv("LABELLOOP_REDIS_URL", "redis://queue")
    assert spoken_to() == ""


def test_a_stack_that_is_not_the_usual_one_is_named_and_one_that_was_cut_off_too(folder: Path) -> None:
    """Somebody who labels in `up` must not look at the figures of the demo."""
    usual, demo = folder / ".labelloop" / "up", folder / ".labelloop" / "demo"
    with only_stack(usual):
        leave_settings(usual)
        assert spoken_to() == ""
        leave_settings(demo)
        assert spoken_to() == f"Speaking to the stack with data in {demo}, Label Studio at http://127.0.0.1:8081."
    assert "was cut off: start it again with `labelloop demo`" in spoken_to()
