"""How two versions are compared: the interval of their difference, and which one is the challenger."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelloop.domain.records import Evaluation
from labelloop.steps.compare_versions import interval_of_difference, measured_beside

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.0, 0.0, 0.5, 1.0]), min_size=2, max_size=60))
def test_the_interval_is_around_the_mean_and_the_same_from_both_sides(values: list[float]) -> None:
    """Exchanging the two versions turns it around."""
    differences = np.array(values)
    low, high = interval_of_difference(differences)
    back = interval_of_difference(-differences)
    assert low is not None
    assert high is not None
    assert back[0] is not None
    assert -1 <= low <= differences.mean() + 1e-9
    assert differences.mean() - 1e-9 <= high <= 1
    assert back[0] == pytest.approx(-high)


def test_versions_that_agree_on_few_tasks_are_not_said_to_be_equal() -> None:
    """Nothing that was seen differs: that says little of what was not seen."""
    low, high = interval_of_difference(np.zeros(20))
    assert low is not None
    assert high is not None
    assert low < -0.1 < 0.1 < high
    assert interval_of_difference(np.zeros(1)) == (None, None)


@pytest.mark.parametrize("often", [0.02, 0.1, 0.4])
def test_the_interval_has_the_true_difference_as_often_as_it_says(often: float) -> None:
    """In 95 of 100 draws of tasks on which the two differ so often, less three standard errors of the count."""
    rng, held = np.random.default_rng(0), 0
    for _ in range(400):
        values = rng.choice([1.0, -1.0, 0.0], size=100, p=[0.7 * often, 0.3 * often, 1 - often])
        low, high = interval_of_difference(values)
        held += low is not None and high is not None and low <= 0.4 * often <= high
    assert held / 400 >= 0.95 - 3 * (0.05 * 0.95 / 400) ** 0.5


def evaluation(version: str, number: int, failure: str = "") -> Evaluation:
    shares = (0.8, 0.7, 0.9) * 2
    at = NOW + timedelta(days=number)
    return Evaluation(12, number, version, 40, *shares, None, None, 2.5, failure=failure, created_at=at)


def test_the_challenger_is_the_newest_that_was_measured_beside_the_champion() -> None:
    """Not one that was measured after other rounds only, could not be measured, or came before another."""
    measured = [
        *(evaluation(version, 1) for version in ("v1", "v2")),
        *(evaluation(version, 2) for version in ("v1", "v3", "v4")),
        evaluation("v5", 3),
        evaluation("v6", 2, failure="out of memory"),
    ]
    versions = [f"v{number}" for number in range(1, 8)]
    assert measured_beside(measured, "v3", versions) == "v4"
    assert measured_beside(measured, "v1", versions) == "v4"
    assert measured_beside(measured, "v2", versions) == "v1"
    assert measured_beside(measured, "v5", versions) == ""
    assert measured_beside(measured, "", versions) == ""
