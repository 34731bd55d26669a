"""Putting labels back into the queue: how many people a doubtful label needs before it stands."""

from collections.abc import Iterable, Mapping

from labelloop.domain.consensus import judgements, settle
from labelloop.domain.tasks import Annotation

SECOND = 2


def people_needed(asked: Mapping[int, int], annotations: Iterable[Annotation]) -> dict[int, int]:
    """Return, of the tasks that were put back, those not finished, each with how many people must judge it in all.

    Two people, and one more for as long as they do not settle. `asked` keeps its order; a task that nobody judges any
    more (its annotations were deleted) is an ordinary open task again and left out.
    """
    said: dict[int, list[Annotation]] = {}
    for annotation in judgements(a for a in annotations if a.task_id in asked):
        said.setdefault(annotation.task_id, []).append(annotation)
    return {
        task_id: max(SECOND, len(said[task_id]) + 1)
        for task_id in asked
        if task_id in said and (len(said[task_id]) < SECOND or settle(said[task_id]).value is None)
    }
