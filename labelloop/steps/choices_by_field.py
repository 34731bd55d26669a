"""What every field wants to be labelled next, and what people are shown of it: each field after what it depends on."""

from collections.abc import Mapping, Sequence

import numpy as np

from labelloop.domain.asked import about_regions, parents_first, regions_of_tasks, tasks_asked
from labelloop.domain.predictions import Prediction
from labelloop.domain.schema import Field
from labelloop.learners.base import ModelContext
from labelloop.state.project_state import ProjectState
from labelloop.steps.field_choice import FieldChoice
from labelloop.stores.book import Book


def choices_by_field(
    book: Book, state: ProjectState, train: list[int], rng: np.random.Generator, *, context: ModelContext
) -> list[FieldChoice]:
    """Return the choice of each looped field, in their order.

    A field under a condition chooses from the tasks in which it may be asked, by what is predicted of its parents; one
    about regions is asked about those that are predicted.
    """
    fields = {one.field.name: one.field for one in state.fields}
    made: dict[str, FieldChoice] = {}
    for field in parents_first(list(fields.values())):
        predicted = {name: one.predictions for name, one in made.items()}
        asked = tasks_asked(field, fields, train, predicted) if field.condition else {}
        open_to_it = [task for task in train if asked.get(task) is not False]
        regions = regions_of_tasks(field, fields, open_to_it, predicted)
        open_to_it = [task for task in open_to_it if regions.get(task)] or open_to_it
        focused = state.focused(field.name)
        made[field.name] = FieldChoice.made(book, focused, open_to_it, rng, context=context, regions=regions)
    return [made[name] for name in fields]


def shown_by_field(
    book: Book, choices: Sequence[FieldChoice], chosen: Sequence[int]
) -> Mapping[str, Mapping[int, Prediction]]:
    """Return what people are shown of the chosen tasks, by field and task.

    Of a field under a condition only where they are asked for it by what they are shown of its parents: elsewhere it
    would stand unseen in their annotation. Of one about regions, what is left of it where people see only the regions
    that they are shown.
    """
    by_name = {one.state.field.name: one for one in choices}
    fields: dict[str, Field] = {name: one.state.field for name, one in by_name.items()}
    shown: dict[str, Mapping[int, Prediction]] = {}
    for field in parents_first(list(fields.values())):
        asked = tasks_asked(field, fields, chosen, shown) if field.condition else dict.fromkeys(chosen, True)
        regions = regions_of_tasks(field, fields, chosen, shown)
        found = by_name[field.name].shown(book, [task for task in chosen if asked[task]], regions)
        left = {task: about_regions(one, regions.get(task, ())) for task, one in found.items()}
        shown[field.name] = {task: one for task, one in left.items() if one is not None}
    return {name: shown[name] for name in fields}
