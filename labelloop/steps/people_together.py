"""How annotators compare on tasks that several of them labelled blind: with each other, with versions, by label."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from labelloop.domain.human_level import Measured
from labelloop.domain.rounds import AnnotatedTask, Round
from labelloop.domain.values import Value, comparable, labels_of, similarity
from labelloop.stats.exchangeable import p_value_among_equals
from labelloop.stats.intervals import wilson
from labelloop.steps.verdict_figures import Anchoring, anchored, is_kept, kept_of_shown

RISK = 0.05
"""How probable it is that any leaning at all is called clear where there is none."""

Answers = Mapping[int, Value]
"""What was said of a task, by person."""


@dataclass(frozen=True, slots=True)
class Leaning:
    """How often an annotator gave a label, and the others on the same `tasks`, each task counting once.

    `others` is the sum of the shares of the others who gave it, in [0, tasks]. `is_clear` tells that chance alone would
    rarely have it so, with regard to how many labels and people were looked at.
    """

    annotator: int
    label: str
    times: int
    others: float
    tasks: int
    p_value: float
    is_clear: bool

    @property
    def is_more(self) -> bool:
        """Return whether the annotator gives the label more often than the others."""
        return self.times > self.others


def answers_of(tasks: Iterable[AnnotatedTask]) -> dict[int, dict[int, Value]]:
    """Return what each person said of these tasks, by task id."""
    return {
        task.task.id: {one.annotator_id: one.value for one in task.annotations if one.value is not None}
        for task in tasks
    }


def two_by_two(said: Iterable[Answers]) -> dict[tuple[int, int], Measured]:
    """Return how far every two people agree on the tasks that both labelled, the lesser number first.

    >>> from labelloop.domain.values import Choice
    >>> found = two_by_two([{1: Choice("a"), 2: Choice("a")}, {2: Choice("a"), 1: Choice("b"), 3: Choice("b")}])
    >>> {pair: (one.value, one.n) for pair, one in found.items()}
    {(1, 2): (0.5, 2), (1, 3): (1.0, 1), (2, 3): (0.0, 1)}
    """
    shares: dict[tuple[int, int], list[float]] = defaultdict(list)
    for people in said:
        for (one, value), (other, rival) in combinations(sorted(people.items(), key=lambda item: item[0]), 2):
            if comparable(value, rival):
                shares[one, other].append(similarity(value, rival))
    return {pair: _measured(values) for pair, values in sorted(shares.items())}


def with_versions(
    said: Mapping[int, Answers], versions: Mapping[str, Mapping[int, Value]]
) -> dict[tuple[int, str], Measured]:
    """Return how far every person agrees with each version, on the tasks that both answered.

    `said` has people's answers by task, `versions` those of each version by task.
    """
    shares: dict[tuple[int, str], list[float]] = defaultdict(list)
    for version, answers in versions.items():
        for task, model in answers.items():
            for person, value in said.get(task, {}).items():
                if comparable(model, value):
                    shares[person, version].append(similarity(model, value))
    return {cell: _measured(values) for cell, values in shares.items()}


def leanings(said: Iterable[Answers], *, fewest: int = 1) -> tuple[Leaning, ...]:
    """Return each person's leaning to each label that anybody gave on a task they share, in order of number and label.

    People with less than `fewest` such tasks are left out. Whether one is clear is told by the exact test of
    `p_value_among_equals`, at the level RISK divided by the number of leanings.

    >>> from labelloop.domain.values import Choice
    >>> found = leanings([{1: Choice("a"), 2: Choice("b")}] * 9 + [{1: Choice("a"), 2: Choice("a")}])
    >>> [(one.annotator, one.label, one.times, one.others, one.is_clear) for one in found[:2]]
    [(1, 'a', 10, 1.0, True), (1, 'b', 0, 9.0, True)]
    """
    counts: dict[tuple[int, str], _Count] = defaultdict(_Count)
    tasks: Counter[int] = Counter()
    for people in said:
        if len(people) > 1:
            tasks.update(people.keys())
            _count(counts, {person: labels_of(value) for person, value in people.items()})
    kept = {cell: count for cell, count in sorted(counts.items()) if tasks[cell[0]] >= fewest}
    return tuple(
        Leaning(person, label, one.times, one.others, tasks[person], p_value, p_value <= RISK / len(kept))
        for (person, label), one in kept.items()
        for p_value in [p_value_among_equals(one.alone, one.drawn)]
    )


def shown_and_blind(closed: Round, said: Mapping[int, Answers], model: Mapping[int, Value]) -> dict[int, Anchoring]:
    """Return for each person how often they kept a prediction that they saw, and say the same as one they did not see.

    It is what `anchoring` says of all people together. `said` has people's answers to audit tasks, `model` the
    version's, both by task.
    """
    kept: dict[int, list[float]] = defaultdict(list)
    equal: dict[int, list[float]] = defaultdict(list)
    for person, keeps in kept_of_shown(closed):
        kept[person].append(keeps)
    for task in said.keys() & model.keys():
        for person, value in said[task].items():
            equal[person].append(float(is_kept(value, model[task])))
    return {person: anchored(kept[person], equal[person]) for person in sorted(kept.keys() | equal.keys())}


class _Count:
    """One person and label: `alone` are the times on tasks on which not everybody gave it, or nobody."""

    def __init__(self) -> None:
        self.times, self.alone, self.others = 0, 0, 0.0
        self.drawn: Counter[tuple[int, int]] = Counter()


def _count(counts: dict[tuple[int, str], _Count], labels: Mapping[int, frozenset[str]]) -> None:
    given = Counter(label for some in labels.values() for label in some)
    m = len(labels)
    for label, k in given.items():
        for person, own in labels.items():
            mine, count = label in own, counts[person, label]
            count.times += mine
            count.others += (k - mine) / (m - 1)
            if k < m:
                count.alone += mine
                count.drawn[k, m] += 1


def _measured(values: Sequence[float]) -> Measured:
    """Return the mean with the score interval, which is quick to compute for the many cells of a table."""
    found = wilson(sum(values), len(values))
    return Measured(sum(values) / len(values), found.low, found.high, len(values))
