"""Which label each task of a release gets: people's where there is one, else the model's where it may stand."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from labelloop.domain.consensus import judgements, settle
from labelloop.domain.release import Source
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Annotation, Task
from labelloop.domain.values import Value

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model says of a task; `margin` is p1 - p2, `confidence` the calibrated probability, both in [0, 1]."""

    value: Value
    margin: float
    confidence: float


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


def finish(
    tasks: Mapping[int, Task],
    annotations: Iterable[Annotation],
    looped: Field,
    answers: Mapping[int, Answer],
    automated: Collection[int],
) -> Finished:
    """Return each task's label; `automated` are the tasks whose `answers` may stand.

    A task nobody has touched takes people's label of the same text if there is one. What people skipped, could not
    settle, or gave a label that is no longer allowed is left out, and so is a task without text.
    """
    said = list(annotations)
    touched = {annotation.task_id for annotation in said}
    counted = [a for a in said if a.task_id in tasks and a.value is not None and looped.allows(a.value)]
    of_task = _grouped(counted, lambda a: a.task_id)
    of_text = _grouped(counted, lambda a: tasks[a.task_id].fingerprint)
    labels: dict[int, Given] = {}
    left_out: dict[int, str] = {}
    waiting: list[int] = []
    for task_id, task in sorted(tasks.items()):
        people = of_task.get(task_id, ()) if task_id in touched else of_text.get(task.fingerprint, ())
        consensus = settle(people) if people else None
        if not task.text.strip():
            left_out[task_id] = "it has no text"
        elif consensus and consensus.value is not None:
            labels[task_id] = Given(consensus.value, Source.PEOPLE, people)
        elif task_id in touched:
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
