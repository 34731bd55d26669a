"""What the ledger remembers of gold tasks: settled audit tasks that one more person is asked about."""

from collections.abc import Iterable
from dataclasses import dataclass

from labelloop.domain.records import Record
from labelloop.domain.task_index import TaskIndex


@dataclass(frozen=True, slots=True)
class GoldTask(Record):
    """A settled audit task was put back after round `round_number`, to check one more person.

    `people` had answered it then, and `last_annotation` was the highest id among its annotations: those with a higher
    one are check answers, now and for ever.
    """

    task_id: int
    round_number: int
    people: int
    last_annotation: int


def waiting_gold(gold: Iterable[GoldTask], tasks: TaskIndex) -> list[int]:
    """Return the gold tasks, by id, that nobody has answered since they were put back last; deleted ones are left out.

    >>> from datetime import datetime
    >>> put_back = GoldTask(7, 3, 1, people=2, last_annotation=9, created_at=datetime(2026, 1, 1))
    >>> asked = TaskIndex(frozenset({3}), annotators={3: frozenset({1, 2})})
    >>> waiting_gold([put_back], asked)
    [3]
    """
    newest = {one.task_id: one for one in gold}
    return sorted(id_ for id_, one in newest.items() if id_ in tasks.ids and len(tasks.answered_by(id_)) <= one.people)
