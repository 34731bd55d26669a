"""Close the tasks of a release that is written."""

import structlog

from labelloop.state.project_state import ProjectState
from sync import push
from sync.api.client import LabelStudio
from workers.jobs.still_open import MOST_CLOSED, still_open

log = structlog.get_logger()


def close_released(state: ProjectState, label_studio: LabelStudio) -> None:
    """Have people given no more tasks of a release that is written: neither the model's nor second persons'.

    In a pool of more than `MOST_CLOSED` open tasks they stay open, and `labelloop release` says so.
    """
    found = still_open(state)
    if len(found) > MOST_CLOSED:
        log.warning("released_tasks_left_open", project=state.id, tasks=len(found))
        return
    push.close(label_studio, found)
