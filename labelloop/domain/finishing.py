"""Which label each task of a release gets: people's where there is one, else the model's where it may stand."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from labelloop.domain.consensus import judgements, settle
from labelloop.domain.predictions import Answer
from labelloop.domain.release import Source
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Annotation, Task
from labelloop.domain.values import Value

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Given:
    """A label and who gave it; people's `judgements` are of the task, or of another one with the same text."""

    value: Value
    source: Source
    judgements: tuple[Annotation, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """How far a release is: labels by task, why tasks are left out, and which ones still need a person."""

    labels: dict[int, Given] = field(default_factory=dict)
    left_out: dict[int, str] = field(default_factory=dict)
    waiting: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What people said, to be looked up: of a task, of a text (by fingerprint), and which tasks they have touched."""

    of_task: dict[int, tuple[Annotation, ...]]
    of_text: dict[str, tuple[Annotation, ...]]
    touched: frozenset[int]


def judged(tasks: Mapping[int, Task], annotations: Iterable[Annotation], looped: Field) -> Judged:
    """Return what people said of these tasks that the field allows."""
    said = list(annotations)
    counted = [a for a in said if a.task_id in tasks and a.value is not None and looped.allows(a.value)]
    return Judged(
        of_task=_grouped(counted, lambda a: a.task_id),
        of_text=_grouped(counted, lambda a: tasks[a.task_id].fingerprint),
        touched=frozenset(annotation.task_id for annotation in said),
    )


def finish(
    tasks: Mapping[int, Task], people: Judged, answers: Mapping[int, Answer], automated: Collection[int]
) -> Finished:
    """Return the label of each of the tasks; `automated` are those whose `answers` may stand.

    A task nobody has touched takes people's label of the same text if there is one. What people skipped, could not
    settle, or gave a label that is no longer allowed is left out, and so is a task without text.
    """
    labels: dict[int, Given] = {}
    left_out: dict[int, str] = {}
    waiting: list[int] = []
    for task_id, task in sorted(tasks.items()):
        touched = task_id in people.touched
        said = people.of_task.get(task_id, ()) if touched else people.of_text.get(task.fingerprint, ())
        consensus = settle(said) if said else None
        if not task.text.strip():
            left_out[task_id] = "it has no text"
        elif consensus and consensus.value is not None:
            labels[task_id] = Given(consensus.value, Source.PEOPLE, said)
        elif touched:
            left_out[task_id] = consensus.unsettled_because if consensus else "people skipped it"
        elif task_id in automated:
            labels[task_id] = Given(answers[task_id].value, Source.MODEL)
        else:
            waiting.append(task_id)
    return Finished(labels, left_out, tuple(waiting))


def _grouped(said: Iterable[Annotation], key: Callable[[Annotation], K]) -> dict[K, tuple[Annotation, ...]]:
    groups: dict[K, list[Annotation]] = {}
    for annotation in judgements(said):
        groups.setdefault(key(annotation), []).append(annotation)
    return {name: tuple(members) for name, members in groups.items()}
