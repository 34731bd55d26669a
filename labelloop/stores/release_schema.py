"""The columns of a released row, each once: the release's own file, every export and their documentation follow."""

import pyarrow as pa

from labelloop.domain.release_row import ReleaseRow
from labelloop.domain.value_cells import span_cells
from labelloop.domain.values import labels_of
from labelloop.stores.table_files import SPANS_TYPE, Column, TableSchema, value_columns

LABEL = TableSchema[ReleaseRow](
    Column(
        "input_text",
        pa.string(),
        lambda row: row.text,
        "the text, as it stood in Label Studio; several inputs are separated by a line that contains only `␞`",
    ),
    Column(
        "label",
        pa.string(),
        lambda row: str(row.value),
        "the label; several are joined by `|`, empty for none",
    ),
    Column(
        "labels",
        pa.list_(pa.string()),
        lambda row: sorted(labels_of(row.value)),
        "the labels as a list, each once (in CSV as JSON); empty for free text",
    ),
)
SPANS = TableSchema[ReleaseRow](
    Column(
        "spans",
        SPANS_TYPE,
        lambda row: span_cells(row.value, row.text),
        "the spans as a list of `start`, `end` (characters as Unicode code points, from 0, `end` excluded), "
        "`label` and `text`; they may overlap (in CSV as JSON)",
    )
)
ORIGIN = TableSchema[ReleaseRow](
    Column("task_id", pa.int64(), lambda row: row.task_id, "the task's id in Label Studio"),
    Column(
        "source",
        pa.string(),
        lambda row: row.source.value,
        "`people`: annotators' consensus; `model`: a model label under the certificate",
    ),
    Column(
        "role",
        pa.string(),
        lambda row: row.role.value,
        "`train`: may be learned from; `monitor`, `certify`: drawn at random, labelled blind, for measuring only",
    ),
    Column(
        "round",
        pa.int64(),
        lambda row: row.round_number,
        "the round in which the annotators' label first settled, 0 for none",
    ),
    Column("people", pa.int64(), lambda row: len(row.annotators), "how many annotators labelled the task"),
    Column("annotators", pa.list_(pa.int64()), lambda row: list(row.annotators), "their ids in Label Studio"),
    Column("annotations", pa.list_(pa.int64()), lambda row: list(row.annotations), "the ids of their annotations"),
    Column("shown", pa.bool_(), lambda row: row.shown, "whether annotators were shown a prediction first"),
    Column(
        "version",
        pa.string(),
        lambda row: row.version,
        "the model version that predicted the task, whoever gave the label; empty where none did",
    ),
    Column("model_digest", pa.string(), lambda row: row.model_digest, "the digest of that version's files"),
    Column(
        "margin",
        pa.float64(),
        lambda row: row.margin,
        "how far its prediction is ahead of the next best value, in [0, 1]; the certificate's threshold applies to it",
    ),
    Column(
        "confidence",
        pa.float64(),
        lambda row: row.confidence,
        "the calibrated probability that the prediction is right, in [0, 1]",
    ),
)
OWN: Column[ReleaseRow] = Column("own", pa.string(), lambda row: row.own, "the task's `data` and `meta` as JSON")
RELEASE = TableSchema[ReleaseRow](*LABEL.columns, *ORIGIN.columns, *value_columns(lambda row: row.value), OWN)
"""What `release.parquet` holds: beside what is exported the `kind`, `value` and `own`, from which rows are read."""
