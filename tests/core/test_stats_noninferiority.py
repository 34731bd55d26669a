"""The test for human level against scipy, published sample sizes, and its own promise."""

from math import inf

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import beta, ttest_1samp

from labelloop.stats.noninferiority import NonInferiority, noninferiority, sample_size, tasks_needed

RUNS = 2000


def judged(accuracy: float, n: int, rng: np.random.Generator, people: int = 3) -> NDArray[np.float64]:
    """Return differences of a model of this accuracy and people of 85 %, four labels, errors at random."""

    def counted_annotations(right: float) -> NDArray[np.int64]:
        return np.where(rng.random((RUNS, n)) < right, 0, rng.integers(1, 4, (RUNS, n)))

    model, persons = counted_annotations(accuracy), [counted_annotations(0.85) for _ in range(people)]
    pairs = [persons[j] == persons[k] for j in range(people) for k in range(j)]
    differences: NDArray[np.float64] = np.mean([model == person for person in persons], axis=0) - np.mean(pairs, axis=0)
    return differences


def reached(differences: NDArray[np.float64], margin: float, alpha: float = 0.05) -> float:
    return float(np.mean([noninferiority(row, margin=margin, alpha=alpha).reached for row in differences]))


@pytest.mark.parametrize("alpha", [0.01, 0.05])
@pytest.mark.parametrize("margin", [0.0, 0.05, 0.1])
def test_the_verdict_is_that_of_scipys_t_test(margin: float, alpha: float) -> None:
    """Reached exactly where the one-sided paired t test against the margin rejects; the same bound."""
    for seed in range(40):
        differences = np.random.default_rng(seed).normal(-0.03, 0.3, 60)
        theirs = ttest_1samp(differences, -margin, alternative="greater")
        ours = noninferiority(differences, margin=margin, alpha=alpha)

        assert ours.reached == (theirs.pvalue < alpha)
        assert ours.lower == pytest.approx(theirs.confidence_interval(1 - alpha).low, abs=1e-12)


def test_a_worked_example() -> None:
    """By hand: mean 0.1, sd 0.7379, n 10, t(0.95, 9) = 1.8331, so 0.1 - 1.8331 * 0.7379 / 3.1623 = -0.3277."""
    found = noninferiority(np.array([1, 1, 1, 0, 0, 0, 0, 0, -1, -1.0]), margin=0.1, alpha=0.05)

    assert not found.reached
    assert found.mean == pytest.approx(0.1)
    assert found.lower == pytest.approx(-0.3277, abs=1e-4)


def test_fewer_than_two_tasks_decide_nothing() -> None:
    """One task has no spread: no bound, no yes, however wide the margin."""
    assert noninferiority(np.empty(0), margin=0.9, alpha=0.05) == NonInferiority(0.0, -inf, 0, False)
    assert noninferiority(np.ones(1), margin=0.9, alpha=0.05) == NonInferiority(1.0, -inf, 1, False)


def test_a_few_tasks_all_alike_are_no_certain_yes() -> None:
    """Rule of three: of 28 equal tasks 10 % of the unseen may differ at 95 %, of 29 less."""
    few, enough = (noninferiority(np.zeros(n), margin=0.1, alpha=0.05) for n in (28, 29))

    assert not few.reached
    assert enough.reached
    assert few.lower == pytest.approx(-(1 - 0.05 ** (1 / 28)))
    assert noninferiority(np.full(28, 0.1), margin=0.1, alpha=0.05).lower == pytest.approx(few.lower * 1.1 + 0.1)


def test_one_loss_among_many_equal_tasks_does_not_make_it_surer() -> None:
    """The t bound of 99 tasks alike and one loss is above that of 100 alike; what is said is not."""
    alike = noninferiority(np.zeros(100), margin=0.1, alpha=0.01)
    for losses in range(1, 30):
        differences = np.repeat([-1.0, 0.0], [losses, 100 - losses])
        fewer = np.repeat([-1.0, 0.0], [losses - 1, 101 - losses])
        found = noninferiority(differences, margin=0.1, alpha=0.01)

        assert found.lower < noninferiority(fewer, margin=0.1, alpha=0.01).lower <= alike.lower
        assert found.lower <= ttest_1samp(differences, 0.0).confidence_interval(0.98).low
    one = noninferiority(np.repeat([-1.0, 0.0], [1, 99]), margin=0.1, alpha=0.01)
    assert one.lower == pytest.approx(-beta.ppf(0.99, 2, 99))


@pytest.mark.parametrize("alpha", [0.01, 0.05])
@pytest.mark.parametrize(("n", "margin"), [(50, 0.1), (100, 0.05), (100, 0.1), (200, 0.1), (400, 0.05)])
@pytest.mark.parametrize("gains", [0.0, 0.01, 0.03])
def test_a_model_with_hardly_any_gains_is_let_through_as_rarely_as_promised(
    n: int, margin: float, alpha: float, gains: float
) -> None:
    """At the limit, with rare losses and rarer gains, where the t bound says yes up to four times too often."""
    rng = np.random.default_rng(5)
    seen = rng.choice([-1.0, 0.0, 1.0], (RUNS, n), p=[gains + margin, 1 - margin - 2 * gains, gains])

    assert reached(seen, margin, alpha) <= alpha + 3 * (alpha * (1 - alpha) / RUNS) ** 0.5


