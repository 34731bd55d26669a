"""The files of certifying and releasing: the population an attempt was drawn from, and a model's answers on it."""

import io
import json
from collections.abc import Iterable, Mapping

import pandas as pd

from labelloop.domain.certify import Population
from labelloop.domain.finishing import Answer
from labelloop.domain.records import CertifyDraw, ReleaseChunk
from labelloop.domain.values import labels_of
from labelloop.stores.book import Book
from labelloop.stores.mirror import kind_of, value_of

CERTIFY_FILE = "certify.parquet"
ANSWERS_FILE = "answers.parquet"


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
    frame = pd.read_parquet(io.BytesIO(book.artifacts.read(draw.artifact, CERTIFY_FILE)))
    return Population(
        fingerprints=dict(zip(frame["task_id"].tolist(), frame["fingerprint"].tolist(), strict=True)),
        pool=frozenset(frame.loc[frame["part"] != "other", "task_id"].tolist()),
        drawn=tuple(frame.loc[frame["part"] == "drawn", "task_id"].tolist()),
    )


def write_answers(answers: Mapping[int, Answer]) -> bytes:
    """Return the content of `answers.parquet`, in order of task id."""
    rows = [
        {
            "task_id": task_id,
            "kind": kind_of(answer.value),
            "labels": json.dumps(sorted(labels_of(answer.value)), ensure_ascii=False),
            "margin": answer.margin,
            "confidence": answer.confidence,
        }
        for task_id, answer in sorted(answers.items())
    ]
    columns = {"task_id": "int64", "kind": "str", "labels": "str", "margin": "float64", "confidence": "float64"}
    return _parquet(pd.DataFrame(rows, columns=list(columns)).astype(columns))


def read_answers(book: Book, chunks: Iterable[ReleaseChunk]) -> dict[int, Answer]:
    """Return a model's answers by task id."""
    found: dict[int, Answer] = {}
    for chunk in chunks:
        frame = pd.read_parquet(io.BytesIO(book.artifacts.read(chunk.artifact, ANSWERS_FILE)))
        for task_id, kind, labels, margin, confidence in frame.itertuples(index=False, name=None):
            value = value_of(kind, json.loads(labels))
            if value is not None:
                found[task_id] = Answer(value, margin, confidence)
    return found


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()
