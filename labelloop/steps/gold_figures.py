"""How far each annotator's check answers agree with what was settled before, over time; in no other figure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from labelloop.domain.consensus import counted_annotations
from labelloop.domain.human_level import Measured
from labelloop.domain.tasks import Annotation, Origin
from labelloop.domain.values import Value
from labelloop.state.field_mirror import field_mirror
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import judged_now
from labelloop.stats.agreement import model_agreement
from labelloop.stats.intervals import wilson
from labelloop.stores.book import Book

FEWEST_CHECKS = 20
"""With fewer check answers nobody is said to be below the others."""


@dataclass(frozen=True, slots=True)
class GoldFigures:
    """An annotator's agreement with the settled answers of gold tasks, and that of all others, with Wilson intervals.

    `by_round` has the annotator's by the round after which the task was put back.
    """

    annotator: int
    own: Measured
    others: Measured
    by_round: Mapping[int, Measured]

    @property
    def is_below(self) -> bool:
        """Return whether the upper bound is below the others' lower bound, with enough check answers of both."""
        enough = min(self.own.n, self.others.n) >= FEWEST_CHECKS
        return enough and self.own.high is not None and self.others.low is not None and self.own.high < self.others.low


def gold_figures(book: Book, state: ProjectState) -> tuple[GoldFigures, ...]:
    """Return the figures of everybody who has given a check answer of the field in focus, in order of number."""
    shares: dict[int, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for number, one, share in _checked(book, state) if state.gold else ():
        shares[one.annotator_id][number].append(share)
    every = {who: [share for found in rounds.values() for share in found] for who, rounds in shares.items()}
    return tuple(
        GoldFigures(
            annotator=who,
            own=_share(own),
            others=_share([share for other, found in every.items() if other != who for share in found]),
            by_round={number: _share(found) for number, found in sorted(shares[who].items())},
        )
        for who, own in sorted(every.items())
    )


def _checked(book: Book, state: ProjectState) -> Iterator[tuple[int, Annotation, float]]:
    """Yield the check answers that count, each with its round and how far it agrees with the settled answer."""
    blind = [one for one in field_mirror(book, state).check_answers() if one.origin is Origin.MANUAL]
    settled = _settled(book, state)
    for one in counted_annotations(blind):
        right = settled.get(one.task_id)
        if right is not None and one.value is not None and state.field.allows(one.value):
            put_back = [gold for gold in state.gold if gold.task_id == one.task_id and gold.last_annotation < one.id]
            yield put_back[-1].round_number, one, model_agreement(one.value, [right])


def _settled(book: Book, state: ProjectState) -> dict[int, Value]:
    """Return what people had settled on of each gold task, which no check answer changes."""
    tasks = judged_now(book, state, sorted({one.task_id for one in state.gold})).tasks
    return {task.task.id: task.consensus.value for task in tasks if task.consensus.value is not None}


def _share(shares: Sequence[float]) -> Measured:
    if not shares:
        return Measured(None, None, None, 0)
    found = wilson(sum(shares), len(shares))
    return Measured(sum(shares) / len(shares), found.low, found.high, len(shares))
