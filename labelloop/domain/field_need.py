"""Which of several fields a place in the queue is chosen for: by how much each of them still needs labels."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labelloop.domain.human_level import Outcome

AT_HUMAN_LEVEL, WITHOUT_MODEL, USUAL = 0.25, 0.5, 1.0
"""The weights of fields: one that needs few labels still gets some, so that its figures stay true."""


@dataclass(frozen=True, slots=True)
class FieldRanking:
    """The candidates as one field ranks them, the most useful first, and the `weight` of the field."""

    field: str
    order: Sequence[int]
    weight: float = USUAL


def weight(outcome: str, *, has_model: bool, rounds: int) -> float:
    """Return a field's weight by its newest verdict (empty for none); a model that is missing may come before a round.

    >>> weight("yes", has_model=True, rounds=3), weight("", has_model=False, rounds=0)
    (0.25, 1.0)
    """
    if outcome == Outcome.YES:
        return AT_HUMAN_LEVEL
    return USUAL if has_model or not rounds else WITHOUT_MODEL


def chosen_by_need(rankings: Sequence[FieldRanking], wanted: int) -> Mapping[int, str]:
    """Return the tasks to be labelled next in their order, each with the field that it was chosen for.

    Each field has places in proportion to its weight, evenly spread; a task chosen for one field serves all.

    >>> dict(chosen_by_need([FieldRanking("intent", [1, 2, 3]), FieldRanking("slots", [2, 4], weight=0.5)], 4))
    {1: 'intent', 2: 'slots', 3: 'intent', 4: 'slots'}
    """
    queues = {one.field: deque(one.order) for one in rankings}
    credit = dict.fromkeys(queues, 0.0)
    chosen: dict[int, str] = {}
    while len(chosen) < wanted:
        for queue in queues.values():
            while queue and queue[0] in chosen:
                queue.popleft()
        waiting = [one for one in rankings if queues[one.field]]
        if not waiting:
            break
        for one in waiting:
            credit[one.field] += one.weight
        best = max(waiting, key=lambda one: credit[one.field])
        credit[best.field] -= sum(one.weight for one in waiting)
        chosen[queues[best.field].popleft()] = best.field
    return chosen
