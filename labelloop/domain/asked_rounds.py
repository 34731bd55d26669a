"""A round of a field under a condition: only the tasks in which all annotators together say that it is asked."""

from collections.abc import Mapping
from dataclasses import replace

from labelloop.domain.asked import Answer, Fields, is_asked, marking
from labelloop.domain.conditions import Condition
from labelloop.domain.rounds import Round
from labelloop.domain.schema import Field
from labelloop.domain.unanswered import Unanswered


def ancestors(field: Field, fields: Fields) -> frozenset[str]:
    """Return the names of the fields that it depends on, and of those that these depend on."""
    found: frozenset[str] = field.condition.parents if field.condition else frozenset()
    return found.union(*(ancestors(fields[name], fields) for name in found if name in fields))


def condition_of_task(field: Field, fields: Fields) -> Field:
    """Return the field, of one about regions with that part of its condition alone which is about the whole task.

    Each annotator was asked about the regions that they marked, whatever most people marked.
    """
    if not field.is_about_regions or field.condition is None:
        return field
    of_regions = {*marking(field, fields), *(name for name, one in fields.items() if one.is_about_regions)}
    left = tuple(one for one in field.condition.requirements if of_regions.isdisjoint(one.fields))
    return replace(field.of_one_region, condition=Condition(left) if left else None)


def where_asked(judged: Round, field: Field, fields: Fields, rounds: Mapping[str, Round]) -> Round:
    """Return the round without the tasks in which the settled answers of other fields do not ask for this one.

    `rounds` has those of all it depends on, by name. One annotator may have been asked where most were not: what they
    said would stand beside an answer that it contradicts. Where a parent has not settled nobody can tell.
    """
    field = condition_of_task(field, fields)
    if field.condition is None:
        return judged
    settled: dict[int, dict[str, Answer | None]] = {}
    for name in ancestors(field, fields):
        for task in rounds[name].tasks:
            settled.setdefault(task.task.id, {})[name] = task.label
    asks = {id_: asked_by(found, field, fields) for id_, found in settled.items()}
    return replace(judged, tasks=tuple(t for t in judged.tasks if asks.get(t.task.id, asked_by({}, field, fields))))


def asked_by(settled: Mapping[str, Answer | None], field: Field, fields: Fields) -> bool | None:
    """Return whether a task asks for the field by what others have settled on, None where nobody can tell.

    One that is missing there was silent, and None is the answer of one that has not settled.
    """
    silent: dict[str, Answer] = dict.fromkeys(ancestors(field, fields) - settled.keys(), Unanswered.EMPTY)
    return is_asked(field, fields, silent | {name: one for name, one in settled.items() if one is not None})
