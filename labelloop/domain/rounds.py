"""A round: what people had judged when it closed, and what may be learned and measured from it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from labelloop.domain.consensus import Consensus, judgements, settle
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Annotation, Origin, Role, Task


@dataclass(frozen=True, slots=True)
class JudgedTask:
    """A task with its role, everybody's judgement of it (one a person) and what these settle to."""

    task: Task
    role: Role
    judgements: tuple[Annotation, ...]
    consensus: Consensus


@dataclass(frozen=True, slots=True)
class Round:
    """Every judged task as it stood when round `number` closed, in order of task id."""

    number: int
    tasks: tuple[JudgedTask, ...]

    @property
    def training(self) -> tuple[JudgedTask, ...]:
        """Return the settled TRAIN tasks: what may be learned from."""
        return tuple(t for t in self.tasks if t.role is Role.TRAIN and t.consensus.value is not None)

    def audit(self, people: int) -> tuple[JudgedTask, ...]:
        """Return the MONITOR tasks that at least `people` persons judged blind: what may be measured on."""
        return tuple(t for t in self.tasks if t.role is Role.MONITOR and len(t.judgements) >= people)


def snapshot(
    number: int,
    tasks: Mapping[int, Task],
    annotations: Iterable[Annotation],
    roles: Mapping[int, Role],
    field: Field,
) -> Round:
    """Put together a round from everything people have said; values that the field does not allow count as not said.

    On audit tasks a judgement that started from a shown prediction, or was imported, is not blind and is left out.
    """

    def counts(annotation: Annotation) -> bool:
        if annotation.task_id not in tasks or annotation.task_id not in roles:
            return False
        if annotation.value is None or not field.allows(annotation.value):
            return False
        imported = annotation.origin is Origin.IMPORTED
        seen = annotation.origin in (Origin.ACCEPTED, Origin.CORRECTED)
        return roles[annotation.task_id] is Role.TRAIN or not (imported or seen)

    said = judgements(a for a in annotations if counts(a))
    grouped = [(task_id, tuple(group)) for task_id, group in groupby(said, key=lambda a: a.task_id)]
    return Round(
        number,
        tuple(JudgedTask(tasks[id_], roles[id_], group, settle(group)) for id_, group in grouped),
    )
