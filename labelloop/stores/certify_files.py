"""The files of certifying and releasing: the population an attempt was drawn from, and a model's answers on it."""

from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa

from labelloop.domain.certification import Population
from labelloop.domain.predictions import Prediction
from labelloop.domain.records import CertifyDraw, ReleaseChunk
from labelloop.domain.value_cells import value_from_cells
from labelloop.stores.book import Book
from labelloop.stores.table_files import (
    Column,
    TableSchema,
    read_columns,
    read_in_parts,
    read_rows,
    value_columns,
)

CERTIFY_FILE = "certify.parquet"
ANSWERS_FILE = "answers.parquet"
_ANSWERS = TableSchema[tuple[int, Prediction]](
    Column("task_id", pa.int64(), lambda row: row[0]),
    *value_columns(lambda row: row[1].value),
    Column("margin", pa.float64(), lambda row: row[1].margin),
    Column("confidence", pa.float64(), lambda row: row[1].confidence),
    Column("fallback", pa.bool_(), lambda row: row[1].fallback),
)


def write_population(found: Population) -> bytes:
    """Return the content of `certify.parquet`: one row a task, `part` being drawn, pool or other."""
    drawn = set(found.drawn)
    schema = TableSchema[int](
        Column("task_id", pa.int64(), lambda id_: id_),
        Column("fingerprint", pa.string(), found.fingerprints.__getitem__),
        Column("part", pa.string(), lambda id_: "drawn" if id_ in drawn else "pool" if id_ in found.pool else "other"),
    )
    return schema.parquet(sorted(found.fingerprints))


def read_population(book: Book, draw: CertifyDraw) -> Population:
    """Return the population of an attempt."""
    ids, fingerprints, parts = read_columns(_population(book, draw), "task_id", "fingerprint", "part")
    return Population(
        fingerprints=dict(zip(ids, fingerprints, strict=True)),
        pool=frozenset(id_ for id_, part in zip(ids, parts, strict=True) if part != "other"),
        drawn=tuple(id_ for id_, part in zip(ids, parts, strict=True) if part == "drawn"),
    )


def fingerprint_parts(book: Book, draw: CertifyDraw) -> Iterator[dict[int, str]]:
    """Yield the fingerprints of all tasks as they stood when the attempt was drawn, a thousand at a time, by id."""
    for part in read_in_parts(_population(book, draw), "task_id", "fingerprint"):
        yield dict(zip(part["task_id"], part["fingerprint"], strict=True))


def task_ids(book: Book, draw: CertifyDraw) -> list[int]:
    """Return the ids of all tasks that the project had when the attempt was drawn, by id; cheaper than all of it."""
    (ids,) = read_columns(_population(book, draw), "task_id")
    return ids


def read_pool(book: Book, draw: CertifyDraw) -> frozenset[int]:
    """Return the tasks that the draw was made from; cheaper than the whole population."""
    ids, parts = read_columns(_population(book, draw), "task_id", "part")
    return frozenset(id_ for id_, part in zip(ids, parts, strict=True) if part != "other")


def write_answers(answers: Mapping[int, Prediction]) -> bytes:
    """Return the content of `answers.parquet`, in order of task id."""
    return _ANSWERS.parquet(sorted(answers.items(), key=lambda row: row[0]))


def read_answers(book: Book, chunks: Iterable[ReleaseChunk]) -> dict[int, Prediction]:
    """Return a model's answers by task id."""
    return {
        row["task_id"]: Prediction(
            value_from_cells(row),
            row["margin"],
            row["confidence"],
            # in 0.1.0 it was called `stands_in`, and before a model could be silent there was none
            row.get("fallback", row.get("stands_in", False)),
        )
        for chunk in chunks
        for row in read_rows(book.artifacts.read(chunk.artifact, ANSWERS_FILE))
    }


def _population(book: Book, draw: CertifyDraw) -> bytes:
    return book.artifacts.read(draw.artifact, CERTIFY_FILE)
