"""A made-up release: rows whose texts are hard to write down, and its records in a project's ledger."""

from dataclasses import replace

from labelloop.domain.records import Certificate, Release
from labelloop.domain.release_row import ReleaseRow, Source
from labelloop.domain.tasks import Role
from labelloop.domain.values import Choice, Value
from labelloop.stores.release_files import RELEASE_FILE
from labelloop.stores.release_schema import RELEASE
from tests.core.made_up import NOON
from tests.core.opened_project import OpenedProject

TEXTS = (
    "今天很开心 🙂👩‍👩‍👧",
    'two\nlines, a "quote"',
    "a lone\rreturn and \r\n both",
    "nothing \x00 there",
    "مرحبا،\u2028world",
    "  spaces around\t",
    "=1+1",
    "NA",
)
PERSON = ReleaseRow(
    task_id=1,
    text=TEXTS[0],
    value=Choice("good"),
    source=Source.PEOPLE,
    role=Role.MONITOR,
    annotations=(1001, 1002),
    annotators=(1, 2),
    version="v1",
    model_digest="abc123",
    margin=0.1 + 0.2,
    confidence=0.75,
    round_number=1,
    shown=False,
)
MODEL = replace(PERSON, source=Source.MODEL, role=Role.TRAIN, annotations=(), annotators=(), round_number=0)
ROWS = [
    replace(PERSON if number % 2 == 0 else MODEL, task_id=number + 1, text=text) for number, text in enumerate(TEXTS)
]


def with_values(*values: Value) -> list[ReleaseRow]:
    """Return one row for each of the values."""
    return [replace(MODEL, task_id=number + 1, value=value) for number, value in enumerate(values)]


def record_release(view: OpenedProject, rows: list[ReleaseRow], *, granted: bool = True) -> Release:
    """Record a release of the rows with its certificate, as the steps do."""
    certificate = Certificate(
        view.id, 1, "v1", granted, "enough", 300, 12, 8, 0.4242, 0.7, max_error=0.05, delta=0.05, created_at=NOON
    )
    view.book.record(certificate, "certificate-1")
    people = sum(row.source is Source.PEOPLE for row in rows)
    release = Release(view.id, 1, 1, "v1", len(rows), people, len(rows) - people, left_out=3, created_at=NOON)
    view.book.record(release, "release-1", {RELEASE_FILE: RELEASE.parquet(rows)})
    return release
