"""A release as it grows, part by part: its table, and what is counted of each field."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from labelloop.domain.moments import moment_after
from labelloop.domain.records import Certificate, Release
from labelloop.domain.release_labels import UNLABELLED
from labelloop.domain.release_row import ReleasedTask, ReleaseRow, Source
from labelloop.state.project_state import ProjectState
from labelloop.state.release_parts import Part
from labelloop.steps.label_distribution import ShareCount
from labelloop.steps.release_rows import RowMaker, field_page, release_counts
from labelloop.stores.book import Book
from labelloop.stores.release_files import RELEASE_FILE, SUMMARY_FILE
from labelloop.stores.release_schema import RELEASE
from labelloop.stores.released_tasks import stored_schema
from labelloop.stores.table_files import TableWriter


class FieldDraft:
    """What a release holds of the field in focus, with the certificate of it, None where there is none."""

    def __init__(self, book: Book, state: ProjectState, certificate: Certificate | None) -> None:
        self.name, self._state, self._certificate = state.field.name, state, certificate
        self._row_of = RowMaker(book, state, certificate.version if certificate else "")
        self._shares, self.sources = ShareCount(), Counter[Source]()
        self.left_out = dict[int, str]()

    def rows(self, part: Part) -> list[ReleaseRow]:
        """Return the rows of a part, which are counted."""
        rows = self._row_of.rows(part)
        self._shares.add(rows, {task_id: answer.value for task_id, answer in part.answers.items()})
        self.sources.update(row.source for row in rows)
        self.left_out |= self.missing(part)
        return rows

    def missing(self, part: Part) -> dict[int, str]:
        """Return why tasks of a part have no label."""
        return part.finished.left_out | dict.fromkeys(part.finished.waiting, UNLABELLED)

    def page(self) -> dict[str, object]:
        """Return what `release.json` says of the field."""
        shares = self._shares.shares(self._state.field.labels)
        return field_page(self._state, self.sources, self._certificate, self.left_out, shares)


class ReleaseDraft:
    """A release of all looped fields; `certificates`, granted or not, are by field, none of one without an attempt."""

    def __init__(self, book: Book, state: ProjectState, certificates: Mapping[str, Certificate] | None = None) -> None:
        found = certificates or {}
        self._state, self._mirror = state, book.mirror(state.id)
        self._fields = [FieldDraft(book, one, found.get(one.field.name)) for one in state.by_field]
        names = [one.name for one in self._fields]
        self._table: TableWriter[Any] = TableWriter(RELEASE if len(names) == 1 else stored_schema(names))
        self._of_tasks, self._without = Counter[Source](), 0

    def add(self, parts: Sequence[Part]) -> None:
        """Take in the next part of the tasks, once for each field."""
        rows = [one.rows(part) for one, part in zip(self._fields, parts, strict=True)]
        if len(rows) == 1:
            self._table.add(rows[0])
            self._of_tasks.update(row.source for row in rows[0])
            self._without += len(self._fields[0].missing(parts[0]))
            return
        tasks = self._joined(parts, rows)
        self._table.add(tasks)
        self._of_tasks.update(_source(task) for task in tasks)
        self._without += len(parts[0].tasks) - len(tasks)

    def record(self, *, certificate: int = 0, version: str = "") -> Release:
        """Return the record of the release; of several fields a task counts as the model's if any of its labels is."""
        return Release(
            project_id=self._state.id,
            number=len(self._state.looped.releases) + 1,
            certificate=certificate,
            version=version,
            tasks=self._of_tasks.total(),
            by_people=self._of_tasks[Source.PEOPLE],
            by_model=self._of_tasks[Source.MODEL],
            left_out=self._without,
            created_at=moment_after(self._state.schemas[-1:]),  # it is of the fields that were looped by then
        )

    def files(self, record: Release) -> dict[str, bytes]:
        """Return the files of the release; nothing can be added afterwards, and they do not depend on the time."""
        return {RELEASE_FILE: self._table.content(), SUMMARY_FILE: self._summary(record)}

    def _summary(self, record: Release) -> bytes:
        counts = release_counts(record) | {"title": self._state.connection.title}
        pages = [one.page() for one in self._fields]
        if len(pages) == 1:
            of_record = ("tasks", "by_people", "by_model", "left_out")
            return _json(counts | {key: value for key, value in pages[0].items() if key not in of_record})
        return _json(counts | {"fields": pages})

    def _joined(self, parts: Sequence[Part], rows: Sequence[Sequence[ReleaseRow]]) -> list[ReleasedTask]:
        labels: dict[int, dict[str, ReleaseRow]] = {}
        for one, some in zip(self._fields, rows, strict=True):
            for row in some:
                labels.setdefault(row.task_id, {})[one.name] = row
        why = {one.name: one.missing(part) for one, part in zip(self._fields, parts, strict=True)}
        texts = self._mirror.tasks(sorted(labels))
        return [
            ReleasedTask(
                task_id,
                texts[task_id].text,
                labels[task_id],
                {name: reasons[task_id] for name, reasons in why.items() if task_id in reasons},
            )
            for task_id in sorted(labels)
        ]


def _source(task: ReleasedTask) -> Source:
    by_model = any(row.source is Source.MODEL for row in task.labels.values())
    return Source.MODEL if by_model else Source.PEOPLE


def _json(page: Mapping[str, object]) -> bytes:
    return json.dumps(page, ensure_ascii=False, indent=1).encode()
