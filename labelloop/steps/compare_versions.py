"""Two versions of a field beside each other: on the audit tasks that both were measured on, task by task."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.disagreements import AuditedTask
from labelloop.domain.lookup import matching, newest
from labelloop.domain.records import Evaluation
from labelloop.domain.values import Value
from labelloop.errors import NotFound, UserError
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import as_measured, closed_round
from labelloop.stats.agreement import PairedDifference, paired_difference
from labelloop.stats.noninferiority import noninferiority
from labelloop.steps.verdict_figures import audited_tasks
from labelloop.stores.book import Book

RISK = 0.05


@dataclass(frozen=True, slots=True)
class Apart:
    """An audit task on which two versions differ: what each says, and people.

    `gain` is the first one's agreement with people less the other's, in [-1, 1].
    """

    id: int
    text: str
    one: Value
    other: Value
    people: tuple[Value, ...]
    gain: float


@dataclass(frozen=True, slots=True)
class VersionsCompared:
    """Two versions on the audit tasks that both were measured on.

    `difference` is the first's agreement with people less the other's, as the promotion rule computes it; `low` and
    `high` are its 95 % interval, in [-1, 1], None with fewer than 2 tasks. `apart` are the tasks on which their answers
    differ, those first on which they are most unequal.
    """

    one: Evaluation
    other: Evaluation
    difference: PairedDifference
    low: float | None
    high: float | None
    apart: tuple[Apart, ...]

    @property
    def is_of_one_round(self) -> bool:
        """Return whether both were measured after the same round, so that people had said the same."""
        return self.one.round_number == self.other.round_number


def in_field_of(state: ProjectState, one: str, other: str) -> ProjectState:
    """Return the state with the field in focus that two versions were fitted for.

    Raises NotFound where there is no such version or its field is not looped, UserError where they are the same or of
    different fields.
    """
    fields = {state.field_of(state.version(name)) for name in (one, other)}
    if one == other:
        raise UserError("Choose two different versions.")
    if len(fields) > 1:
        names = " and ".join(sorted(fields))
        raise UserError(f"{one} and {other} answer different fields ({names}): choose two of one field.")
    return state.focused(fields.pop())


def compare_versions(book: Book, state: ProjectState, one: str, other: str) -> VersionsCompared:
    """Compare two versions of the field in focus, after the newest round in which both were measured.

    Where there is no such round each is taken as it was last measured. Raises NotFound where one never was.
    """
    ours, theirs = _measured(state, one, other)
    mine, its = (_audited(book, state, found) for found in (ours, theirs))
    common = [id_ for id_ in mine if id_ in its]
    gains = np.array([mine[id_].agreement for id_ in common]), np.array([its[id_].agreement for id_ in common])
    low, high = interval_of_difference(gains[0] - gains[1])
    texts = _texts(book, state, {ours.round_number, theirs.round_number})
    differing = [_apart(mine[id_], its[id_], texts[id_]) for id_ in common if mine[id_].model != its[id_].model]
    apart = tuple(sorted(differing, key=lambda found: (-abs(found.gain), found.id)))
    return VersionsCompared(ours, theirs, paired_difference(*gains), low, high, apart)


def interval_of_difference(differences: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Return the 95 % interval of the mean of paired differences, shape (n,), each in [-1, 1]; None twice where n < 2.

    Both ends are bounds of `noninferiority`, which allows for few tasks that differ at all.

    >>> low, high = interval_of_difference(np.array([1.0] * 30 + [-1.0] * 10 + [0.0] * 60))
    >>> round(low, 2), round(high, 2)
    (0.08, 0.32)
    """
    values = np.asarray(differences, np.float64)
    if len(values) < 2:
        return None, None
    low = noninferiority(values, margin=0.0, alpha=RISK / 2).lower
    high = -noninferiority(-values, margin=0.0, alpha=RISK / 2).lower
    return max(low, -1.0), min(high, 1.0)


def measured_beside(evaluations: Sequence[Evaluation], serving: str, versions: Sequence[str]) -> str:
    """Return the newest of the `versions`, oldest first, that does not serve and was measured beside the one that does.

    That is after the same round; empty where there is none. It is the challenger.
    """
    found = [one for one in evaluations if not one.failure]
    rounds = {one.round_number for one in found if one.version == serving}
    beside = {one.version for one in found if one.round_number in rounds} - {serving}
    return next((version for version in reversed(versions) if version in beside), "")


def _measured(state: ProjectState, one: str, other: str) -> tuple[Evaluation, Evaluation]:
    every = [matching(state.looped.evaluations, version=name, failure="") for name in (one, other)]
    if missing := [name for name, found in zip((one, other), every, strict=True) if not found]:
        raise NotFound(f"{' and '.join(missing)} was never measured on audit tasks: there is nothing to compare.")
    rounds = [{found.round_number for found in some} for some in every]
    if both := rounds[0] & rounds[1]:
        number = max(both)
        ours, theirs = (newest(some, round_number=number) for some in every)
    else:
        ours, theirs = (newest(some) for some in every)
    assert ours is not None
    assert theirs is not None
    return ours, theirs


def _audited(book: Book, state: ProjectState, evaluation: Evaluation) -> dict[int, AuditedTask]:
    closed = closed_round(book, state, evaluation.round_number)
    if closed is None:
        return {}
    return {task.id: task for task in audited_tasks(book, state.field, as_measured(book, state, closed), evaluation)}


def _texts(book: Book, state: ProjectState, rounds: Iterable[int]) -> dict[int, str]:
    closed = (closed_round(book, state, number) for number in sorted(rounds))
    return {task.task.id: task.task.text for one in closed if one for task in one.tasks}


def _apart(mine: AuditedTask, its: AuditedTask, text: str) -> Apart:
    people = tuple(mine.people.values())
    return Apart(mine.id, text, mine.model, its.model, people, mine.agreement - its.agreement)
