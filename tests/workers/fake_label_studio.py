"""A Label Studio that is a Python object: what pull and push ask of the real one, kept in memory."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from labelloop.errors import NeighbourError
from sync.api.wire import WireAnnotation, WirePrediction, WireProject, WireTask
from tests.core.made_up import text, truth

CONFIG = """<View><Text name="text" value="$text"/><Choices name="mood" toName="text" choice="single">
<Choice value="good"/><Choice value="bad"/><Choice value="odd"/></Choices></View>"""
NOTHING_TO_LEARN = '<View><Text name="text" value="$text"/></View>'


class FakeLabelStudio:
    """One project; `away` makes every request fail."""

    def __init__(self, tasks: int) -> None:
        self.label_config, self.model_version, self.away = CONFIG, "", False
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)
        self.stored = {i: WireTask(id=i, data={"text": text(i)}, updated_at=self.now) for i in range(1, tasks + 1)}
        self.predictions: dict[int, dict[str, Mapping[str, object]]] = {i: {} for i in self.stored}
        self.overlaps: dict[int, int] = {}
        self.closed: set[int] = set()
        self.pushes: list[str] = []
        self.pulls = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return None

    # What people do

    def annotate(self, tasks: Iterable[int], person: int) -> None:
        """Let a person judge the tasks as their words say, from the pre-annotation if one with content is shown."""
        for id_ in tasks:
            self.now += timedelta(seconds=1)
            task = self.stored[id_]
            shown = self.predictions[id_].get(self.model_version, {})
            region = {
                "from_name": "mood",
                "to_name": "text",
                "type": "choices",
                "value": {"choices": [truth(id_)]},
                "origin": "prediction" if shown.get("result") else "manual",
            }
            annotation = WireAnnotation(
                id=1000 * person + id_,
                completed_by=person,
                updated_by=person,
                result=[region],
                parent_prediction=id_ if shown.get("result") else None,
                created_at=self.now,
                updated_at=self.now,
            )
            self.stored[id_] = task.model_copy(
                update={"annotations": [*task.annotations, annotation], "updated_at": self.now}
            )

    def unlabel(self, task_id: int) -> None:
        """Delete everybody's annotations of a task."""
        self.now += timedelta(seconds=1)
        self.stored[task_id] = self.stored[task_id].model_copy(update={"annotations": [], "updated_at": self.now})

    # What the client offers

    def project(self, project_id: int) -> WireProject:
        self._answer()
        return WireProject(id=project_id, label_config=self.label_config, model_version=self.model_version)

    def update_project(self, project_id: int, **changes: str) -> WireProject:
        self.model_version = changes["model_version"]
        return self.project(project_id)

    def counts(self, project_id: int) -> tuple[int, int]:
        self._answer()
        return len(self.stored), sum(len(task.annotations) for task in self.stored.values())

    def task_pages(self, project_id: int, *, annotated: str = "") -> Iterator[list[WireTask]]:
        found = self.tasks(project_id, list(self.stored))
        yield [task for task in found if annotated in str([a.result for a in task.annotations])]

    def clock(self) -> datetime | None:
        return self.now

    def changed(self, project_id: int, since: datetime | None) -> dict[int, datetime]:
        self._answer()
        found = self.stored.values()
        return {task.id: task.updated_at for task in found if since is None or task.updated_at >= since}

    def tasks(self, project_id: int, ids: Sequence[int]) -> list[WireTask]:
        self._answer()
        self.pulls += 1
        found = [self.stored[id_] for id_ in ids if id_ in self.stored]
        return [task.model_copy(update={"predictions": self._shown(task.id)}) for task in found]

    def task_ids(self, project_id: int) -> set[int]:
        self._answer()
        return set(self.stored)

    def set_overlap(self, task_id: int, overlap: int) -> None:
        self._answer()
        self.overlaps[task_id] = overlap
        self.closed.discard(task_id)

    def close_task(self, task_id: int) -> None:
        self._answer()
        self.closed.add(task_id)

    def model_versions(self, project_id: int) -> dict[str, int]:
        self._answer()
        return dict(Counter(name for versions in self.predictions.values() for name in versions))

    def delete_predictions(self, project_id: int, model_version: str) -> None:
        self._answer()
        for versions in self.predictions.values():
            versions.pop(model_version, None)

    def delete_task_predictions(self, project_id: int, task_ids: Sequence[int]) -> None:
        self._answer()
        for task in task_ids:
            self.predictions[task].clear()

    def import_predictions(self, project_id: int, rows: Sequence[Mapping[str, object]]) -> int:
        self._answer()
        for row in rows:
            task, name = int(str(row["task"])), str(row["model_version"])
            assert name not in self.predictions[task], "pushed twice"
            self.predictions[task][name] = row
        self.pushes.append(str(rows[0]["model_version"]))
        return len(rows)

    def _shown(self, task: int) -> list[WirePrediction]:
        return [
            WirePrediction.model_validate({"id": task, **row})
            for name, row in self.predictions[task].items()
            if name == self.model_version
        ]

    def _answer(self) -> None:
        if self.away:
            raise NeighbourError("Label Studio does not answer.")
