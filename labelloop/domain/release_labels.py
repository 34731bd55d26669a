"""Which label each task of a release gets: people's where there is one, else the model's where it may stand."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from labelloop.domain.asked import Answer, Fields
from labelloop.domain.asked_rounds import asked_by, condition_of_task
from labelloop.domain.consensus import counted_annotations, settle
from labelloop.domain.predictions import Prediction
from labelloop.domain.release_row import Source
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Annotation, Task
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Value

NO_TEXT, SKIPPED, UNLABELLED = "it has no text", "people skipped it", "nobody has labelled it"
NO_ANSWER = "its annotations hold no answer that counts"
NOT_ASKED = "it was not asked: its condition does not hold"
NOT_KNOWN = "whether it was asked is not settled"
_SILENT = (NO_TEXT, SKIPPED, NO_ANSWER, NOT_ASKED)
_NOT_SPLIT = (*_SILENT, NOT_KNOWN, UNLABELLED)
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Given:
    """A label and who gave it; people's `annotations` are of the task, or of another one with the same text."""

    value: Value
    source: Source
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """How far a release is: labels by task, why tasks are left out, and which ones still need a person."""

    labels: dict[int, Given] = field(default_factory=dict)
    left_out: dict[int, str] = field(default_factory=dict)
    waiting: tuple[int, ...] = ()

    def says(self, task_id: int) -> Answer | None:
        """Return a task's label, or that it is not asked; None where neither is known."""
        if task_id in self.labels:
            return self.labels[task_id].value
        return Unanswered.NOT_ASKED if self.left_out.get(task_id) == NOT_ASKED else None


@dataclass(frozen=True, slots=True)
class PeopleLabels:
    """What people said, to be looked up: of a task, of a text (by fingerprint).

    `touched` are the tasks that have annotations, `without_answer` those where one of them holds no answer that counts,
    `not_asked` those in none of whose annotations the field's condition held.
    """

    of_task: dict[int, tuple[Annotation, ...]]
    of_text: dict[str, tuple[Annotation, ...]]
    touched: frozenset[int]
    without_answer: frozenset[int] = frozenset()
    not_asked: frozenset[int] = frozenset()


def people_labels(tasks: Mapping[int, Task], annotations: Iterable[Annotation], looped: Field) -> PeopleLabels:
    """Return what people said of these tasks that the field allows."""
    every = list(annotations)
    counted = [a for a in every if a.task_id in tasks and a.value is not None and looped.allows(a.value)]
    return PeopleLabels(
        of_task=_grouped(counted, lambda a: a.task_id),
        of_text=_grouped(counted, lambda a: tasks[a.task_id].fingerprint),
        touched=frozenset(annotation.task_id for annotation in every),
        without_answer=frozenset(
            a.task_id for a in every if a.unanswered not in (None, Unanswered.SKIPPED) or _is_unknown(looped, a)
        ),
        not_asked=frozenset(a.task_id for a in every if a.unanswered is Unanswered.NOT_ASKED)
        - {a.task_id for a in every if a.unanswered is not Unanswered.NOT_ASKED},
    )


def _is_unknown(looped: Field, annotation: Annotation) -> bool:
    return annotation.value is not None and not looped.allows(annotation.value)


