"""Label Studio's API as methods; every answer is one of our wire models or a plain value."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Self

import httpx

from labelloop.errors import NotFound
from sync.api.callbacks import Callbacks
from sync.api.http_client import HttpClient
from sync.api.json_shapes import Row, as_integer, as_object
from sync.api.paging import pages, rows_of
from sync.api.wire import (
    UNREADABLE_ROW,
    WireAccount,
    WireAnnotation,
    WirePrediction,
    WireProject,
    WireStamp,
    WireTask,
    WireUser,
    from_sdk,
    read,
    read_task,
)

IMPORT_BATCH = 1000

# What our models read and no more: the other columns take Label Studio twice as long. The one list of names goes
# for tasks and for what hangs on them.
_READ = {*WireTask.model_fields, *WireAnnotation.model_fields, *WirePrediction.model_fields} - {UNREADABLE_ROW}
TASK_COLUMNS = {"fields": "all", "include": ",".join(sorted(_READ))}


class LabelStudio(Callbacks):
    """One Label Studio 1.23 as one account sees it; safe among threads; close it or use it in `with`.

    `token` is a personal access token or a legacy token, `timeout_s` the longest wait for one answer in seconds,
    `attempts` how often a harmless call is tried, `pause_s` the first pause between attempts, `ca_bundle` a file of
    authorities that are trusted beside the usual ones. Every method may raise
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
        ca_bundle: str = "",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        http = HttpClient(
            url,
            token,
            timeout_s=timeout_s,
            attempts=attempts,
            pause_s=pause_s,
            ca_bundle=ca_bundle,
            transport=transport,
        )
        super().__init__(http)
        self.url = url.rstrip("/")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def version(self) -> str:
        """Return the release, such as "1.23.2"."""
        return str(getattr(self.sdk.versions.get(), "release", "unknown"))

    def whoami(self) -> WireUser:
        """Return the account the token belongs to."""
        return from_sdk(WireUser, self.sdk.users.whoami)

    def account(self) -> WireAccount:
        """Return the same with its organization's owner."""
        return read(WireAccount, self._http.call("GET", "/api/current-user/whoami"))

    def users(self) -> list[WireUser]:
        """Return the accounts of the organization."""
        return [read(WireUser, row) for row in self.sdk.users.list()]

    def project(self, project_id: int) -> WireProject:
        """Return one project; raises NotFound."""
        return from_sdk(WireProject, self.sdk.projects.get, project_id)

    def projects(self) -> list[WireProject]:
        """Return every project the account sees, newest first."""
        # One page: the SDK would go on to one that is not there.
        return [read(WireProject, row) for row in self.sdk.projects.list(page_size=10_000).items]

    def create_project(self, title: str, label_config: str, **settings: object) -> WireProject:
        """Create a project; `title` has 3 to 50 characters, `settings` are Label Studio's own names."""
        return from_sdk(WireProject, self.sdk.projects.create, title=title, label_config=label_config, **settings)

    def update_project(self, project_id: int, **changes: object) -> WireProject:
        """Change settings of a project. A `model_version` must be blank, a backend's title or have predictions."""
        return from_sdk(WireProject, self.sdk.projects.update, project_id, **changes)

    def counts(self, project_id: int) -> tuple[int, int]:
        """Return how many tasks and annotations the project has now, skipped ones included."""
        params: dict[str, str | int] = {"project": project_id, "include": "task_count,annotation_count"}
        answer = as_object(self._http.call("GET", "/api/dm/project", params=params))
        return as_integer(answer.get("task_count")), as_integer(answer.get("annotation_count"))

    def task_pages(
        self, project_id: int, *, since: datetime | None = None, annotated: str = "", page_size: int = 500
    ) -> Iterator[list[WireTask]]:
        """Yield the project's tasks in the order of their ids, all or those changed at or after `since`.

        With `annotated`, only those where an annotation's regions, as JSON, contain these words. No task is left out
        because others are added or deleted meanwhile: a page starts after the last id, not at a number. `since` must
        carry a time zone.
        """
        found = pages(self._http, project_id, TASK_COLUMNS, since=since, annotated=annotated, page_size=page_size)
        for page in found:
            yield [read_task(row) for row in page]

    def tasks(self, project_id: int, ids: Sequence[int]) -> list[WireTask]:
        """Return those of the tasks (at most 100) that the project has, by rising id."""
        rows = rows_of(self._http, project_id, TASK_COLUMNS, ids)
        return [read_task(row) for row in rows]

    def clock(self) -> datetime | None:
        """Return what Label Studio's clock said at its last answer, to the second; None where it does not say."""
        return self._http.clock

    def changed(self, project_id: int, since: datetime | None) -> dict[int, datetime]:
        """Return when each task last changed, of all or of those changed at or after `since`; nothing else is read."""
        found = pages(self._http, project_id, {"include": "id,updated_at"}, since=since, page_size=10_000)
        return {stamp.id: stamp.updated_at for page in found for stamp in (read(WireStamp, row) for row in page)}

    def task_ids(self, project_id: int) -> set[int]:
        """Return the ids of all tasks the project has now."""
        found = pages(self._http, project_id, {"include": "id"}, since=None, page_size=10_000)
        return {as_integer(row["id"]) for page in found for row in page}

    def import_tasks(self, project_id: int, rows: Sequence[Row]) -> list[int]:
        """Import tasks (`{"data": {…}}`) in batches and return their ids in the same order."""
        ids: list[int] = []
        for start in range(0, len(rows), IMPORT_BATCH):
            some = list(rows[start : start + IMPORT_BATCH])
            ids += self.sdk.projects.import_tasks(project_id, request=some, return_task_ids=True).task_ids
        return ids

    def set_overlap(self, task_id: int, overlap: int) -> None:
        """Set how many different people label the task, one more than have done so or higher; raises NotFound."""
        # Label Studio does not look by itself whether a task that counted as labelled is open again.
        self.sdk.tasks.update(str(task_id), overlap=overlap, is_labeled=False)

    def close_task(self, task_id: int) -> None:
        """Count a task as labelled, so that nobody more is given it; raises NotFound."""
        self.sdk.tasks.update(str(task_id), is_labeled=True)

    def next_task(self, project_id: int) -> WireTask | None:
        """Return the task this account would be given by "Label All Tasks" (and lock it); None if there is none."""
        try:
            answer = self._http.call(
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
        completed_by: int | None = None,
    ) -> WireAnnotation:
        """Submit one annotation; `lead_time` in seconds, `was_cancelled` skips the task.

        It belongs to this account, or to the one whose id `completed_by` is.
        """
        author = {} if completed_by is None else {"completed_by": completed_by}
        return from_sdk(
            WireAnnotation,
            self.sdk.annotations.create,
            task_id,
            result=list(result),
            parent_prediction=parent_prediction,
            lead_time=lead_time,
            was_cancelled=was_cancelled,
            **author,
        )

    def delete_annotation(self, annotation_id: int) -> None:
        """Delete an annotation; one that is gone already is no error."""
        with suppress(NotFound):
            self.sdk.annotations.delete(annotation_id)

    def import_predictions(self, project_id: int, rows: Sequence[Row]) -> int:
        """Store predictions in one request and return how many were created.

        Label Studio drops what it finds invalid without a word, stores doubles, and refuses the whole request for one
        unknown task (parts of it may then be stored). Never repeated by itself; `sync.push` deals with all of that.
        """
        answer = self._http.call("POST", f"/api/projects/{project_id}/import/predictions", json=list(rows))
        return as_integer(as_object(answer).get("created"))

    def model_versions(self, project_id: int) -> dict[str, int]:
        """Return how many predictions each stored model version has; the project's own version may show with 0."""
        answer = as_object(self._http.call("GET", f"/api/projects/{project_id}/model-versions/"))
        return {str(name): as_integer(count) for name, count in answer.items()}

    def delete_predictions(self, project_id: int, model_version: str) -> None:
        """Delete all predictions of one version; the project's model version is blanked if it was this one."""
        path = f"/api/projects/{project_id}/model-versions/"
        self._http.call("DELETE", path, json={"model_version": model_version})

    def delete_task_predictions(self, project_id: int, task_ids: Sequence[int]) -> None:
        """Delete all predictions of these tasks, of every version; tasks that are gone are passed over."""
        for start in range(0, len(task_ids), IMPORT_BATCH):
            some = list(task_ids[start : start + IMPORT_BATCH])
            chosen = {"all": False, "included": some}
            self.sdk.actions.create(id="delete_tasks_predictions", project=project_id, selected_items=chosen)
