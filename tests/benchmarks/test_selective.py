"""The stricter promise, about the machine-labelled part alone, against MAPIE and against itself."""

from math import inf

import numpy as np
import pytest
from mapie.risk_control.fwer_control import FWERFixedSequenceTesting, control_fwer
from mapie.risk_control.methods import compute_hoeffding_bentkus_p_value
from scipy.special import bdtr
from scipy.stats import binom

from benchmarks._selective import COVERAGES, SelectiveThreshold, loosest_rejected, selective_threshold
from labelloop.stats.pac import pac_threshold

DRAWS, DELTA = 400, 0.05


@pytest.mark.parametrize("seed", range(50))
def test_the_sequences_reject_what_mapies_reject(seed: int) -> None:
    """Four starts on the same grid, each with a quarter of delta."""
    rng = np.random.default_rng(seed)
    p_values = np.sort(rng.random(len(COVERAGES)) ** 6) if seed % 2 else rng.random(len(COVERAGES)) ** 8
    theirs = control_fwer(p_values, DELTA, fwer_method=FWERFixedSequenceTesting(n_starts=4))

    assert loosest_rejected(p_values, (0, 4, 8, 12), DELTA) == max(theirs, default=None)


@pytest.mark.parametrize(("errors", "n"), [(0, 60), (3, 180), (9, 240), (20, 300)])
def test_the_p_value_is_the_binomial_one_within_mapies(errors: int, n: int) -> None:
    """Ours is exact; MAPIE's is the smaller of it and Hoeffding's, which is hardly ever the smaller."""
    ours = float(bdtr(errors, n, 0.1))
    theirs = compute_hoeffding_bentkus_p_value(np.array([errors / n]), n, 0.1, binary=True)

    assert ours == pytest.approx(float(binom.cdf(errors, n, 0.1)))
    assert theirs.item() == pytest.approx(ours, rel=1e-6)


def test_a_worked_example() -> None:
    """By hand: a flawless upper 60 % and a useless rest; 0.95^90 = 0.0099 <= 0.0125, but 0.95^60 = 0.046 is not."""
    pool = np.linspace(1.0, 0.0, 10_001, dtype=np.float64)
    margin = pool[::34]
    found = selective_threshold(margin, margin < 0.4, pool, max_error=0.05, delta=DELTA)

    assert len(margin) == 295
    assert (found.coverage, found.automated, found.errors) == (0.6, 177, 0)
    assert found.threshold == pytest.approx(0.4, abs=1e-3)
    few = selective_threshold(margin[::3], margin[::3] < 0.4, pool, max_error=0.05, delta=DELTA)
    assert few == SelectiveThreshold(inf, 0.0, 0, 0)


def test_it_is_stricter_than_the_promise_about_the_whole() -> None:
    """What people label counts as right for the whole data set, but not here."""
    rng = np.random.default_rng(2)
    pool = rng.random(20_000)
    wrong = rng.random(20_000) < 0.5 * (1 - pool)
    drawn = rng.choice(20_000, 500, replace=False)
    strict = selective_threshold(pool[drawn], wrong[drawn], pool, max_error=0.1, delta=DELTA)
    whole = pac_threshold(pool[drawn], wrong[drawn], max_error=0.1, delta=DELTA)

    assert whole.threshold < strict.threshold < inf


def test_nothing_to_go_by_automates_nothing() -> None:
    """No sample or no pool: no threshold; arrays that do not fit are refused."""
    nothing, no_flags = np.empty(0), np.empty(0, np.bool_)
    none = SelectiveThreshold(inf, 0.0, 0, 0)

    assert selective_threshold(nothing, no_flags, np.ones(9), max_error=0.05, delta=DELTA) == none
    assert selective_threshold(nothing, no_flags, nothing, max_error=0.05, delta=DELTA) == none
    with pytest.raises(ValueError, match="one length"):
        selective_threshold(np.ones(2), no_flags, np.ones(9), max_error=0.05, delta=DELTA)


@pytest.mark.parametrize("ranking", ["good", "none", "reversed"])
@pytest.mark.parametrize("ease", [0.3, 0.15, 0.101])
def test_the_promise_is_kept_however_bad_the_margin(ranking: str, ease: float) -> None:
    """In at most 5 % of draws, and three standard errors, are more machine labels wrong than promised."""
    rng, size, max_error = np.random.default_rng(3), 5000, 0.1
    difficulty = rng.random(size)
    wrong = rng.random(size) < ease * 2 * difficulty
    margin = {"good": -difficulty, "none": np.zeros(size), "reversed": difficulty}[ranking]
    broken = 0
    for _ in range(DRAWS):
        drawn = rng.choice(size, 300, replace=False)
        found = selective_threshold(margin[drawn], wrong[drawn], margin, max_error=max_error, delta=DELTA)
        machine = margin >= found.threshold
        broken += bool(machine.any()) and wrong[machine].mean() > max_error

    assert broken / DRAWS <= DELTA + 3 * (DELTA * (1 - DELTA) / DRAWS) ** 0.5