def finish(
    tasks: Mapping[int, Task], people: PeopleLabels, answers: Mapping[int, Prediction], automated: Collection[int]
) -> Finished:
    """Return the label of each of the tasks; `automated` are those whose `answers` may stand, without one: not asked.

    A task nobody has touched takes people's label of the same text if there is one. What people skipped, could not
    settle, or gave a label that is no longer allowed is left out, and so is a task without text.
    """
    labels: dict[int, Given] = {}
    left_out: dict[int, str] = {}
    waiting: list[int] = []
    for task_id, task in sorted(tasks.items()):
        touched = task_id in people.touched
        counted = people.of_task.get(task_id, ()) if touched else people.of_text.get(task.fingerprint, ())
        consensus = settle(counted) if counted else None
        if not task.text.strip():
            left_out[task_id] = NO_TEXT
        elif consensus and consensus.value is not None:
            labels[task_id] = Given(consensus.value, Source.PEOPLE, counted)
        elif touched:
            left_out[task_id] = consensus.unsettled_reason if consensus else _why_no_label(people, task_id)
        elif task_id in automated and task_id in answers:
            labels[task_id] = Given(answers[task_id].value, Source.MODEL)
        elif task_id in automated:
            left_out[task_id] = NOT_ASKED
        else:
            waiting.append(task_id)
    return Finished(labels, left_out, tuple(waiting))


def finish_where_asked(finished: Finished, field: Field, fields: Fields, parents: Mapping[str, Finished]) -> Finished:
    """Return the same without labels of tasks in which the labels of other fields do not ask for this one.

    `parents` has all it depends on, by name. What has no label for another reason keeps that reason.
    """
    field = condition_of_task(field, fields)
    if field.condition is None:
        return finished
    labels, left_out = dict(finished.labels), dict(finished.left_out)
    for task_id in (*finished.labels, *unsettled(finished.left_out)):
        asked = _asked(task_id, field, fields, parents)
        if not asked:
            labels.pop(task_id, None)
            left_out[task_id] = NOT_ASKED if asked is False else _not_known(task_id, parents)
    return Finished(labels, left_out, finished.waiting)


def wait_where_asked(finished: Finished, field: Field, fields: Fields, parents: Mapping[str, Finished]) -> Finished:
    """Return the same with those tasks alone waiting in which the labels of other fields ask for this one."""
    asked = {task_id: _asked(task_id, field, fields, parents) for task_id in finished.waiting}
    why = {id_: NOT_ASKED if one is False else _not_known(id_, parents) for id_, one in asked.items() if not one}
    waiting = tuple(task_id for task_id in finished.waiting if asked[task_id])
    return Finished(finished.labels, finished.left_out | why, waiting)


def wait_for_nobody(finished: Finished) -> Finished:
    """Return the same with no task waiting: what nobody has labelled stays without a label."""
    return Finished(finished.labels, finished.left_out | dict.fromkeys(finished.waiting, UNLABELLED))


def _asked(task_id: int, field: Field, fields: Fields, parents: Mapping[str, Finished]) -> bool | None:
    said = {
        name: one.labels[task_id].value if task_id in one.labels else None
        for name, one in parents.items()
        if one.left_out.get(task_id) not in _SILENT
    }
    return asked_by(said, field, fields)


def _not_known(task_id: int, parents: Mapping[str, Finished]) -> str:
    nobody = any(task_id in one.waiting or one.left_out.get(task_id) == UNLABELLED for one in parents.values())
    return UNLABELLED if nobody else NOT_KNOWN


def _why_no_label(people: PeopleLabels, task_id: int) -> str:
    if task_id in people.not_asked:
        return NOT_ASKED
    return NO_ANSWER if task_id in people.without_answer else SKIPPED


def unsettled(left_out: Mapping[int, str]) -> dict[int, str]:
    """Return the tasks that people labelled but could not settle, of those left out, with the reasons.

    >>> unsettled({1: "it has no text", 2: "tie between bad, good"})
    {2: 'tie between bad, good'}
    """
    return {
        id_: why for id_, why in left_out.items() if why not in (NO_TEXT, SKIPPED, UNLABELLED, NO_ANSWER, NOT_ASKED)
    }


def _grouped(annotations: Iterable[Annotation], key: Callable[[Annotation], K]) -> dict[K, tuple[Annotation, ...]]:
    groups: dict[K, list[Annotation]] = {}
    for annotation in counted_annotations(annotations):
        groups.setdefault(key(annotation), []).append(annotation)
    return {name: tuple(members) for name, members in groups.items()}
