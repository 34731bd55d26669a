"""Put doubtful labels back into the queue, for a second person."""

from dataclasses import dataclass

from labelloop.errors import NeighbourError
from labelloop.steps.frozen import refuse_frozen
from labelloop.steps.label_errors import Suspect, label_errors
from labelloop.steps.order import order_queue, record_publication
from labelloop.steps.project import ProjectView
from workers.bootstrap import Tools
from workers.exchange import bring_out, take_in
from workers.lock import project_lock

PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class PutBack:
    """What `relabel` did: the labels put back, of how many that were judged, and which labels had too few examples.

    `publication` is the queue they now stand first in, empty where no label was doubtful.
    """

    suspects: tuple[Suspect, ...]
    judged: int
    too_few: tuple[tuple[str, int], ...]
    publication: str


def relabel(tools: Tools, view: ProjectView, top: int) -> PutBack:
    """Publish a queue in which the `top` most doubtful TRAIN labels come first, blind, for one more person each.

    Raises UserError while the project is being certified or released, or where there are too few labels to judge;
    NeighbourError if another job keeps the project busy.
    """
    with project_lock(tools.bell.redis, view.id, wait_s=PATIENCE_S) as mine:
        if not mine:
            raise NeighbourError(f"Project {view.id} is busy with another job: try again in a minute.")
        refuse_frozen(view)
        take_in(view, tools.label_studio)
        found = label_errors(view, encode=tools.encode)
        suspects = found.ranking[:top]
        head = order_queue(view, encode=tools.encode, again=[s.task_id for s in suspects]) if suspects else None
        if head is not None:
            bring_out(view, tools.label_studio, head)
            record_publication(view, head)
            tools.bell.announce(view.id)
    tools.bell.ring(view.id)
    return PutBack(suspects, found.judged, found.too_few, head.publication.name if head else "")
