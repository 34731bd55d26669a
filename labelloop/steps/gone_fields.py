"""What becomes of an attempt or a release when the labelling configuration no longer has one of its fields."""

from dataclasses import replace
from datetime import UTC, datetime

from labelloop.domain.next_step import Phase
from labelloop.state.project_state import ProjectState
from labelloop.steps.certify import end_attempt
from labelloop.stores.book import Book


def end_without_fields(book: Book, state: ProjectState) -> str:
    """End what is under way for fields that are looped no more, and return why; empty where nothing ends.

    An attempt ends for such a field and goes on for the others. So does a release; it is called off where none of the
    fields that were certified is left.
    """
    number = state.next_attempt - 1
    found = [(one, one.attempt) for one in (*state.fields, *state.former) if one.attempt]
    newest = [(one, attempt) for one, attempt in found if attempt.draw.number == number]
    gone = [one.field.name for one, _ in newest if one in state.former]
    if not gone:
        return ""
    reason = f"the labelling configuration no longer has {', '.join(gone)}"
    opened = [attempt for one, attempt in newest if one in state.former and attempt.phase is Phase.CERTIFY]
    for attempt in opened:
        end_attempt(book, state, attempt, reason)
    order = next((attempt.order for _, attempt in newest if attempt.phase is Phase.RELEASE), None)
    if order is None or any(one.certificate and one.certificate.granted for one in state.attempts):
        return reason if opened else ""
    ended = replace(order, active=False, created_at=datetime.now(UTC), artifact="")
    book.record(ended, f"order-{len(state.looped.orders) + 1}", parents=(order.artifact,))
    return reason
