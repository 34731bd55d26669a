"""Whether a model is as good a colleague as each of the people: the alternative annotator test.

Calderon, Reichart and Dror 2025, "The Alternative Annotator Test for LLM-as-a-Judge", arXiv 2501.10970. It asks whether
the model may replace a person, not whether it is as good: with epsilon 0.2 it lets through models 10 points worse.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are imported where they are first used
from numpy.typing import NDArray

from labelloop.domain.values import Value
from labelloop.stats.agreement import model_agreement

MIN_PEOPLE = 3
MIN_TASKS = 30


@dataclass(frozen=True, slots=True)
class AgainstPerson:
    """The model beside one person, on the n tasks that others judged too.

    `model_wins` and `person_wins` are the shares of tasks, in [0, 1], where one agrees with the others at least as well
    as the other does (a tie counts for both); `rejected` says that the person is not better by epsilon or more.
    """

    person: str
    n: int
    model_wins: float
    person_wins: float
    p_value: float
    rejected: bool


@dataclass(frozen=True, slots=True)
class AlternativeAnnotator:
    """The winning rate omega (the share of people the model may replace), its advantage rho, and each comparison.

    Both in [0, 1]; rho is the mean of `model_wins`. The model passes where omega >= 0.5.
    """

    omega: float
    rho: float
    people: tuple[AgainstPerson, ...]

    @property
    def passed(self) -> bool:
        """Return whether the model may replace at least half of the people."""
        return self.omega >= 0.5


def alternative_annotator(
    model: Sequence[Value], annotations: Sequence[Mapping[str, Value]], *, epsilon: float = 0.2, level: float = 0.05
) -> AlternativeAnnotator | None:
    """Compare the model with every person in turn; None with fewer than 3 people of 30 tasks shared with others each.

    `model` has one value per task, `annotations` each task's values by person. Per person: a one-sided t test that the
    person's wins exceed the model's by less than epsilon (0.2 for experts, 0.15 for the skilled, 0.1 for a crowd); over
    people: Benjamini and Yekutieli at `level`. Raises ValueError where the lengths differ.
    """
    tasks = list(zip(model, annotations, strict=True))
    names = sorted({name for _, by_person in tasks for name in by_person})
    wins = {name: _wins(name, tasks) for name in names}
    compared = {name: won for name, won in wins.items() if len(won) >= MIN_TASKS}
    if len(compared) < MIN_PEOPLE:
        return None
    p_values = np.array([_p_value(won[:, 1] - won[:, 0], epsilon) for won in compared.values()])
    rejected = benjamini_yekutieli(p_values, level)
    people = tuple(
        AgainstPerson(name, len(won), float(won[:, 0].mean()), float(won[:, 1].mean()), float(p), bool(no))
        for (name, won), p, no in zip(compared.items(), p_values, rejected, strict=True)
    )
    return AlternativeAnnotator(float(rejected.mean()), float(np.mean([one.model_wins for one in people])), people)


def benjamini_yekutieli(p_values: NDArray[np.float64], level: float) -> NDArray[np.bool_]:
    """Return which hypotheses to reject so that the false discovery rate is at most `level`, however they depend.

    Benjamini and Yekutieli 2001, "The control of the false discovery rate in multiple testing under dependency".
    """
    m = len(p_values)
    ranks = np.arange(1, m + 1)
    order = np.argsort(p_values)
    small = np.flatnonzero(p_values[order] <= level * ranks / (m * (1 / ranks).sum()))
    rejected = np.zeros(m, np.bool_)
    rejected[order[: small[-1] + 1 if len(small) else 0]] = True
    return rejected


def _wins(person: str, tasks: Sequence[tuple[Value, Mapping[str, Value]]]) -> NDArray[np.float64]:
    """Return (the model's win, the person's win) for every task that the person and others judged, shape (n, 2)."""
    won = []
    for model, by_person in tasks:
        others = [value for name, value in by_person.items() if name != person]
        if person in by_person and others:
            models, persons = model_agreement(model, others), model_agreement(by_person[person], others)
            won.append((models >= persons, persons >= models))
    return np.array(won, np.float64).reshape(-1, 2)


def _p_value(differences: NDArray[np.float64], epsilon: float) -> float:
    """Return how likely such low differences are if their mean is epsilon: Student's t, one-sided.

    Differences that are all the same, c, have no spread to compare with. As each is at most 1, they all come out as c
    with probability ((1 - epsilon) / (1 - c))^n at most.
    """
    n, mean = len(differences), float(differences.mean())
    spread = float(differences.std(ddof=1))
    if spread > 0:
        return float(scipy.special.stdtr(n - 1, (mean - epsilon) * np.sqrt(n) / spread))
    return float(((1 - epsilon) / (1 - mean)) ** n) if mean < epsilon else 1.0
