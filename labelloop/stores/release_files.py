"""A release read back from its `release.parquet`, which is written by `RELEASE`."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labelloop.domain.release_row import ReleaseRow, Source
from labelloop.domain.tasks import Role
from labelloop.domain.value_cells import value_from_cells
from labelloop.stores.table_files import read_rows

RELEASE_FILE, SUMMARY_FILE = "release.parquet", "release.json"


@dataclass(frozen=True, slots=True)
class FieldSummary:
    """What a release says of one field: how many tasks have a label, from whom, and why others have none."""

    field: str
    tasks: int
    by_people: int
    by_model: int
    not_released: Mapping[int, str]

    @property
    def left_out(self) -> Counter[str]:
        """Return how many tasks have no label, by reason."""
        return Counter(self.not_released.values())


def read_summaries(content: bytes) -> list[FieldSummary]:
    """Return what `release.json` says of each of its fields."""
    page = json.loads(content)
    return [
        FieldSummary(
            field=one["field"],
            tasks=one["tasks"],
            by_people=one["by_people"],
            by_model=one["by_model"],
            not_released={row["task_id"]: row["reason"] for row in one["not_released"]},
        )
        for one in page.get("fields", [page])
    ]


def read_release(content: bytes) -> list[ReleaseRow]:
    """Return the rows of a release in order of task id, also of one that 0.1.0 wrote."""
    return [release_row(cells) for cells in read_rows(content)]


def release_row(cells: Mapping[str, Any]) -> ReleaseRow:
    """Return the row that a table's cells say, by the names of the columns of `RELEASE`."""
    return ReleaseRow(
        task_id=cells["task_id"],
        text=cells["input_text"],
        value=value_from_cells(cells),
        source=Source(cells["source"]),
        role=Role(cells["role"]),
        annotations=_ids(cells["annotations"]),
        annotators=_ids(cells["annotators"]),
        version=cells["version"],
        model_digest=cells["model_digest"],
        margin=cells["margin"] if "margin" in cells else cells["raw_confidence"],  # as 0.1.0 called it
        confidence=cells["confidence"],
        round_number=cells["round"],
        shown=cells["shown"],
        own=cells.get("own") or "",
    )


def _ids(cell: list[int] | str) -> tuple[int, ...]:
    return tuple(map(int, cell.split())) if isinstance(cell, str) else tuple(cell)  # 0.1.0 parted them by spaces