def test_a_forecast_from_counts_is_not_met_already() -> None:
    """Where the bound by counts says no, more tasks are asked for than there are; so many of the same kind suffice."""
    seen = np.repeat([-1.0, 0.0], [5, 95])
    needed = tasks_needed(seen, margin=0.1, alpha=0.01)

    assert not noninferiority(seen, margin=0.1, alpha=0.01).reached
    assert needed is not None
    assert needed > 100
    assert noninferiority(np.tile(seen, -(-needed // 100)), margin=0.1, alpha=0.01).reached


def test_tasks_all_alike_and_below_the_margin_are_no_yes() -> None:
    """However many they are."""
    assert not noninferiority(np.full(100_000, -0.1), margin=0.1, alpha=0.05).reached


def test_all_alike_the_forecast_is_the_first_number_that_suffices() -> None:
    """What is asked for is enough, and one fewer is not."""
    for value in (-0.05, 0.0, 0.3, 1.0):
        needed = tasks_needed(np.full(5, value), margin=0.1, alpha=0.01)

        assert needed is not None
        assert noninferiority(np.full(needed, value), margin=0.1, alpha=0.01).reached
        assert needed == 2 or not noninferiority(np.full(needed - 1, value), margin=0.1, alpha=0.01).reached


@pytest.mark.parametrize(
    ("disagreement", "margin", "eighty", "ninety"),
    [
        (0.1, 0.03, 688, 952),
        (0.1, 0.05, 248, 343),
        (0.2, 0.03, 1375, 1904),
        (0.2, 0.05, 495, 686),
        (0.2, 0.1, 124, 172),
        (0.3, 0.05, 743, 1029),
        (0.3, 0.1, 186, 258),
    ],
)
def test_sample_sizes_are_those_of_the_table(disagreement: float, margin: float, eighty: int, ninety: int) -> None:
    """Computed before with quantiles of three digits, hence one task to either side."""
    assert sample_size(disagreement, margin, 0.05, 0.8) == pytest.approx(eighty, abs=1)
    assert sample_size(disagreement, margin, 0.05, 0.9) == pytest.approx(ninety, abs=1)


def test_as_many_tasks_as_forecast_reach_it_as_often_as_forecast() -> None:
    """Eight times in ten, if the truth is as observed."""
    rng = np.random.default_rng(3)
    seen = rng.choice([-1.0, 0.0, 1.0], 5000, p=[0.1, 0.8, 0.1])
    needed = tasks_needed(seen, margin=0.1, alpha=0.05)
    again = rng.choice(seen, (RUNS, needed or 0))

    assert reached(again, 0.1) == pytest.approx(0.8, abs=0.03)


def test_a_model_below_the_margin_needs_a_better_model_not_more_tasks() -> None:
    """At or below the margin no number of tasks is enough."""
    assert tasks_needed(np.array([-0.2, 0.0]), margin=0.1, alpha=0.05) is None
    assert tasks_needed(np.array([-0.3, 0.0]), margin=0.1, alpha=0.05) is None


def test_the_forecast_falls_with_the_distance_and_grows_with_certainty() -> None:
    """Closer to the margin, stricter, or more power: more tasks; of nothing, the widest spread is assumed."""
    seen = np.array([-1, 0, 0, 0, 0, 0, 0, 0, 0, 1.0])
    base = tasks_needed(seen, margin=0.1, alpha=0.05)

    assert base is not None
    assert base > (tasks_needed(seen, margin=0.2, alpha=0.05) or 0)
    assert base < (tasks_needed(seen, margin=0.1, alpha=0.01) or 0)
    assert base < (tasks_needed(seen, margin=0.1, alpha=0.05, power=0.9) or 0)
    assert tasks_needed(np.empty(0), margin=0.1, alpha=0.05) == tasks_needed(np.zeros(1), margin=0.1, alpha=0.05) == 620


@pytest.mark.parametrize("n", [100, 200])
@pytest.mark.parametrize("alpha", [0.01, 0.05])
def test_a_model_worse_by_the_margin_is_let_through_as_rarely_as_promised(n: int, alpha: float) -> None:
    """At the limit, yes is said in no more than alpha of cases, and three standard errors of the simulation."""
    rng = np.random.default_rng(4)
    differences = judged(0.75, n, rng)
    margin = -float(judged(0.75, 2000, rng).mean())

    assert reached(differences, margin, alpha) <= alpha + 3 * (alpha * (1 - alpha) / RUNS) ** 0.5 + 0.005


@pytest.mark.parametrize(
    ("accuracy", "n", "strict", "normal"),
    [
        (0.90, 100, 0.85, 0.97),
        (0.85, 100, 0.37, 0.81),
        (0.80, 100, 0.11, 0.47),
        (0.75, 100, 0.02, 0.15),
        (0.85, 200, 0.62, 0.98),
        (0.80, 200, 0.12, 0.66),
        (0.75, 200, 0.01, 0.19),
    ],
)
def test_the_power_is_that_of_the_table(accuracy: float, n: int, strict: float, normal: float) -> None:
    """Three people 85 % right, four labels; the table has 300 runs a cell, hence three of their standard errors."""
    differences = judged(accuracy, n, np.random.default_rng(6))

    for margin, published in ((0.05, strict), (0.1, normal)):
        error = 3 * (published * (1 - published) * (1 / 300 + 1 / RUNS)) ** 0.5
        assert reached(differences, margin) == pytest.approx(published, abs=error + 0.01)
