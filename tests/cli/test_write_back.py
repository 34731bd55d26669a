"""`labelloop write-back` on a real Label Studio: what is refused, and what is said of what was done."""

from dataclasses import replace

import pytest

from labelloop.stores.book import Book
from sync.api.client import LabelStudio
from tests.cli.conftest import Run
from tests.core.opened_project import OpenedProject
from tests.core.released import MODEL, record_release
from tests.sync.conftest import choice
from tests.sync.stub_backend import StubBackend


@pytest.fixture
def released(run: Run, client: LabelStudio, project: int, backend: StubBackend, book: Book) -> int:
    """Return a connected project of four tasks: the model labelled all, then somebody judged the first."""
    assert run("connect", str(project)).status == 0
    tasks = [task for page in client.task_pages(project) for task in page]
    rows = [replace(MODEL, task_id=task.id, text=str(task.data["text"])) for task in tasks]
    record_release(OpenedProject(book, project), rows)
    client.annotate(tasks[0].id, [choice("bad")])
    return project


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        (["--as", "annotations"], "--user model@example.com"),
        (["--user", "model@example.com"], "leave --user out"),
        (["--as", "annotations", "--user", "nobody@example.com"], "has no account nobody@example.com"),
        (["--as", "annotations", "--user", "ADMIN"], "as a person: model labels need an account of their own"),
        (["--as", "words"], "'predictions', 'annotations'"),
    ],
)
def test_what_would_mix_people_and_model_is_refused(
    run: Run, released: int, client: LabelStudio, options: list[str], advice: str
) -> None:
    """Nothing is written, and the message says what to do."""
    email = client.whoami().email
    ran = run("write-back", str(released), *[email if word == "ADMIN" else word for word in options])

    assert ran.status == 2
    assert advice in " ".join(ran.err.split())
    assert client.model_versions(released) == {}


def test_a_lead_reads_what_was_written_and_how_to_take_it_back(run: Run, released: int, client: LabelStudio) -> None:
    """One sentence, the reasons for what was left alone, and the way back."""
    first, second = run("write-back", str(released)), run("write-back", str(released))
    removed = run("write-back", str(released), "--remove")

    back = f"To take them back: labelloop write-back {released} --remove"
    assert first.out.splitlines() == [
        "3 labels of the model written as predictions.",
        "  1 left alone: labelled by people",
        back,
    ]
    assert second.out.splitlines() == [
        "0 labels of the model written as predictions.",
        "  3 left alone: there already",
        "  1 left alone: labelled by people",
        back,
    ]
    assert removed.out == "3 labels taken back.\n"
    assert client.model_versions(released) == {}


def test_before_the_first_release_there_is_nothing_to_write(
    run: Run, project: int, backend: StubBackend, client: LabelStudio
) -> None:
    """The message names the command that comes first."""
    assert run("connect", str(project)).status == 0

    ran = run("write-back", str(project))

    assert ran.status == 2
    assert f"labelloop release {project}" in ran.err
