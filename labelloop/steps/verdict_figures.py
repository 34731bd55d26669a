"""What a verdict is made of: figures of one version on a round's audit set."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.audited_regions import region_pairs
from labelloop.domain.disagreements import AuditedTask
from labelloop.domain.human_level import Measured
from labelloop.domain.lookup import matching
from labelloop.domain.promotion import Comparison, promote
from labelloop.domain.records import Decision, Evaluation
from labelloop.domain.rounds import Round
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Origin
from labelloop.domain.value_cells import value_from_json
from labelloop.domain.values import FieldKind, OfRegions, Value, same
from labelloop.state.project_state import ProjectState
from labelloop.stats.agreement import cohen_kappa, distance_of, krippendorff_alpha, paired_difference
from labelloop.stats.alternative_annotator import AlternativeAnnotator, alternative_annotator
from labelloop.stats.intervals import wilson
from labelloop.stats.selection_optimism import optimism
from labelloop.steps.evaluate import agreement_by_task, audit_rows, interval
from labelloop.stores.book import Book


@dataclass(frozen=True, slots=True)
class Anchoring:
    """Do people follow what they are shown: how often their label equals the model's, shown and not shown, in [0, 1].

    The interval of the difference is 95 %; all None where one side has no task.
    """

    shown: Measured
    blind: Measured
    difference: float | None
    low: float | None
    high: float | None
    caveat: str = (
        "TRAIN tasks are chosen, not drawn at random, and earlier versions answered some of them: "
        "a difference may come from the tasks and not from what people were shown"
    )


@dataclass(frozen=True, slots=True)
class PairOfPeople:
    """Two annotators, how many audit tasks both judged, and their Cohen's kappa, at most 1 (None: cannot be said)."""

    people: tuple[int, int]
    n: int
    kappa: float | None


def audited_tasks(book: Book, field: Field, closed: Round, evaluation: Evaluation) -> list[AuditedTask]:
    """Return the audit tasks that the evaluation measured, with what everybody said, in order of id."""
    annotated = {task.task.id: task for task in closed.tasks}
    return [
        AuditedTask(
            id=row["task_id"],
            model=value_from_json(field.kind, row["model_value"]),
            people={a.annotator_id: a.value for a in annotated[row["task_id"]].annotations if a.value is not None},
            agreement=row["agreement"],
            human_agreement=row["human_agreement"],
        )
        for row in audit_rows(book, evaluation)
        if row["task_id"] in annotated
    ]


def measured(values: Sequence[float]) -> Measured:
    """Return the mean of values in [0, 1] with its 95 % interval."""
    array = np.asarray(values, np.float64)
    low, high = interval(array)
    return Measured(float(array.mean()) if len(array) else None, low, high, len(array))


def settled_pairs(closed: Round, tasks: Sequence[AuditedTask]) -> list[tuple[Value, Value]]:
    """Return what people settled on and what the model says, of each settled audit task, or of its regions."""
    settled = {task.task.id: task.consensus.value for task in closed.tasks}
    return region_pairs((value, task.model) for task in tasks if (value := settled[task.id]) is not None)


def alphas(kind: FieldKind, tasks: Sequence[AuditedTask]) -> tuple[float | None, float | None]:
    """Return Krippendorff's alpha of people, and of people and the model together; None where the kind has none."""
    distance = distance_of(kind)
    if distance is None:
        return None, None
    people = [list(task.people.values()) for task in tasks]
    both = [[*task.people.values(), task.model] for task in tasks]
    return krippendorff_alpha(people, distance), krippendorff_alpha(both, distance)


def alternative(tasks: Sequence[AuditedTask]) -> AlternativeAnnotator | None:
    """Return the alternative annotator test on tasks of two or more people; None with fewer than 3 people of 30 each.

    People are named by their number in the labelling tool.
    """
    values = [{str(person): value for person, value in task.people.items()} for task in tasks]
    return alternative_annotator([task.model for task in tasks], values)


