"""The files of certifying and releasing: the population an attempt was drawn from, and a model's answers on it."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping

import pandas as pd
import pyarrow.parquet as pq

from labelloop.domain.certify import Population
from labelloop.domain.predictions import Answer
from labelloop.domain.records import CertifyDraw, ReleaseChunk
from labelloop.domain.values import FieldKind, kind_of, plain, value_of
from labelloop.stores.book import Book

CERTIFY_FILE = "certify.parquet"
ANSWERS_FILE = "answers.parquet"
_AT_ONCE = 1000
_ANSWER = {
    "task_id": "int64",
    "kind": "str",
    "labels": "str",
    "margin": "float64",
    "confidence": "float64",
    "stands_in": "bool",
}


def write_population(found: Population) -> bytes:
    """Return the content of `certify.parquet`: one row a task, `part` being drawn, pool or other."""
    drawn = set(found.drawn)
    rows = [
        {
            "task_id": task_id,
            "fingerprint": fingerprint,
            "part": "drawn" if task_id in drawn else "pool" if task_id in found.pool else "other",
        }
        for task_id, fingerprint in sorted(found.fingerprints.items())
    ]
    return _parquet(pd.DataFrame(rows))


def read_population(book: Book, draw: CertifyDraw) -> Population:
    """Return the population of an attempt."""
    frame = _population(book, draw, None)
    return Population(
        fingerprints=dict(zip(frame["task_id"].tolist(), frame["fingerprint"].tolist(), strict=True)),
        pool=frozenset(frame.loc[frame["part"] != "other", "task_id"].tolist()),
        drawn=tuple(frame.loc[frame["part"] == "drawn", "task_id"].tolist()),
    )


def fingerprint_parts(book: Book, draw: CertifyDraw) -> Iterator[dict[int, str]]:
    """Yield the fingerprints of all tasks as they stood when the attempt was drawn, a thousand at a time, by id."""
    file = pq.ParquetFile(io.BytesIO(book.artifacts.read(draw.artifact, CERTIFY_FILE)))
    for batch in file.iter_batches(_AT_ONCE, columns=["task_id", "fingerprint"]):
        yield dict(zip(batch["task_id"].to_pylist(), batch["fingerprint"].to_pylist(), strict=True))


def task_ids(book: Book, draw: CertifyDraw) -> list[int]:
    """Return the ids of all tasks that the project had when the attempt was drawn, by id; cheaper than all of it."""
    found: list[int] = _population(book, draw, ["task_id"])["task_id"].tolist()
    return found


def read_pool(book: Book, draw: CertifyDraw) -> frozenset[int]:
    """Return the tasks that the draw was made from; cheaper than the whole population."""
    frame = _population(book, draw, ["task_id", "part"])
    return frozenset(frame.loc[frame["part"] != "other", "task_id"].tolist())


def write_answers(answers: Mapping[int, Answer]) -> bytes:
    """Return the content of `answers.parquet`, in order of task id."""
    rows = [
        {
            "task_id": task_id,
            "kind": kind_of(answer.value).value,
            "labels": json.dumps(plain(answer.value), ensure_ascii=False),
            "margin": answer.margin,
            "confidence": answer.confidence,
            "stands_in": answer.stands_in,
        }
        for task_id, answer in sorted(answers.items())
    ]
    return _parquet(pd.DataFrame(rows, columns=list(_ANSWER)).astype(_ANSWER))


def read_answers(book: Book, chunks: Iterable[ReleaseChunk]) -> dict[int, Answer]:
    """Return a model's answers by task id."""
    found: dict[int, Answer] = {}
    for chunk in chunks:
        frame = pd.read_parquet(io.BytesIO(book.artifacts.read(chunk.artifact, ANSWERS_FILE)))
        if "stands_in" not in frame:  # written before a model could be silent
            frame["stands_in"] = False
        for task_id, kind, labels, margin, confidence, stands_in in frame.itertuples(index=False, name=None):
            found[task_id] = Answer(value_of(FieldKind(kind), json.loads(labels)), margin, confidence, stands_in)
    return found


def _population(book: Book, draw: CertifyDraw, columns: list[str] | None) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(book.artifacts.read(draw.artifact, CERTIFY_FILE)), columns=columns)


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()
