"""Which tasks a project has, what each is for, and who has touched it: ids only, no texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from labelloop.domain.tasks import Role


@dataclass(frozen=True, slots=True)
class TaskIndex:
    """A project's tasks by id.

    `ids` are the tasks there are, `with_text` those of them that a model could read. `roles` holds the role of every
    task that was ever drawn, deleted ones included; `annotators` who has annotated or skipped a task, whatever was
    made of it; `without_answer` those of them whose annotations hold no answer, such as an empty Submit.
    """

    ids: frozenset[int] = frozenset()
    with_text: frozenset[int] = frozenset()
    roles: Mapping[int, Role] = field(default_factory=dict)
    annotators: Mapping[int, frozenset[int]] = field(default_factory=dict)
    without_answer: Mapping[int, frozenset[int]] = field(default_factory=dict)

    def of(self, role: Role) -> frozenset[int]:
        """Return every task of a role, deleted ones included."""
        return frozenset(id_ for id_, drawn in self.roles.items() if drawn is role)

    def answered_by(self, task_id: int) -> frozenset[int]:
        """Return who has answered or skipped a task: an annotation without an answer does not count."""
        return self.annotators.get(task_id, frozenset()) - self.without_answer.get(task_id, frozenset())

    def annotators_needed(self, task_id: int, people: int) -> int:
        """Return how many annotators it takes until so many have answered: those without an answer come on top."""
        return people + len(self.without_answer.get(task_id, ()))

    @property
    def without_role(self) -> frozenset[int]:
        """Return the tasks that no role was drawn for yet."""
        return self.ids - self.roles.keys()


def open_train(tasks: TaskIndex) -> list[int]:
    """Return the TRAIN tasks with a text that nobody has touched, by id.

    >>> open_train(TaskIndex(frozenset({1, 2}), frozenset({1, 2}), {1: Role.TRAIN, 2: Role.TRAIN}, {2: frozenset({7})}))
    [1]
    """
    return sorted((tasks.of(Role.TRAIN) & tasks.with_text) - tasks.annotators.keys())


def open_monitor(tasks: TaskIndex, people: int) -> list[int]:
    """Return the MONITOR tasks with a text that fewer than `people` annotators have answered or skipped, by id.

    >>> open_monitor(TaskIndex(frozenset({3}), frozenset({3}), {3: Role.MONITOR}, {3: frozenset({7})}), people=2)
    [3]
    """
    monitor = tasks.of(Role.MONITOR) & tasks.with_text
    return sorted(id_ for id_ in monitor if len(tasks.answered_by(id_)) < people)


def open_certify(tasks: TaskIndex) -> list[int]:
    """Return the CERTIFY tasks with a text that nobody has answered or skipped, by id."""
    return sorted(id_ for id_ in tasks.of(Role.CERTIFY) & tasks.with_text if not tasks.answered_by(id_))
