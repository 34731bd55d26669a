"""What versions of several fields say of tasks together, each asked only where those that it depends on ask for it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from labelloop.domain.asked import parents_first, regions_of_tasks, tasks_asked
from labelloop.domain.asked_rounds import ancestors
from labelloop.domain.predictions import Prediction
from labelloop.domain.records import Fit
from labelloop.domain.row_answers import RowAnswer, rows_of_models
from labelloop.domain.units import with_regions
from labelloop.learners.base import ModelContext
from labelloop.state.field_mirror import field_mirror
from labelloop.state.project_state import ProjectState
from labelloop.steps.predict_tasks import answer
from labelloop.stores.book import Book


def model_rows(
    book: Book, state: ProjectState, fits: Mapping[str, Fit], ids: Sequence[int], *, context: ModelContext
) -> dict[str, dict[int, RowAnswer]]:
    """Return what the versions say of each of their fields, which are given by name, in each of the tasks.

    A field that depends on one without a version has no answers.
    """
    fields = {one.field.name: one.field for one in state.fields if one.field.name in fits}
    said: dict[str, dict[int, Prediction]] = {}
    for field in parents_first(tuple(fields.values())):
        one = state.focused(field.name)
        said[field.name] = predict_where_asked(book, one, fits[field.name], ids, said, context=context)
    found = rows_of_models({name: fields[name] for name in said}, ids, said)
    return {name: found.get(name, {}) for name in fits}


def certified_rows(
    book: Book, state: ProjectState, ids: Sequence[int], *, context: ModelContext
) -> dict[int, RowAnswer]:
    """Return what the versions of the newest attempt say of the field in focus, by task."""
    every = {one.field.name: one.field for one in state.fields}
    needed = ancestors(state.field, every) | {state.field.name}
    return model_rows(book, state, attempted_fits(state, needed), ids, context=context)[state.field.name]


def attempted_fits(state: ProjectState, names: frozenset[str] | None = None) -> dict[str, Fit]:
    """Return the fits that the newest attempt froze, by field; of these `names` alone where they are given."""
    return {
        one.field.name: one.version(one.attempt.draw.version)
        for one in state.attempted
        if one.attempt and (names is None or one.field.name in names)
    }


def predict_where_asked(
    book: Book,
    state: ProjectState,
    fit: Fit,
    ids: Sequence[int],
    said: Mapping[str, Mapping[int, Prediction]],
    *,
    context: ModelContext,
) -> dict[int, Prediction]:
    """Return what a version of the field in focus says of those tasks in which `said`, by field, asks for it."""
    fields = {one.field.name: one.field for one in state.fields}
    tasks = field_mirror(book, state).tasks(ids)
    asked = tasks_asked(state.field, fields, list(tasks), said)
    regions = regions_of_tasks(state.field, fields, list(tasks), said)
    questions = [
        replace(task, text=with_regions(task.text, regions[id_])) if id_ in regions else task
        for id_, task in tasks.items()
        if asked[id_]
    ]
    return answer(book, fit, questions, context=context)
