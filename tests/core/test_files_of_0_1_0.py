"""The files that 0.1.0 wrote are read as they were meant: tests/data/files_of_0_1_0 holds one of each."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, MetaData, Table, create_engine, insert

from labelloop import stores
from labelloop.domain.certification import Population
from labelloop.domain.predictions import Prediction
from labelloop.domain.records import CertifyDraw, ReleaseChunk
from labelloop.domain.release_row import Source
from labelloop.domain.rounds import Round
from labelloop.domain.tasks import Annotation, Origin
from labelloop.domain.value_cells import value_from_json
from labelloop.domain.values import Choice, Choices, FieldKind, Rating, Span, Spans, Text, Value
from labelloop.steps.evaluate import ROWS_FILE
from labelloop.stores.artifacts import Artifacts
from labelloop.stores.book import Book
from labelloop.stores.certify_files import (
    ANSWERS_FILE,
    CERTIFY_FILE,
    fingerprint_parts,
    read_answers,
    read_pool,
    read_population,
    task_ids,
)
from labelloop.stores.judgement_files import JUDGEMENTS
from labelloop.stores.ledger import Ledger, open_engine
from labelloop.stores.mirror import Mirror
from labelloop.stores.release_files import RELEASE_FILE, read_release
from labelloop.stores.round_files import read_round, round_files
from labelloop.stores.table_files import read_rows
from tests.core.released import MODEL, PERSON, TEXTS

MIGRATIONS = Path(stores.__file__).parent / "migrations"
NOON = datetime(2026, 11, 22, 12, 0, 0, 123457, tzinfo=UTC)
BOTH = Choices(frozenset({"bad|odd", "还行"}))
VALUES: tuple[Value, ...] = (
    Choice("good"),
    BOTH,
    Choices(frozenset()),
    Rating(3, 4),
    Spans(frozenset({Span(0, 2, "Ort"), Span(1, 3, "人")})),
    Text("a 🙂\nline"),
    Choice("left"),
    Choice("NA"),
)


def old(name: str) -> bytes:
    """Return the content of a file that 0.1.0 wrote."""
    return (Path(__file__).parents[1] / "data" / "files_of_0_1_0" / name).read_bytes()


@pytest.fixture
def book(engine: Engine, tmp_path: Path) -> Book:
    """An empty project's book."""
    return Book(Ledger(engine), Artifacts(str(tmp_path)))


def test_a_release() -> None:
    """Its margin was called `raw_confidence`, its values `labels`, and ids were parted by spaces."""
    rows = read_release(old(RELEASE_FILE))

    assert [row.value for row in rows] == list(VALUES)
    assert [row.text for row in rows] == list(TEXTS)
    assert {row.margin for row in rows} == {0.1 + 0.2}
    assert [row.source for row in rows] == [Source.PEOPLE, Source.MODEL] * 4
    assert (rows[0].annotators, rows[0].annotations) == (PERSON.annotators, PERSON.annotations)
    assert (rows[1].annotators, rows[1].annotations) == (MODEL.annotators, MODEL.annotations)


def test_a_round() -> None:
    """Written again it is the same round, in today's columns."""
    closed = read_round(1, old(JUDGEMENTS))

    expected = Annotation(401, 4, 1, BOTH, NOON + timedelta(minutes=4), Origin.ACCEPTED, None, 0.4)
    assert [task.task.id for task in closed.tasks] == [2, 4, 6]
    assert closed.tasks[1].annotations[0] == expected
    assert closed.tasks[2].annotations[0].lead_time is None
    assert read_round(1, round_files(closed, None)[JUDGEMENTS]) == closed
    assert "value" in read_rows(round_files(Round(1, closed.tasks), None)[JUDGEMENTS])[0]


def test_a_models_answers_and_what_it_was_asked_about(book: Book) -> None:
    """An attempt to certify, and a release under way, go on where they stood."""
    book.record(
        CertifyDraw(7, 1, "v1", 2, 3, max_error=0.05, delta=0.05, created_at=NOON),
        "certify-1",
        {CERTIFY_FILE: old(CERTIFY_FILE)},
    )
    book.record(ReleaseChunk(7, 1, 0, 8, created_at=NOON), "answers-1-0", {ANSWERS_FILE: old(ANSWERS_FILE)})
    draw, fingerprints = book.ledger.newest(CertifyDraw, 7), {number: f"{number:032x}" for number in range(5)}
    assert draw is not None

    assert read_answers(book, book.ledger.all(ReleaseChunk, 7)) == {
        number: Prediction(value, number / 10, 0.1 + 0.2, number == 3) for number, value in enumerate(VALUES)
    }
    assert read_population(book, draw) == Population(fingerprints, frozenset({1, 2, 3}), (2, 3))
    assert list(fingerprint_parts(book, draw)) == [fingerprints]
    assert (task_ids(book, draw), read_pool(book, draw)) == ([0, 1, 2, 3, 4], frozenset({1, 2, 3}))


def test_an_evaluations_rows() -> None:
    """What a verdict is made of."""
    (first, *_) = rows = read_rows(old(ROWS_FILE))

    assert [row["task_id"] for row in rows] == [2, 4, 6]
    assert (first["agreement"], first["human_agreement"]) == (0.0, 1.0)
    assert value_from_json(FieldKind.CHOICES, first["model_value"]) == Choices(frozenset())


def test_a_mirror(database_url: str) -> None:
    """Its values stood in the column `labels`, as SQLAlchemy writes JSON."""
    engine = create_engine(database_url)
    if engine.url.database and engine.dialect.name == "sqlite":
        Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        table = Table("mirror_annotations", MetaData(), autoload_with=connection)
        same = {"project_id": 7, "task_id": 1, "annotator_id": 1, "judged_at": NOON, "origin": "manual"}
        same |= {"skipped": False, "ground_truth": False}
        rows = [(1, "choices", ["bad|odd", "还行"]), (2, None, [])]
        connection.execute(
            insert(table),
            [same | {"annotation_id": id_, "kind": kind, "labels": labels} for id_, kind, labels in rows],
        )
    engine.dispose()

    opened = open_engine(database_url)
    found = Mirror(opened, 7).annotations()
    opened.dispose()
    assert [(annotation.id, annotation.value) for annotation in found] == [(1, BOTH), (2, None)]
