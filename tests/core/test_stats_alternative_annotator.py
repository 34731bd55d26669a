"""The alternative annotator test against an example computed apart from it, and scipy."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control, ttest_1samp

from labelloop.domain.values import Choice, Value
from labelloop.stats.alternative_annotator import alternative_annotator, benjamini_yekutieli

PEOPLE = ("ann", "bob", "eve")


def tasks(*kinds: tuple[int, str]) -> tuple[list[Value], list[dict[str, Value]]]:
    """Return the values of the model and of ann, bob and eve, from (how many, their four letters)."""
    rows = [letters for count, letters in kinds for _ in range(count)]
    return [Choice(r[0]) for r in rows], [
        {name: Choice(label) for name, label in zip(PEOPLE, r[1:], strict=True)} for r in rows
    ]


def test_a_worked_example() -> None:
    """By hand, of 40 tasks: 28 agree, in 6 the model alone is off, in 4 bob alone, in 2 eve alone.

    Against ann the model ties 28 times; where it is off (6) it loses; where bob or eve is (6) it ties: wins 34 of 40,
    hers 40 of 40, mean difference 6/40. Against bob it also wins 4 times: 34 to 36, mean 2/40. Against eve 34 to 38.
    """
    found = alternative_annotator(*tasks((28, "xxxx"), (6, "yxxx"), (4, "xxyx"), (2, "xxxy")), epsilon=0.2)
    differences = {
        "ann": [1] * 6 + [0] * 34,
        "bob": [1] * 6 + [-1] * 4 + [0] * 30,
        "eve": [1] * 6 + [-1] * 2 + [0] * 32,
    }

    assert found is not None
    assert [(one.person, one.n) for one in found.people] == [("ann", 40), ("bob", 40), ("eve", 40)]
    assert [one.model_wins for one in found.people] == [0.85, 0.85, 0.85]
    assert [one.person_wins for one in found.people] == [1.0, 0.9, 0.95]
    for one in found.people:
        theirs = ttest_1samp(differences[one.person], 0.2, alternative="less").pvalue
        assert one.p_value == pytest.approx(float(theirs))
    # The limits are 0.05 / (3 * 11/6) = 0.0091 for the least, then 0.0182 and 0.0273: none of the three is below.
    assert [round(one.p_value, 3) for one in found.people] == [0.194, 0.034, 0.08]
    assert found.rho == pytest.approx(0.85)
    assert (found.omega, found.passed) == (0.0, False)


def test_a_model_that_judges_as_people_do_passes() -> None:
    """It agrees with the others as often as anyone."""
    found = alternative_annotator(*tasks((40, "xxxx"), (3, "yxxx"), (3, "xyxx"), (3, "xxyx"), (3, "xxxy")))

    assert found is not None
    assert (found.omega, found.passed) == (1.0, True)


def test_a_model_that_is_never_right_replaces_nobody() -> None:
    """No spread in the differences, and still no division by nothing."""
    found = alternative_annotator(*tasks((50, "yxxx")))

    assert found is not None
    assert (found.omega, found.rho, found.passed) == (0.0, 0.0, False)
    assert [one.p_value for one in found.people] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(("n", "omega"), [(30, 1.0), (29, None)])
def test_it_needs_thirty_tasks_of_three_people(n: int, omega: float | None) -> None:
    """One task fewer, or only two people, and nothing is said."""
    model, judgements = tasks((n, "xxxx"))
    found = alternative_annotator(model, judgements)
    two = [{name: by[name] for name in PEOPLE[:2]} for by in judgements]

    assert (found and found.omega) == omega
    assert alternative_annotator(model, two) is None


def test_a_person_alone_with_a_task_is_not_compared_on_it() -> None:
    """There are no others to agree with."""
    model, judgements = tasks((35, "xxxx"))
    found = alternative_annotator([*model, Choice("x")], [*judgements, {"ann": Choice("y")}])

    assert found is not None
    assert [one.n for one in found.people] == [35, 35, 35]


@pytest.mark.parametrize("seed", range(20))
def test_the_correction_is_scipys(seed: int) -> None:
    """Benjamini and Yekutieli, by adjusted p-values there."""
    p_values = np.random.default_rng(seed).random(6) ** 4

    assert np.array_equal(benjamini_yekutieli(p_values, 0.05), false_discovery_control(p_values, method="by") <= 0.05)


def test_the_correction_rejects_a_whole_run_up_to_the_last_that_is_small_enough() -> None:
    """By hand, m = 4, sum of 1/k 25/12: limits .006, .012, .018, .024 by rank; the third passes and so all below."""
    p_values = np.array([0.5, 0.017, 0.013, 0.007])

    assert benjamini_yekutieli(p_values, 0.05).tolist() == [False, True, True, True]
