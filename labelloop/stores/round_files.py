"""A round as files: what people open in a spreadsheet, and what a round is read back from."""

import io
import json
from collections.abc import Hashable, Mapping
from itertools import groupby
from typing import Any

import pandas as pd

from labelloop.domain.consensus import settle
from labelloop.domain.rounds import JudgedTask, Round
from labelloop.domain.tasks import Annotation, Origin, Role, Task
from labelloop.domain.values import FieldKind, kind_of, plain, value_of

JUDGEMENTS = "judgements.parquet"


def round_files(closed: Round, before: Round | None) -> dict[str, bytes]:
    """Return the round's files by name.

    `judgements.parquet` is the whole snapshot; `data_labeled_<n>.csv` and `.parquet` hold the labels settled since the
    round before (columns input_text, label, then provenance); `training_set.csv` and `.parquet` those of all rounds so
    far, without any audit task.
    """
    known = {t.task.id: t.consensus.value for t in before.tasks} if before else {}
    settled = [t for t in closed.tasks if t.consensus.value is not None]
    new = [t for t in settled if known.get(t.task.id) != t.consensus.value]
    return {
        JUDGEMENTS: _parquet(_judgements(closed)),
        **_table(f"data_labeled_{closed.number}", new, closed.number),
        **_table("training_set", list(closed.training), closed.number),
    }


def read_round(number: int, content: bytes) -> Round:
    """Return the round that `round_files` wrote as `judgements.parquet`."""
    frame = pd.read_parquet(io.BytesIO(content))
    tasks = []
    for task_id, group in groupby(frame.to_dict("records"), key=lambda row: int(row["task_id"])):
        rows = list(group)
        judgements = tuple(_annotation(row) for row in rows)
        task = Task(task_id, rows[0]["text"])
        tasks.append(JudgedTask(task, Role(rows[0]["role"]), judgements, settle(judgements)))
    return Round(number, tuple(tasks))


def _table(name: str, tasks: list[JudgedTask], number: int) -> dict[str, bytes]:
    frame = pd.DataFrame([_row(task, number) for task in tasks], columns=list(_COLUMNS)).astype(_COLUMNS)
    # RFC 4180 line ends, which also makes the writer quote a lone carriage return inside a text.
    text = frame.to_csv(index=False, lineterminator="\r\n")
    return {f"{name}.csv": text.encode(), f"{name}.parquet": _parquet(frame)}


_COLUMNS = {
    "input_text": "str",
    "label": "str",
    "task_id": "int64",
    "role": "str",
    "round": "int64",
    "people": "int64",
    "annotators": "str",
    "annotations": "str",
    "origins": "str",
    "shown_predictions": "str",
    "settled_at": "str",
}


def _row(judged: JudgedTask, number: int) -> dict[str, object]:
    said = judged.judgements
    return {
        "input_text": judged.task.text,
        "label": str(judged.consensus.value),
        "task_id": judged.task.id,
        "role": judged.role.value,
        "round": number,
        "people": len(said),
        "annotators": " ".join(str(a.annotator_id) for a in said),
        "annotations": " ".join(str(a.id) for a in said),
        "origins": " ".join(a.origin.value for a in said),
        "shown_predictions": " ".join(str(a.shown_prediction) for a in said if a.shown_prediction is not None),
        "settled_at": judged.consensus.settled_at.isoformat(),
    }


def _judgements(closed: Round) -> pd.DataFrame:
    rows = [
        {
            "task_id": judged.task.id,
            "text": judged.task.text,
            "role": judged.role.value,
            "annotation_id": a.id,
            "annotator_id": a.annotator_id,
            "kind": kind_of(a.value).value,
            "labels": json.dumps(plain(a.value), ensure_ascii=False),
            "judged_at": a.judged_at,
            "origin": a.origin.value,
            "shown_prediction": a.shown_prediction,
            "lead_time": a.lead_time,
            "ground_truth": a.ground_truth,
        }
        for judged in closed.tasks
        for a in judged.judgements
        if a.value is not None
    ]
    frame = pd.DataFrame(rows, columns=list(_JUDGEMENT_COLUMNS))
    return frame.astype(_JUDGEMENT_COLUMNS)


_JUDGEMENT_COLUMNS = {
    "task_id": "int64",
    "text": "str",
    "role": "str",
    "annotation_id": "int64",
    "annotator_id": "int64",
    "kind": "str",
    "labels": "str",
    "judged_at": "datetime64[us, UTC]",
    "origin": "str",
    "shown_prediction": "Int64",
    "lead_time": "Float64",
    "ground_truth": "bool",
}


def _annotation(row: Mapping[Hashable, Any]) -> Annotation:
    return Annotation(
        id=int(row["annotation_id"]),
        task_id=int(row["task_id"]),
        annotator_id=int(row["annotator_id"]),
        value=value_of(FieldKind(row["kind"]), json.loads(row["labels"])),
        judged_at=row["judged_at"].to_pydatetime(),
        origin=Origin(row["origin"]),
        shown_prediction=None if pd.isna(row["shown_prediction"]) else int(row["shown_prediction"]),
        lead_time=None if pd.isna(row["lead_time"]) else float(row["lead_time"]),
        ground_truth=bool(row["ground_truth"]),
    )


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()
