"""The figures of annotators as files for spreadsheets; people are named by number, or by letter where hidden."""

from collections.abc import Callable, Iterator
from typing import Any

from flask import Response

from labelloop.domain.human_level import Measured
from labelloop.errors import NotFound
from labelloop.steps.people_seen import PeopleSeen
from ml_backend.pages.desk import Desk, spoken
from ml_backend.pages.downloads import csv_download, file_name
from ml_backend.pages.people_page import person_views

Row = tuple[Any, ...]
Who = Callable[[int], int | str]


def people_csv(desk: Desk, project: int, field: str, table: str, *, hidden: bool) -> Response:
    """Return one of the tables as a file; raises NotConnected, or NotFound for an unknown field or table."""
    rows = _TABLES.get(table)
    if rows is None:
        raise NotFound(f"There is no such file; there are: {', '.join(_TABLES)}.")
    found = desk.people.of((project, field))
    views = person_views(found.seen, {}, spoken(), hidden=hidden)
    called: dict[int, int | str] = {
        view.figures.annotator: view.short if hidden else view.figures.annotator for view in views
    }
    name = file_name(f"people-{table}", project, found.fields, found.field)
    return csv_download(rows(found.seen, called.__getitem__), name)


def _annotators(seen: PeopleSeen, who: Who) -> Iterator[Row]:
    yield (
        *("annotator", "tasks", "skipped", "median_seconds", "last_active"),
        *("audit_tasks", "agreement", "low", "high"),
        *("shown", "shown_kept", "shown_low", "shown_high", "blind", "blind_same", "blind_low", "blind_high"),
    )
    rows = []
    for one in seen.people:
        own = seen.shown.get(one.annotator)
        sides = (*_cells(own.shown), *_cells(own.blind)) if own else (0, None, None, None) * 2
        done = (one.tasks, one.skipped, one.seconds, one.last_active.isoformat())
        rows.append((who(one.annotator), *done, *_cells(one.agreement), *sides))
    yield from sorted(rows, key=lambda row: (len(str(row[0])), str(row[0])))


def _pairs(seen: PeopleSeen, who: Who) -> Iterator[Row]:
    yield "annotator", "with", "audit_tasks", "agreement", "low", "high"
    yield from ((who(one), who(other), *_cells(found)) for (one, other), found in seen.pairs.items())
    with_versions = sorted(seen.with_versions.items())
    yield from ((who(one), version, *_cells(found)) for (one, version), found in with_versions)


def _leanings(seen: PeopleSeen, who: Who) -> Iterator[Row]:
    yield "annotator", "label", "times", "others", "audit_tasks", "p_value", "clear"
    for one in seen.leanings:
        counts = (one.times, round(one.others, 3), one.tasks, one.p_value, int(one.is_clear))
        yield (who(one.annotator), one.label, *counts)


def _gold(seen: PeopleSeen, who: Who) -> Iterator[Row]:
    yield "annotator", "round", "check_answers", "agreement", "low", "high", "below_others"
    for one in seen.gold:
        yield (who(one.annotator), "", *_cells(one.own), int(one.is_below))
        yield from ((who(one.annotator), number, *_cells(found), "") for number, found in one.by_round.items())


def _cells(found: Measured) -> Row:
    return found.n, found.value, found.low, found.high


_TABLES: dict[str, Callable[[PeopleSeen, Who], Iterator[Row]]] = {
    "annotators": _annotators,
    "pairs": _pairs,
    "leanings": _leanings,
    "gold": _gold,
}
