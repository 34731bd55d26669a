"""Have a round closed before it is due, by a worker."""

from labelloop.state.load import load
from labelloop.steps.phase_guard import refuse_frozen
from labelloop.steps.trail import enter
from labelloop.stores.book import Book
from workers.jobs.job_queue import Bell


def close_early(book: Book, bell: Bell, project_id: int, *, action: str = "train") -> None:
    """Ask a worker to close a round if anything is new, and to fit; enter that as the `action`.

    Raises NotConnected, UserError while the project is certified or released, RedisError where nothing was queued.
    """
    refuse_frozen(load(book, project_id))
    bell.ring(project_id, close=True)
    enter(book, project_id, action)
