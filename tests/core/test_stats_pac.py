"""The threshold of a release against worked examples and against its own promise."""

from math import inf

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import beta, binomtest, hypergeom

from labelloop.stats.intervals import clopper_pearson_upper
from labelloop.stats.pac import PacThreshold, allowed_errors, pac_threshold, smallest_sample

DRAWS, DELTA = 400, 0.05
PROMISE = DELTA + 3 * (DELTA * (1 - DELTA) / DRAWS) ** 0.5


def flags(*wrong: int) -> NDArray[np.bool_]:
    return np.array(wrong, np.bool_)


def falling(n: int) -> NDArray[np.float64]:
    return np.linspace(1.0, 0.5, n, dtype=np.float64)


def broken(margin: NDArray[np.float64], wrong: NDArray[np.bool_], n: int, max_error: float) -> float:
    """Return in which share of draws the finished pool has more errors than promised; those drawn are people's."""
    rng, failures = np.random.default_rng(5), 0
    for _ in range(DRAWS):
        drawn = rng.choice(len(wrong), n, replace=False)
        found = pac_threshold(margin[drawn], wrong[drawn], max_error=max_error, delta=DELTA, pool=len(wrong))
        errors = wrong & (margin >= found.threshold)
        errors[drawn] = False
        failures += int(errors.sum()) > max_error * len(wrong)
    return failures / DRAWS


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (0, 59), (3, 20), (90, 100), (200, 200)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_clopper_pearson_is_scipys(successes: int, n: int, confidence: float) -> None:
    """The exact interval, both sides and one."""
    theirs = binomtest(successes, n).proportion_ci(confidence, method="exact")
    tail = (1 - confidence) / 2
    low, high = 1 - clopper_pearson_upper(n - successes, n, tail), clopper_pearson_upper(successes, n, tail)
    upper = 1.0 if successes == n else beta.ppf(confidence, successes + 1, n - successes)

    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert clopper_pearson_upper(successes, n, 1 - confidence) == pytest.approx(upper, abs=1e-12)


@pytest.mark.parametrize(
    ("n", "pool", "max_error"), [(60, 100, 0.05), (90, 100, 0.05), (300, 1500, 0.05), (60, 900, 0.1), (40, 90, 0.2)]
)
def test_the_worst_model_breaks_the_promise_as_rarely_as_promised(n: int, pool: int, max_error: float) -> None:
    """By exact probabilities for every number of errors in a pool of one margin: one more allowed would be too many."""
    too_many = int(max_error * pool) + 1  # errors left by the draw
    allowed = allowed_errors(n, max_error=max_error, delta=DELTA, pool=pool)

    def risk(most: int) -> float:
        """Return the highest probability that at most so many errors are drawn and too many are left."""
        return max(float(hypergeom.cdf(min(most, e - too_many), pool, e, n)) for e in range(too_many, pool + 1))

    assert risk(allowed) <= DELTA < risk(allowed + 1)


def test_a_pool_seen_whole_leaves_no_doubt() -> None:
    """Where every task was drawn, people have labelled them all."""
    assert allowed_errors(40, max_error=0.05, delta=DELTA, pool=40) == 40


def test_more_tasks_than_there_are_cannot_be_drawn() -> None:
    """That is a mistake of the caller."""
    with pytest.raises(ValueError, match="10 tasks cannot be drawn from 9"):
        allowed_errors(10, max_error=0.05, delta=DELTA, pool=9)


@pytest.mark.parametrize(("max_error", "n"), [(0.02, 149), (0.05, 59), (0.1, 29)])
def test_the_smallest_sample_is_the_first_that_can_promise_anything(max_error: float, n: int) -> None:
    """One task fewer, and even a flawless model cannot be certified."""
    assert smallest_sample(max_error, DELTA) == n
    enough = pac_threshold(falling(n), np.zeros(n, np.bool_), max_error=max_error, delta=DELTA)
    too_few = pac_threshold(falling(n - 1), np.zeros(n - 1, np.bool_), max_error=max_error, delta=DELTA)

    assert enough == PacThreshold(0.5, allowed=0, errors=0, automated=n, certifiable=True)
    assert too_few == PacThreshold(inf, allowed=0, errors=0, automated=0, certifiable=False)


def test_of_three_hundred_eight_may_be_wrong_at_five_percent() -> None:
    """By hand: with 8 errors of 300 Clopper and Pearson's bound is 4.76 %, with 9 it is 5.17 %."""
    wrong = np.zeros(300, np.bool_)
    wrong[100:110] = True
    found = pac_threshold(falling(300), wrong, max_error=0.05, delta=DELTA)

    assert beta.ppf(0.95, 9, 292) < 0.05 < beta.ppf(0.95, 10, 291)
    assert found == PacThreshold(float(falling(300)[107]), allowed=8, errors=10, automated=108, certifiable=True)


