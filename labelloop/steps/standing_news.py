"""What holds at the moment and is worth telling: a queue about to run dry, a cap that is nearly or wholly spent."""

from datetime import datetime

from labelloop.domain.news import Event, Kind
from labelloop.domain.next_step import Phase, next_step
from labelloop.state.progress import progress
from labelloop.state.project_state import ProjectState
from labelloop.state.queue_left import queue_left
from labelloop.steps.ledger_news import key

LITTLE_LEFT = 0.1
"""The share of a published queue at which it is about to run dry."""
MUCH_SPENT = 0.8
NOTHING_LEFT = 0.01
"""The share of a cap that no request may count on any more."""


def queue_low(state: ProjectState, now: datetime) -> Event | None:
    """Return the event that the queue is about to run dry, None where it is not, or will be filled again by itself."""
    if state.queue is None or state.phase is not Phase.ROUNDS or next_step(progress(state)) is not None:
        return None
    published, left = len(state.queue.order), queue_left(state)
    if not published or left > published * LITTLE_LEFT:
        return None
    untouched = len(state.tasks.ids - state.tasks.annotators.keys())
    figures = {"left": left, "published": published, "untouched": untouched}
    return Event(Kind.QUEUE, key(state.queue.publication.name), now, figures)


def cap_spent(spent: float, dearest: float, cap: float, now: datetime) -> Event | None:
    """Return the event that a project has spent most of its cap on LLMs, or all of it; else None.

    `dearest` is what its most expensive request has cost so far: when less than that is left, the cap is reached.

    >>> at = datetime(2026, 1, 1)
    >>> [event and event.key for event in (cap_spent(cost, 0.1, 5, at) for cost in (3.9, 4.0, 4.95))]
    [None, '80-5', 'reached-5']
    """
    if not spent or not cap:
        return None
    is_reached = cap - spent < max(dearest, NOTHING_LEFT * cap)
    if not is_reached and spent < MUCH_SPENT * cap:
        return None
    name = key("reached" if is_reached else "80", f"{cap:g}")
    return Event(Kind.CAP, name, now, {"spent": spent, "cap": cap, "is_reached": is_reached})
