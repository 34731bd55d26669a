"""The page of a field's quality: how well each label is found, what is taken for what, and on which tasks."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Response

from labelloop.domain.disagreements import AuditedTask
from labelloop.domain.values import FieldKind
from labelloop.errors import NotFound
from labelloop.state.project_state import ProjectState
from labelloop.steps.audit_quality import Quality
from ml_backend.pages.confusion_table import ConfusionTable, confusion_table
from ml_backend.pages.desk import Desk

MODEL, PEOPLE = "model", "people"
MOST_TASKS = 200
EXCERPT = 300


@dataclass(frozen=True, slots=True)
class TaskView:
    """An audit task as the page shows it; `people` are their answers with how many gave each, without names."""

    id: int
    text: str
    model: str
    people: tuple[tuple[str, int], ...]
    human_agreement: float | None


def quality_page(desk: Desk, project: int, field: str) -> Response:
    """Return the page; raises NotConnected, or UserError for an unknown field."""
    state = _in_focus(desk, project, field)
    found = desk.figures.quality(project, state.field.name)
    return desk.page("quality.html", found=found, **_head(state), **(quality_figures(found, state) if found else {}))


def tasks_page(desk: Desk, project: int, field: str, of: str, labels: tuple[str, str]) -> Response:
    """Return the tasks behind a cell: `of` the model or people, on these two labels; raises NotFound."""
    state = _in_focus(desk, project, field)
    found = desk.figures.quality(project, state.field.name)
    if found is None or of not in (MODEL, PEOPLE):
        raise NotFound(f"There is no such table: open /projects/{project}/quality again.")
    one, other = labels
    cells, key = (found.of_model, labels) if of == MODEL else (found.among_people, (min(labels), max(labels)))
    ids = sorted(set(cells.get(key, ())))
    return desk.page(
        "quality_tasks.html",
        of=of,
        one=one,
        other=other,
        count=len(ids),
        most=MOST_TASKS,
        tasks=_tasks(found, ids[:MOST_TASKS]),
        **_head(state),
    )


def _in_focus(desk: Desk, project: int, field: str) -> ProjectState:
    return desk.figures.state(project, field)


def _head(state: ProjectState) -> dict[str, Any]:
    return {
        "project": state.id,
        "title": state.connection.title,
        "fields": [one.field.name for one in state.fields],
        "field": state.field.name if state.fields else "",
    }


def quality_figures(found: Quality, state: ProjectState) -> dict[str, Any]:
    """Return what the page and the report show of a field, by the names of their templates."""
    tables = {of: table_of(found, state, of) for of in (MODEL, PEOPLE)}
    return {
        "report": found.report,
        "labels": found.labels,
        "most": max((max(one.people, one.model) for one in found.labels), default=0),
        "tables": tables,
        "of_spans": state.field.kind is FieldKind.SPANS,
        "disputed": _tasks(found, found.report["disputed"]["tasks"]),
    }


def table_of(found: Quality, state: ProjectState, of: str) -> ConfusionTable | None:
    """Return the table of the model and people, or of people with each other; None where nothing was compared."""
    cells = found.of_model if of == MODEL else found.among_people
    return confusion_table(cells, state.field.labels, symmetric=of == PEOPLE)


def _tasks(found: Quality, ids: Iterable[int]) -> list[TaskView]:
    known = {task.id: task for task in found.tasks}
    return [_task(known[id_], found.texts[id_]) for id_ in ids if id_ in known]


def _task(task: AuditedTask, text: str) -> TaskView:
    said = Counter(map(str, task.people.values()))
    return TaskView(
        id=task.id,
        text=text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…",
        model=str(task.model),
        people=tuple(sorted(said.items(), key=lambda item: (-item[1], item[0]))),
        human_agreement=task.human_agreement,
    )
