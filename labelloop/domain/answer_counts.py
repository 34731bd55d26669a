"""What a project holds that counts as no answer, by reason."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from labelloop.domain.schema import Field
from labelloop.domain.tasks import TaskState
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Value, labels_of

TROUBLE = (Unanswered.UNREADABLE, Unanswered.CONTRADICTORY, Unanswered.EMPTY)
"""The reasons that somebody should look into; to skip a task is an annotator's right."""


@dataclass(frozen=True, slots=True)
class AnswerCounts:
    """The annotations and tasks of which nothing is learned.

    `unanswered` has the task of each annotation without an answer, by reason; `unknown_labels` how many annotations
    have a label that the field does not allow (any more). `without_text` counts tasks, `annotations_without_text` the
    annotations of these. `unreadable_tasks` are those about which the labelling tool's answer cannot be read, with the
    reason.
    """

    unanswered: Mapping[Unanswered, tuple[int, ...]] = field(default_factory=dict)
    unknown_labels: Mapping[str, int] = field(default_factory=dict)
    without_text: int = 0
    annotations_without_text: int = 0
    unreadable_tasks: Mapping[int, str] = field(default_factory=dict)

    def count(self, reason: Unanswered) -> int:
        """Return how many annotations have no answer for this reason."""
        return len(self.unanswered.get(reason, ()))


def unknown_labels(looped: Field, values: Iterable[tuple[Value, int]]) -> dict[str, int]:
    """Return how many annotations have each label that the field does not allow, given values and how often each is.

    >>> from labelloop.domain.values import Choice, FieldKind
    >>> unknown_labels(Field("c", FieldKind.CHOICE, ("defect",), "t", ("t",)), [(Choice("bug"), 2)])
    {'bug': 2}
    """
    counts = Counter[str]()
    for value, times in values:
        if not looped.allows(value):
            for label in sorted(labels_of(value) - frozenset(looped.labels)):
                counts[label] += times
    return dict(counts.most_common())


def counts_of(states: Iterable[TaskState], looped: Field) -> AnswerCounts:
    """Return the counts of tasks, and of what annotations say of the field, as the labelling tool now has them."""
    unanswered: dict[Unanswered, list[int]] = {}
    values, blank, of_blank, unreadable = Counter[Value](), 0, 0, {}
    for state in states:
        if state.unreadable:
            unreadable[state.task.id] = state.unreadable
        elif not state.task.text.strip():
            blank, of_blank = blank + 1, of_blank + len({annotation.id for annotation in state.annotations})
        for annotation in (one for one in state.annotations if one.field in ("", looped.name)):
            if annotation.unanswered:
                unanswered.setdefault(annotation.unanswered, []).append(state.task.id)
            if annotation.value is not None:
                values[annotation.value] += 1
    return AnswerCounts(
        unanswered={reason: tuple(ids) for reason, ids in unanswered.items()},
        unknown_labels=unknown_labels(looped, values.items()),
        without_text=blank,
        annotations_without_text=of_blank,
        unreadable_tasks=unreadable,
    )
