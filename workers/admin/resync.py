"""Read a whole project anew from Label Studio, and say what had been missed."""

from dataclasses import dataclass

from labelloop.domain.tasks import Annotation
from labelloop.state.load import load
from labelloop.steps.trail import enter
from labelloop.stores.mirror import Counts
from workers.jobs.app_context import AppContext
from workers.jobs.label_studio_sync import take_in
from workers.jobs.project_lock import held_project


@dataclass(frozen=True, slots=True)
class Resync:
    """What a full reading found: how much there is now, and what of it was new, other than known, or gone.

    `unread` is what Label Studio counts beyond what can be read.
    """

    tasks: int
    annotations: int
    new_tasks: int
    gone_tasks: int
    new_annotations: int
    changed_annotations: int
    gone_annotations: int
    unread: Counts

    @property
    def found_nothing(self) -> bool:
        """Return whether everything was known as it is."""
        return not any(
            (self.new_tasks, self.gone_tasks, self.new_annotations, self.changed_annotations, self.gone_annotations)
        )


def resync(context: AppContext, project_id: int) -> Resync:
    """Read every task and annotation of the project, whatever is known, and let a worker go on from there.

    Raises NotConnected, and NeighbourError where a job keeps the project busy or Label Studio does not answer.
    """
    state = load(context.book, project_id)
    mirror = context.book.mirror(project_id)
    with held_project(context.bell.redis, project_id):
        tasks, annotations = mirror.task_ids(), _by_id(mirror.annotations())
        mirror.start_over()
        take_in(context.book, state, context.label_studio)
        tasks_now, annotations_now = mirror.task_ids(), _by_id(mirror.annotations())
        cursor = mirror.cursor()
    enter(context.book, project_id, "resync")
    context.bell.ring(project_id)
    both = annotations.keys() & annotations_now.keys()
    return Resync(
        tasks=len(tasks_now),
        annotations=len(annotations_now),
        new_tasks=len(tasks_now - tasks),
        gone_tasks=len(tasks - tasks_now),
        new_annotations=len(annotations_now.keys() - annotations.keys()),
        changed_annotations=sum(annotations[id_] != annotations_now[id_] for id_ in both),
        gone_annotations=len(annotations.keys() - annotations_now.keys()),
        unread=cursor.unread if cursor else Counts(),
    )


def _by_id(annotations: list[Annotation]) -> dict[int, Annotation]:
    return {annotation.id: annotation for annotation in annotations}
