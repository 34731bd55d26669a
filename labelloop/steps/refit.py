"""Fit the newest round anew, because somebody wants it."""

from datetime import UTC, datetime

from labelloop.domain.records import RefitOrder
from labelloop.errors import NotFound
from labelloop.state.progress import is_fitted
from labelloop.state.project_state import ProjectState
from labelloop.steps.phase_guard import refuse_frozen
from labelloop.steps.trail import enter
from labelloop.stores.book import Book


def order_refit(book: Book, state: ProjectState) -> RefitOrder | None:
    """Order every learner to be fitted to the newest round once more; None while that is being done already.

    What comes out competes as versions that come late do. Raises NotFound before the first round, UserError while the
    model is frozen.
    """
    refuse_frozen(state)
    last = state.last_round
    if last is None:
        raise NotFound(
            f"Project {state.id} has no round yet, so nothing can be fitted anew: label until the first one."
        )
    if not all(map(is_fitted, state.in_newest_round)):
        return None
    order = RefitOrder(state.id, last.number, state.looped.again(last.number) + 1, created_at=datetime.now(UTC))
    book.record(order, f"refit-{order.round_number}-{order.number}", parents=(last.artifact,))
    enter(book, state.id, "refit", f"round {order.round_number}")
    return order
