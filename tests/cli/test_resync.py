"""Labels that a wrong clock hid are found: by doctor, by every look of a worker, and by `resync`."""

from datetime import UTC, datetime, timedelta

from labelloop.state.load import load
from labelloop.stores.book import Book
from labelloop.stores.mirror import Cursor
from sync.api.client import LabelStudio
from sync.config.label_config import parse
from tests.cli.conftest import CONFIG, Run
from tests.sync.stub_backend import StubBackend
from workers.jobs.catch_up import reading_of
from workers.jobs.label_studio_sync import take_in

READING = reading_of(parse(CONFIG).fields)


def test_labels_that_a_clock_hid_come_back(
    run: Run, client: LabelStudio, project: int, backend: StubBackend, book: Book
) -> None:
    """The cursor lies an hour ahead, as after a minute of a wrong clock: doctor counts, a look finds, resync tells."""
    assert run("connect", str(project)).status == 0
    take_in(book, load(book, project), client)
    mirror = book.mirror(project)
    tasks = sorted(mirror.task_ids())
    region = {"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": ["good"]}}

    mirror.move(READING, Cursor(datetime.now(UTC) + timedelta(hours=1)))
    client.annotate(tasks[0], [region])
    client.annotate(tasks[1], [region], was_cancelled=True)
    told = run("doctor", str(project)).out
    assert f"Label Studio counts {len(tasks)} tasks and 2 annotations, but {len(tasks)} tasks and 0 annotations" in told
    assert f"labelloop resync {project}" in told
    take_in(book, load(book, project), client)
    assert [annotation.task_id for annotation in mirror.annotations()] == tasks[:2]
    assert f"All {len(tasks)} tasks and 2 annotations of Label Studio are known" in run("doctor", str(project)).out

    assert "Nothing had been missed." in run("resync", str(project)).out
    mirror.forget(tasks[:1])
    told = run("resync", str(project)).out
    assert "1 annotation had been missed" in told
    assert "1 task had been missed" in told
    assert len(mirror.annotations()) == 2


def test_a_project_that_is_not_connected_cannot_be_read(run: Run) -> None:
    """A mistyped number is the user's to mend."""
    assert run("resync", "4711").status == 2
