"""Putting labels back into the queue: how many people a doubtful label needs before it stands."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from labelloop.domain.consensus import counted_annotations, settle
from labelloop.domain.tasks import Annotation

SECOND = 2


def people_needed(asked: Mapping[int, int], annotations: Iterable[Annotation]) -> dict[int, int]:
    """Return, of the tasks that were put back, those not finished, each with how many people must judge it in all.

    Two people, and one more for as long as they do not settle what they say of any field. `asked` keeps its order; a
    task that nobody judges any more (its annotations were deleted) is an ordinary open task again and left out.
    """
    answers: dict[int, dict[str, list[Annotation]]] = {}
    by_field: dict[str, list[Annotation]] = {}
    for annotation in annotations:
        if annotation.task_id in asked:
            by_field.setdefault(annotation.field, []).append(annotation)
    for name, said in by_field.items():
        for annotation in counted_annotations(said):
            answers.setdefault(annotation.task_id, {}).setdefault(name, []).append(annotation)
    return {
        task_id: needed for task_id in asked if task_id in answers and (needed := _needed(answers[task_id].values()))
    }


def _needed(answers: Collection[Sequence[Annotation]]) -> int:
    """Return how many people must judge a task, 0 where those who did are enough."""
    people = len({annotation.annotator_id for said in answers for annotation in said})
    settled = all(settle(said).value is not None for said in answers)
    return 0 if settled and people >= SECOND else max(SECOND, people + 1)
