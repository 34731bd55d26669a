"""Reading a project's tasks page by page, in an order that additions and deletions cannot disturb.

A task that Label Studio itself cannot read (HTTP 500) is a row of its id and the reason, so that it stops no project.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from labelloop.errors import NotFound
from sync.api.api_errors import ServerFault
from sync.api.http_client import HttpClient
from sync.api.json_shapes import Row, as_integer, as_rows
from sync.api.wire import UNREADABLE_ROW

AT_ONCE = 100
IDS_ONLY = {"include": "id"}
UNREADABLE = (
    "Label Studio answers HTTP 500 whenever it is read: one of its annotations holds half a character. "
    "Delete its annotations and have it labelled again; docs/controls.md says how."
)


def pages(
    http: HttpClient,
    project_id: int,
    columns: Mapping[str, str],
    *,
    since: datetime | None,
    page_size: int,
    annotated: str = "",
) -> Iterator[list[Row]]:
    """Yield pages of task rows by rising id; `columns` says what each row carries (`fields` or `include`).

    Only tasks changed at or after `since`, and only those with `annotated` in an annotation's regions, if given.
    """
    last = 0
    while True:
        query = _query(last, since, annotated)
        try:
            rows = _page(http, project_id, columns, query, page_size)
            ids = [as_integer(row["id"]) for row in rows]
        except ServerFault:
            ids = [as_integer(row["id"]) for row in _page(http, project_id, IDS_ONLY, query, page_size)]
            batches = (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
            rows = [row for batch in batches for row in rows_of(http, project_id, columns, batch)]
        if rows:
            yield rows
        if len(ids) < page_size:
            return
        last = ids[-1]


def _page(http: HttpClient, project_id: int, columns: Mapping[str, str], query: str, size: int) -> list[Row]:
    params: dict[str, str | int] = {"project": project_id, "page_size": size, "query": query, **columns}
    try:
        answer = http.call("GET", "/api/tasks", params=params)
    except NotFound as missing:
        # An empty page is "Invalid page."; everything else that is not found is an error.
        if "Invalid page" in str(missing):
            return []
        raise
    return as_rows(answer.get("tasks")) if isinstance(answer, dict) else []


def rows_of(http: HttpClient, project_id: int, columns: Mapping[str, str], ids: Sequence[int]) -> list[Row]:
    """Return the rows of these tasks (as many as fit into an address: about 100), by rising id; gone ones left out."""
    try:
        return _of(http, project_id, columns, ids)
    except ServerFault:
        if len(ids) > 1:
            half = len(ids) // 2
            parts = (ids[:half], ids[half:])
            return [row for part in parts for row in rows_of(http, project_id, columns, part)]
        there = _of(http, project_id, IDS_ONLY, ids)  # raises where it is not the task, but Label Studio as a whole
        return [{"id": row["id"], UNREADABLE_ROW: UNREADABLE} for row in there]


def _of(http: HttpClient, project_id: int, columns: Mapping[str, str], ids: Sequence[int]) -> list[Row]:
    items = [_filter("id", "equal", "Number", task_id) for task_id in ids]
    query = json.dumps({"filters": {"conjunction": "or", "items": items}})
    return _page(http, project_id, columns, query, len(ids))


def stamp(moment: datetime) -> str:
    """Return the moment as Label Studio's filters want it; any other form is answered with HTTP 500.

    >>> from datetime import timezone
    >>> stamp(datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc))
    '2026-11-22T12:00:00.000000Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _query(after_id: int, since: datetime | None, annotated: str) -> str:
    items = [_filter("id", "greater", "Number", after_id)]
    if since is not None:
        items.append(_filter("updated_at", "greater_or_equal", "Datetime", stamp(since)))
    if annotated:
        items.append(_filter("annotations_results", "contains", "String", annotated))
    return json.dumps({"filters": {"conjunction": "and", "items": items}})


def _filter(column: str, operator: str, kind: str, value: str | int) -> dict[str, str | int]:
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}
