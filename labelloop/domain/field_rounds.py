"""A round of a project with several fields: what was judged of each, and one look at each task."""

from collections.abc import Mapping
from dataclasses import dataclass

from labelloop.domain.rounds import AnnotatedTask, Round
from labelloop.domain.tasks import Annotation, Role


@dataclass(frozen=True, slots=True)
class JudgedTask:
    """A task with its whole text, and what was judged of each field by name, fields that nobody answered left out."""

    id: int
    text: str
    fields: Mapping[str, AnnotatedTask]

    @property
    def role(self) -> Role:
        """Return the task's role."""
        return next(iter(self.fields.values())).role

    @property
    def annotations(self) -> list[Annotation]:
        """Return everybody's annotations of it, by annotator, each once."""
        every = {one.id: one for task in self.fields.values() for one in task.annotations}
        return sorted(every.values(), key=lambda one: (one.annotator_id, one.id))

    @property
    def settled(self) -> dict[str, AnnotatedTask]:
        """Return those of the fields that have a label."""
        return {name: one for name, one in self.fields.items() if one.label is not None}


@dataclass(frozen=True, slots=True)
class FieldRounds:
    """The rounds of the same number of all looped fields, by name, in the order of the fields."""

    number: int
    by_field: Mapping[str, Round]

    @property
    def training(self) -> frozenset[int]:
        """Return the tasks of whose labels, of any field, may be learned."""
        return frozenset(task.task.id for one in self.by_field.values() for task in one.training)

    @property
    def annotations(self) -> int:
        """Return how many annotations say anything of any field."""
        return len({a.id for one in self.by_field.values() for task in one.tasks for a in task.annotations})

    def audit(self, people: int) -> int:
        """Return how many MONITOR tasks so many persons have judged blind, each of at least one field."""
        return len({task.task.id for one in self.by_field.values() for task in one.audit(people)})

    def judged(self, texts: Mapping[int, str]) -> list[JudgedTask]:
        """Return every judged task with its whole text, by id."""
        found: dict[int, dict[str, AnnotatedTask]] = {}
        for name, one in self.by_field.items():
            for task in one.tasks:
                found.setdefault(task.task.id, {})[name] = task
        return [JudgedTask(id_, texts.get(id_, ""), fields) for id_, fields in sorted(found.items())]
