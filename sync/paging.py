"""Reading a project's tasks page by page, in an order that additions and deletions cannot disturb."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from labelloop.errors import NotFound
from sync.http import Http

Row = Mapping[str, object]


def pages(
    http: Http, project_id: int, columns: Mapping[str, str], *, since: datetime | None, page_size: int
) -> Iterator[list[Row]]:
    """Yield pages of task rows by rising id; `columns` says what each row carries (`fields` or `include`)."""
    last = 0
    while True:
        params: dict[str, str | int] = {
            "project": project_id,
            "page_size": page_size,
            "query": _query(last, since),
            **columns,
        }
        try:
            answer = http.ask("GET", "/api/tasks", params=params)
        except NotFound as missing:
            # An empty page is "Invalid page."; everything else that is not found is an error.
            if "Invalid page" in str(missing):
                return
            raise
        rows = answer["tasks"] if isinstance(answer, dict) else []
        if rows:
            yield rows
            last = rows[-1]["id"]
        if len(rows) < page_size:
            return


def rows_of(http: Http, project_id: int, columns: Mapping[str, str], ids: Sequence[int]) -> list[Row]:
    """Return the rows of these tasks (as many as fit into an address: about 100), by rising id; gone ones left out."""
    items = [{"filter": "filter:tasks:id", "operator": "equal", "type": "Number", "value": task_id} for task_id in ids]
    query = json.dumps({"filters": {"conjunction": "or", "items": items}})
    answer = http.ask(
        "GET", "/api/tasks", params={"project": project_id, "page_size": len(ids), "query": query, **columns}
    )
    return list(answer["tasks"]) if isinstance(answer, dict) else []


def stamp(moment: datetime) -> str:
    """Return the moment as Label Studio's filters want it; any other form is answered with HTTP 500.

    >>> from datetime import timezone
    >>> stamp(datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc))
    '2026-11-22T12:00:00.000000Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _query(after_id: int, since: datetime | None) -> str:
    items: list[dict[str, str | int]] = [
        {"filter": "filter:tasks:id", "operator": "greater", "type": "Number", "value": after_id}
    ]
    if since is not None:
        items.append(
            {
                "filter": "filter:tasks:updated_at",
                "operator": "greater_or_equal",
                "type": "Datetime",
                "value": stamp(since),
            }
        )
    return json.dumps({"filters": {"conjunction": "and", "items": items}})
