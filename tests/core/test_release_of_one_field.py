"""What a project of one field releases stays what it was before there were several, byte for byte."""

from pathlib import Path

import pytest

from labelloop.domain.tasks import Role
from labelloop.export.facts import read_facts
from labelloop.export.formats import FILES, Format, release_files
from labelloop.steps.people_release import write_people_release
from labelloop.stores.release_files import SUMMARY_FILE
from sync.label_studio_export import label_studio_json
from tests.core.made_up import LABELS, Make
from tests.core.released import ROWS, record_release

STORED = Path(__file__).parents[1] / "data/release_of_one_field"


def stored(name: str) -> bytes:
    """Return a file as it was written before."""
    return (STORED / name).read_bytes()


def test_its_exports_are_the_same_bytes(make: Make) -> None:
    """Tables, data card and Label Studio's file."""
    view = make(tasks=0).view
    record_release(view, ROWS)
    facts = read_facts(*view.now())
    files = release_files(facts, (Format.CSV, Format.JSON_LINES))
    files[FILES[Format.LABEL_STUDIO]] = label_studio_json(facts.field, facts.rows)
    for name, content in files.items():
        assert content == stored(name), name


@pytest.mark.slow
def test_what_people_said_is_summed_up_in_the_same_bytes(make: Make) -> None:
    """Shares, and the tasks left out with the reasons."""
    world = make(tasks=40)
    world.judge_audit()
    world.judge(world.untouched(10))
    split = next(a.task_id for a in world.view.mirror.annotations() if a.task_id in world.of(Role.TRAIN))
    world.judge([split], person=2, value=LABELS[(split + 1) % 3])
    found = write_people_release(*world.view.now())
    assert world.book.artifacts.read(found.artifact, SUMMARY_FILE) == stored(SUMMARY_FILE)
