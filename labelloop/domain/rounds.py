"""A round: what people had judged when it closed, and what may be learned and measured from it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from labelloop.domain.consensus import Consensus, counted_annotations, settle
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Annotation, Origin, Role, Task
from labelloop.domain.values import Value


@dataclass(frozen=True, slots=True)
class AnnotatedTask:
    """A task with its role, everybody's judgement of it (one a person) and what these settle to.

    `adjudicated` is the answer that the lead chose where people differ, on TRAIN tasks alone.
    """

    task: Task
    role: Role
    annotations: tuple[Annotation, ...]
    consensus: Consensus
    adjudicated: Value | None = None

    @property
    def is_audit(self) -> bool:
        """Return whether the task measures, so that nobody may decide on its label."""
        return self.role is Role.MONITOR

    @property
    def label(self) -> Value | None:
        """Return the task's label: what the lead decided, else what people settled on, None where neither."""
        return self.consensus.value if self.adjudicated is None else self.adjudicated


@dataclass(frozen=True, slots=True)
class Round:
    """Every judged task as it stood when round `number` closed, in order of task id."""

    number: int
    tasks: tuple[AnnotatedTask, ...]

    @property
    def training(self) -> tuple[AnnotatedTask, ...]:
        """Return the TRAIN tasks with a label: what may be learned from."""
        settled = (t for t in self.tasks if t.role is Role.TRAIN and t.label is not None)
        return tuple(t for t in settled if t.task.text.strip())

    def audit(self, people: int) -> tuple[AnnotatedTask, ...]:
        """Return the MONITOR tasks that at least `people` persons judged blind: what may be measured on."""
        judged = (t for t in self.tasks if t.role is Role.MONITOR and len(t.annotations) >= people)
        return tuple(t for t in judged if t.task.text.strip())


def without_later_opinions(closed: Round, counted: Mapping[int, int]) -> Round:
    """Return the round with no more than the first so many annotations of each of these tasks, by their ids.

    An opinion that was asked for because people differed must not change how far they are said to agree.
    """

    def first(task: AnnotatedTask) -> AnnotatedTask:
        kept = sorted(task.annotations, key=lambda a: a.id)[: counted[task.task.id]]
        return replace(task, annotations=tuple(sorted(kept, key=lambda a: a.annotator_id)), consensus=settle(kept))

    return replace(closed, tasks=tuple(first(t) if counted.get(t.task.id) else t for t in closed.tasks))


def snapshot(
    number: int,
    tasks: Mapping[int, Task],
    annotations: Iterable[Annotation],
    roles: Mapping[int, Role],
    field: Field,
) -> Round:
    """Put together a round from all annotations.

    Values that the field does not allow do not count, nor does any of a task without a text that a model could read.
    On audit tasks an annotation that started from a shown prediction, or was imported, is not blind and is left out.
    """

    def counts(annotation: Annotation) -> bool:
        task = tasks.get(annotation.task_id)
        if task is None or not task.text.strip() or annotation.task_id not in roles:
            return False
        if annotation.value is None or not field.allows(annotation.value):
            return False
        imported = annotation.origin is Origin.IMPORTED
        seen = annotation.origin in (Origin.ACCEPTED, Origin.CORRECTED)
        return roles[annotation.task_id] is Role.TRAIN or not (imported or seen)

    counted = counted_annotations(a for a in annotations if counts(a))
    grouped = [(task_id, tuple(group)) for task_id, group in groupby(counted, key=lambda a: a.task_id)]
    return Round(
        number,
        tuple(AnnotatedTask(tasks[id_], roles[id_], group, settle(group)) for id_, group in grouped),
    )