def test_the_order_of_the_sample_does_not_matter() -> None:
    """A threshold depends on what was drawn, not on when."""
    rng = np.random.default_rng(1)
    margin, wrong = rng.random(200).round(2), rng.random(200) < 0.1
    order = rng.permutation(200)

    assert pac_threshold(margin, wrong, max_error=0.1, delta=DELTA) == pac_threshold(
        margin[order], wrong[order], max_error=0.1, delta=DELTA
    )


def test_equal_margins_stand_or_fall_together() -> None:
    """A threshold inside a tie would let tasks of the pool in that nobody counted."""
    margin = np.repeat([0.9, 0.5], 30)
    late, early = np.zeros(60, np.bool_), np.zeros(60, np.bool_)
    late[-1], early[29] = True, True

    assert pac_threshold(margin, late, max_error=0.05, delta=DELTA).threshold == 0.9
    assert pac_threshold(margin, late, max_error=0.05, delta=DELTA).automated == 30
    assert pac_threshold(margin, early, max_error=0.05, delta=DELTA).threshold == inf


def test_without_a_ranking_it_is_all_or_nothing() -> None:
    """All margins equal: the model labels everything or nothing."""
    same = np.full(300, 0.5)
    few, many = np.arange(300) < 8, np.arange(300) < 9

    assert pac_threshold(same, few, max_error=0.05, delta=DELTA).automated == 300
    assert pac_threshold(same, many, max_error=0.05, delta=DELTA).threshold == inf


def test_a_small_pool_needs_fewer() -> None:
    """Half of a small pool says more about it than as many of an endless one."""
    wrong = np.zeros(50, np.bool_)

    assert not pac_threshold(falling(50), wrong, max_error=0.05, delta=DELTA).certifiable
    assert pac_threshold(falling(50), wrong, max_error=0.05, delta=DELTA, pool=100).certifiable
    assert not pac_threshold(falling(50), wrong, max_error=0.05, delta=DELTA, pool=1000).certifiable


def test_nothing_drawn_promises_nothing() -> None:
    """No sample, no certificate."""
    assert pac_threshold(np.empty(0), flags(), max_error=0.05, delta=DELTA) == PacThreshold(inf, 0, 0, 0, False)


@pytest.mark.parametrize(
    ("margin", "wrong", "max_error", "delta"),
    [
        ([0.5, np.nan], [0, 0], 0.05, 0.05),
        ([0.5], [0, 0], 0.05, 0.05),
        ([0.5], [0], 0.0, 0.05),
        ([0.5], [0], 0.05, 1.0),
    ],
)
def test_what_has_no_meaning_is_refused(margin: list[float], wrong: list[int], max_error: float, delta: float) -> None:
    """A missing margin must not be ranked somewhere, nor a promise be made of nothing."""
    with pytest.raises(ValueError, match=r"NaN|between 0 and 1"):
        pac_threshold(np.array(margin), flags(*wrong), max_error=max_error, delta=delta)


@pytest.mark.parametrize("ranking", ["good", "none", "reversed", "coarse"])
@pytest.mark.parametrize(("n", "size", "max_error"), [(300, 20_000, 0.05), (300, 2000, 0.05), (100, 600, 0.1)])
def test_the_promise_is_kept_however_bad_the_margin(ranking: str, n: int, size: int, max_error: float) -> None:
    """In at most 5 % of draws, and three standard errors, has the finished pool more errors than promised."""
    rng = np.random.default_rng(2)
    difficulty = rng.random(size)
    wrong = rng.random(size) < 0.4 * difficulty**2
    noise = rng.normal(0, 0.1, size)
    margin = {
        "good": -difficulty + noise,
        "none": np.zeros(size),
        "reversed": difficulty + noise,
        "coarse": -np.round(difficulty * 4),
    }[ranking]

    assert broken(margin, wrong, n, max_error) <= PROMISE


@pytest.mark.parametrize(("n", "size"), [(300, 20_000), (300, 1500)])
def test_the_promise_is_kept_where_the_truth_lies_just_beyond_it(n: int, size: int) -> None:
    """The worst case: all equally confident, and just so many wrong that one too many may be left by the draw."""
    wrong = np.arange(size) < 0.05 * size + 1 + allowed_errors(n, max_error=0.05, delta=DELTA, pool=size)

    assert 0.0 < broken(np.zeros(size), wrong, n, 0.05) <= PROMISE