def kappas(kind: FieldKind, tasks: Sequence[AuditedTask]) -> tuple[PairOfPeople, ...]:
    """Return Cohen's kappa of every two people who judged the same audit tasks, by their numbers.

    Of stars it is the quadratic one; spans and texts have none.
    """
    distance = distance_of(kind)
    if distance is None:
        return ()
    shared: dict[tuple[int, int], list[tuple[Value, Value]]] = {}
    for task in tasks:
        for pair in combinations(sorted(task.people), 2):
            shared.setdefault(pair, []).append((task.people[pair[0]], task.people[pair[1]]))
    return tuple(
        PairOfPeople(
            pair, len(values), cohen_kappa([one for one, _ in values], [other for _, other in values], distance)
        )
        for pair, values in sorted(shared.items())
    )


def flattered_by(book: Book, state: ProjectState, decision: Decision) -> float:
    """Return by how much the winner's agreement is too high because it was chosen on these tasks, in [0, 1]."""
    found_all = matching(state.looped.evaluations, round_number=decision.round_number)
    evaluations = [found for found in found_all if not found.failure]
    columns = [agreement_by_task(book, evaluation) for evaluation in evaluations]
    if len(columns) < 2:
        return 0.0
    names = [evaluation.version for evaluation in evaluations]
    champion = names.index(decision.champion) if decision.champion in names else None
    own = {fit.version for fit in matching(state.looped.fits, round_number=decision.round_number)}
    own.add(decision.challenger)  # which may have come late
    challengers = [i for i, name in enumerate(names) if name in own and i != champion] or [0]

    def choose(agreements: NDArray[np.float64]) -> int:
        best = challengers[int(agreements[:, challengers].mean(axis=0).argmax())]
        if champion is None:
            return best
        found = paired_difference(agreements[:, best], agreements[:, champion])
        return best if promote(Comparison(found.mean, found.standard_error, found.n))[0] else champion

    common = [task_id for task_id in columns[0] if all(task_id in column for column in columns)]
    agreements = np.array([[column[task_id] for task_id in common] for column in columns], np.float64).T
    return optimism(agreements, choose, seed=state.rules.seed)


def anchoring(closed: Round, tasks: Sequence[AuditedTask]) -> Anchoring:
    """Compare people who saw the model's label (TRAIN) with people who did not (audit tasks), by equality of values.

    The interval of the difference is made from the two Wilson intervals: Newcombe 1998, "Interval estimation for the
    difference between independent proportions", method 10.
    """
    kept = [keeps for _, keeps in kept_of_shown(closed)]
    equal = [float(np.mean([is_kept(value, task.model) for value in task.people.values()])) for task in tasks]
    return anchored(kept, equal)


def kept_of_shown(closed: Round) -> list[tuple[int, float]]:
    """Return who was shown a prediction on a settled TRAIN task, for each time, and 1 where they kept it, else 0."""
    seen = {Origin.ACCEPTED: 1.0, Origin.CORRECTED: 0.0}
    settled = [task for task in closed.training if task.consensus.value is not None]  # by people, not by the lead
    return [(a.annotator_id, seen[a.origin]) for task in settled for a in task.annotations if a.origin in seen]


def anchored(kept: Sequence[float], equal: Sequence[float]) -> Anchoring:
    """Compare how often a shown prediction was `kept` with how often an answer is `equal` to one that was not shown.

    Both are shares in [0, 1], one for each prediction or task.
    """
    shown, blind = _share(kept), _share(equal)
    if shown.value is None or blind.value is None or None in (shown.low, blind.low):
        return Anchoring(shown, blind, None, None, None)
    difference = shown.value - blind.value
    s, b = wilson(sum(kept), len(kept)), wilson(sum(equal), len(equal))
    low = difference - float(np.hypot(shown.value - s.low, b.high - blind.value))
    high = difference + float(np.hypot(s.high - shown.value, blind.value - b.low))
    return Anchoring(shown, blind, difference, low, high)


def is_kept(value: Value, model: Value) -> bool:
    """Return whether a person says what the model says, of regions that they did not mark nothing else."""
    return same(value, model) if isinstance(value, OfRegions) else value == model


def _share(values: Sequence[float]) -> Measured:
    if not values:
        return Measured(None, None, None, 0)
    found = wilson(sum(values), len(values))
    return Measured(sum(values) / len(values), found.low, found.high, len(values))
