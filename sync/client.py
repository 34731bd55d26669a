"""Label Studio's API as methods; every answer is one of our wire models or a plain value."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

import httpx

from labelloop.errors import NotFound, UserError
from sync.http import Http
from sync.paging import pages, rows_of
from sync.wire import (
    WireAnnotation,
    WireBackend,
    WirePrediction,
    WireProject,
    WireStamp,
    WireTask,
    WireUser,
    WireWebhook,
    read,
)

Row = Mapping[str, object]

IMPORT_BATCH = 1000

# What our models read and no more: the other columns take Label Studio twice as long. The one list of names goes
# for tasks and for what hangs on them.
_READ = (*WireTask.model_fields, *WireAnnotation.model_fields, *WirePrediction.model_fields)
TASK_COLUMNS = {"fields": "all", "include": ",".join(sorted(set(_READ)))}


class LabelStudio:
    """One Label Studio 1.23 as one account sees it; safe among threads; close it or use it in `with`.

    `token` is a personal access token or a legacy token, `timeout_s` the longest wait for one answer in seconds,
    `attempts` how often a harmless call is tried, `pause_s` the first pause between attempts. Every method may raise
    UserError (refused; NotFound where the thing does not exist) and NeighbourError (no answer, or a fault there).
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout_s: float = 120.0,
        attempts: int = 5,
        pause_s: float = 0.5,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = Http(url, token, timeout_s=timeout_s, attempts=attempts, pause_s=pause_s, transport=transport)
        self.url = self._http.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def version(self) -> str:
        """Return the release, such as "1.23.2"; needs no valid token."""
        answer = _object(self._http.ask("GET", "/api/version"))
        return str(answer.get("release", "unknown"))

    def whoami(self) -> WireUser:
        """Return the account the token belongs to."""
        return read(WireUser, self._http.ask("GET", "/api/current-user/whoami"))

    def project(self, project_id: int) -> WireProject:
        """Return one project; raises NotFound."""
        return read(WireProject, self._http.ask("GET", f"/api/projects/{project_id}/"))

    def projects(self) -> list[WireProject]:
        """Return every project the account sees, newest first."""
        answer = _object(self._http.ask("GET", "/api/projects/", params={"page_size": 10_000}))
        return [read(WireProject, row) for row in _rows(answer.get("results"))]

    def create_project(self, title: str, label_config: str, **settings: object) -> WireProject:
        """Create a project; `title` has 3 to 50 characters, `settings` are Label Studio's own names."""
        body = {"title": title, "label_config": label_config, **settings}
        return read(WireProject, self._http.ask("POST", "/api/projects/", json=body))

    def update_project(self, project_id: int, **changes: object) -> WireProject:
        """Change settings of a project. A `model_version` must be blank, a backend's title or have predictions."""
        return read(WireProject, self._http.ask("PATCH", f"/api/projects/{project_id}/", json=changes))

    def delete_project(self, project_id: int) -> None:
        """Delete a project with everything in it; a project that is gone already is no error."""
        self._delete(f"/api/projects/{project_id}/")

    def counts(self, project_id: int) -> tuple[int, int]:
        """Return how many tasks and annotations the project has now (skipped ones not counted)."""
        params: dict[str, str | int] = {"project": project_id, "include": "task_count,annotation_count"}
        answer = _object(self._http.ask("GET", "/api/dm/project", params=params))
        return _integer(answer.get("task_count")), _integer(answer.get("annotation_count"))

    def task_pages(
        self, project_id: int, *, since: datetime | None = None, page_size: int = 500
    ) -> Iterator[list[WireTask]]:
        """Yield the project's tasks in the order of their ids, all or those changed at or after `since`.

        No task is left out because others are added or deleted meanwhile: a page starts after the last id, not at a
        number. `since` must carry a time zone.
        """
        for page in pages(self._http, project_id, TASK_COLUMNS, since=since, page_size=page_size):
            yield [read(WireTask, row) for row in page]

    def tasks(self, project_id: int, ids: Sequence[int]) -> list[WireTask]:
        """Return those of the tasks (at most 100) that the project has, by rising id."""
        rows = rows_of(self._http, project_id, TASK_COLUMNS, ids)
        return [read(WireTask, row) for row in rows]

    def changed(self, project_id: int, since: datetime) -> dict[int, datetime]:
        """Return when each task that changed at or after `since` last changed; cheap, as nothing else is read."""
        found = pages(self._http, project_id, {"include": "id,updated_at"}, since=since, page_size=10_000)
        return {stamp.id: stamp.updated_at for page in found for stamp in (read(WireStamp, row) for row in page)}

    def task_ids(self, project_id: int) -> set[int]:
        """Return the ids of all tasks the project has now."""
        found = pages(self._http, project_id, {"include": "id"}, since=None, page_size=10_000)
        return {_integer(row["id"]) for page in found for row in page}

    def import_tasks(self, project_id: int, rows: Sequence[Row]) -> list[int]:
        """Import tasks (`{"data": {…}}`) in batches and return their ids in the same order."""
        ids: list[int] = []
        for start in range(0, len(rows), IMPORT_BATCH):
            answer = self._http.ask(
                "POST",
                f"/api/projects/{project_id}/import",
                params={"return_task_ids": "true"},
                json=list(rows[start : start + IMPORT_BATCH]),
            )
            ids += [_integer(task) for task in _list(_object(answer).get("task_ids"))]
        return ids

    def delete_task(self, task_id: int) -> None:
        """Delete a task; one that is gone already is no error."""
        self._delete(f"/api/tasks/{task_id}/")

    def set_overlap(self, task_id: int, overlap: int) -> None:
        """Set how many different people label the task, one more than have done so or higher; raises NotFound."""
        # Label Studio does not look by itself whether a task that counted as labelled is open again.
        self._http.call("PATCH", f"/api/tasks/{task_id}/", json={"overlap": overlap, "is_labeled": False})

    def next_task(self, project_id: int) -> WireTask | None:
        """Return the task this account would be given by "Label All Tasks" (and lock it); None if there is none."""
        try:
            answer = self._http.ask(
                "POST",
                "/api/dm/actions",
                params={"id": "next_task", "project": project_id},
                json={"project": str(project_id)},
            )
        except NotFound:
            self.project(project_id)
            return None
        return read(WireTask, answer)

    def annotate(
        self,
        task_id: int,
        result: Sequence[Row],
        *,
        parent_prediction: int | None = None,
        lead_time: float | None = None,
        was_cancelled: bool = False,
    ) -> WireAnnotation:
        """Submit one annotation as this account; `lead_time` in seconds, `was_cancelled` skips the task."""
        body = {
            "result": list(result),
            "parent_prediction": parent_prediction,
            "lead_time": lead_time,
            "was_cancelled": was_cancelled,
        }
        return read(WireAnnotation, self._http.ask("POST", f"/api/tasks/{task_id}/annotations/", json=body))

    def import_predictions(self, project_id: int, rows: Sequence[Row]) -> int:
        """Store predictions in one request and return how many were created.

        Label Studio drops what it finds invalid without a word, stores doubles, and refuses the whole request for one
        unknown task (parts of it may then be stored). Never repeated by itself; `sync.push` deals with all of that.
        """
        answer = self._http.ask("POST", f"/api/projects/{project_id}/import/predictions", json=list(rows))
        return _integer(_object(answer).get("created"))

    def model_versions(self, project_id: int) -> dict[str, int]:
        """Return how many predictions each stored model version has; the project's own version may show with 0."""
        answer = _object(self._http.ask("GET", f"/api/projects/{project_id}/model-versions/"))
        return {str(name): _integer(count) for name, count in answer.items()}

    def delete_predictions(self, project_id: int, model_version: str) -> None:
        """Delete all predictions of one version; the project's model version is blanked if it was this one."""
        path = f"/api/projects/{project_id}/model-versions/"
        self._http.call("DELETE", path, json={"model_version": model_version})

    def delete_task_predictions(self, project_id: int, task_ids: Sequence[int]) -> None:
        """Delete all predictions of these tasks, of every version; tasks that are gone are passed over."""
        for start in range(0, len(task_ids), IMPORT_BATCH):
            some = list(task_ids[start : start + IMPORT_BATCH])
            self._http.call(
                "POST",
                "/api/dm/actions",
                params={"id": "delete_tasks_predictions", "project": project_id},
                json={"selectedItems": {"all": False, "included": some}},
            )

    def backends(self, project_id: int) -> list[WireBackend]:
        """Return the project's ML backends; Label Studio asks each for its health meanwhile."""
        answer = self._http.ask("GET", "/api/ml/", params={"project": project_id})
        return [read(WireBackend, row) for row in _rows(answer)]

    def add_backend(self, project_id: int, *, url: str, title: str, user: str, password: str) -> WireBackend:
        """Connect an ML backend, with Basic auth if there is a password; Label Studio calls it at once."""
        body = _backend(project_id, url, title, user, password)
        return read(WireBackend, self._http.ask("POST", "/api/ml/", json=body))

    def update_backend(
        self, backend_id: int, project_id: int, *, url: str, title: str, user: str, password: str
    ) -> WireBackend:
        """Replace an ML backend's settings: all of them, since Label Studio fails on less."""
        body = _backend(project_id, url, title, user, password)
        return read(WireBackend, self._http.ask("PATCH", f"/api/ml/{backend_id}", json=body))

    def delete_backend(self, backend_id: int) -> None:
        """Disconnect an ML backend; its automatic webhook stays behind. One that is gone already is no error."""
        self._delete(f"/api/ml/{backend_id}")

    def webhooks(self, project_id: int) -> list[WireWebhook]:
        """Return the project's webhooks."""
        answer = self._http.ask("GET", "/api/webhooks/", params={"project": project_id})
        return [read(WireWebhook, row) for row in _rows(answer)]

    def add_webhook(
        self,
        project_id: int,
        *,
        url: str,
        headers: Mapping[str, str],
        actions: Sequence[str],
        send_payload: bool = False,
    ) -> WireWebhook:
        """Create an active webhook for the given actions."""
        body = {"project": project_id, **_webhook(url, headers, actions, send_payload)}
        return read(WireWebhook, self._http.ask("POST", "/api/webhooks/", json=body))

    def update_webhook(
        self,
        webhook_id: int,
        *,
        url: str,
        headers: Mapping[str, str],
        actions: Sequence[str],
        send_payload: bool = False,
    ) -> WireWebhook:
        """Replace a webhook's settings and switch it on: always with its actions, which Label Studio else empties."""
        body = _webhook(url, headers, actions, send_payload)
        return read(WireWebhook, self._http.ask("PATCH", f"/api/webhooks/{webhook_id}/", json=body))

    def delete_webhook(self, webhook_id: int) -> None:
        """Delete a webhook; one that is gone already is no error."""
        self._delete(f"/api/webhooks/{webhook_id}/")

    def _delete(self, path: str) -> None:
        try:
            self._http.call("DELETE", path)
        except NotFound:
            return


def _backend(project_id: int, url: str, title: str, user: str, password: str) -> Row:
    # Label Studio fails on an empty password, so without one there is no Basic auth.
    basic = {"auth_method": "BASIC_AUTH", "basic_auth_user": user, "basic_auth_pass": password}
    return {"project": project_id, "url": url, "title": title, **(basic if password else {"auth_method": "NONE"})}


def _webhook(url: str, headers: Mapping[str, str], actions: Sequence[str], send_payload: bool) -> Row:
    return {
        "url": url,
        "headers": dict(headers),
        "actions": list(actions),
        "send_payload": send_payload,
        "send_for_all_actions": False,
        "is_active": True,
    }


def _object(answer: object) -> Row:
    if not isinstance(answer, dict):
        raise UserError("The answer is not Label Studio's: check LABELLOOP_LABEL_STUDIO_URL.")
    return answer


def _list(answer: object) -> list[object]:
    return answer if isinstance(answer, list) else []


def _rows(answer: object) -> list[Row]:
    return [row for row in _list(answer) if isinstance(row, dict)]


def _integer(value: object) -> int:
    return value if isinstance(value, int) else 0
