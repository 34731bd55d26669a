"""Gold tasks: settled audit tasks that one more person is asked about, to check people over time."""

from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime

import numpy as np

from labelloop.domain.gold_record import GoldTask, waiting_gold
from labelloop.domain.people_needed import SECOND
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import audit_put_back, closed_round
from labelloop.stores.book import Book

_DRAW = 1
"""Tells the draws of gold tasks from those that order the rest of the queue, which they must not change."""


def chosen_gold(book: Book, state: ProjectState) -> list[int]:
    """Return the tasks that may check people now: first those that wait for their person, then those asked least often.

    Without the rule `gold` there are none.
    """
    if not state.rules.gold:
        return []
    waiting, times = waiting_gold(state.gold, state.tasks), Counter(one.task_id for one in state.gold)
    rng = np.random.default_rng([state.rules.seed, state.id, len(state.publications), _DRAW])
    fresh = sorted(_may_check(book, state).difference(waiting))
    order = [fresh[place] for place in rng.permutation(len(fresh))]
    return [*waiting, *sorted(order, key=times.__getitem__)]


def record_gold(book: Book, state: ProjectState, chosen: Collection[int]) -> None:
    """Record that these tasks are put back; those that wait for their person already are passed over.

    To be done before anybody is given them: what they say then is a check answer, and never anything else.
    """
    new = sorted(frozenset(chosen).difference(waiting_gold(state.gold, state.tasks)))
    last = dict.fromkeys(new, 0)
    for one in book.mirror(state.id).annotations_of_all_fields(new) if new else ():
        last[one.task_id] = max(last[one.task_id], one.id)
    for id_ in new:
        people = len(state.tasks.answered_by(id_))
        made = GoldTask(state.id, id_, state.round_number, people, last[id_], created_at=datetime.now(UTC))
        book.record(made, f"gold-{id_}")


def _may_check(book: Book, state: ProjectState) -> set[int]:
    """Return the audit tasks of the newest round, measured and settled, that somebody has not judged yet.

    Of several fields none may be unsettled. What was put back to be settled is left out: its later answers settle it.
    """
    people = max(SECOND, state.rules.monitor_people)
    settled, split = set[int](), set[int]()
    for one in state.in_newest_round if state.last_round else ():
        closed = closed_round(book, one, state.round_number)
        if closed is None or one.looped.decision(state.round_number) is None:
            continue
        for task in closed.audit(people):
            (split if task.consensus.value is None else settled).add(task.task.id)
    everybody = frozenset[int]().union(*state.tasks.annotators.values())
    fit = settled.difference(split, audit_put_back(book, state)) & state.tasks.ids
    return {id_ for id_ in fit if everybody - state.tasks.annotators.get(id_, frozenset())}
