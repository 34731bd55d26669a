"""Kappa and prediction-powered shares against other libraries and published figures."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from labelloop.domain.values import Rating
from labelloop.stats.agreement import cohen_kappa, squared
from labelloop.stats.intervals import wilson
from labelloop.stats.prediction_powered import prediction_powered_share


def test_kappa_of_the_textbook() -> None:
    """Of 50 proposals both say yes to 20 and no to 15, one alone to 5, the other alone to 10: (0.7 - 0.5) / 0.5."""
    one = ["yes"] * 25 + ["no"] * 25
    other = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15

    assert cohen_kappa(one, other) == pytest.approx(0.4)


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_scikit_learns(seed: int) -> None:
    """Many labels, some given by one person only."""
    rng = np.random.default_rng(seed)
    one, other = rng.integers(0, 5, 80).tolist(), rng.integers(1, 6, 80).tolist()

    assert cohen_kappa(one, other) == pytest.approx(cohen_kappa_score(one, other))


def test_kappa_of_stars_is_the_quadratic_one() -> None:
    """Scikit-learn's, whose weights are the squared distances."""
    rng = np.random.default_rng(7)
    one, other = rng.integers(1, 6, 80).tolist(), rng.integers(1, 6, 80).tolist()
    stars = [Rating(n) for n in one], [Rating(n) for n in other]

    assert cohen_kappa(*stars, squared) == pytest.approx(cohen_kappa_score(one, other, weights="quadratic"))
    with pytest.raises(TypeError, match="not both points on a line"):
        cohen_kappa(["1"], ["2"], squared)


def test_kappa_of_one_label_is_unknown() -> None:
    """Both always say the same: chance would do as well; nor is there a kappa of nothing."""
    assert cohen_kappa(["a"] * 9, ["a"] * 9) is None
    assert cohen_kappa([], []) is None


def test_a_share_by_hand() -> None:
    """A model that is right throughout: the weight is 1 / (1 + n/N), the estimate lies between sample and pool."""
    labelled = np.arange(100) < 40
    rest = np.array([1.0] * 90 + [0.0] * 210)
    found = prediction_powered_share(labelled, np.array([1.0] * 40 + [0.0] * 60), rest)
    variances = labelled.var(ddof=1), np.concatenate([labelled, rest]).var(ddof=1)
    weight = variances[0] / (4 / 3 * variances[1])

    assert found.weight == pytest.approx(weight)
    assert found.share == pytest.approx(weight * 0.3 + (1 - weight) * 0.4)


def test_a_useless_or_misleading_model_is_not_listened_to() -> None:
    """The weight is cut to [0, 1]: no worse than the labelled share alone."""
    labelled = np.arange(100) < 50
    constant = prediction_powered_share(labelled, np.full(100, 0.3), np.full(900, 0.3))
    opposite = prediction_powered_share(labelled, np.array([0.0] * 50 + [1.0] * 50), np.zeros(900))

    assert (constant.share, constant.weight) == (opposite.share, opposite.weight) == (0.5, 0.0)


def test_a_rare_label_has_wilsons_interval() -> None:
    """With nine of it no normal interval is trusted, nor where there is no other task; nothing labelled is refused."""
    labelled = np.arange(200) < 9
    found = prediction_powered_share(labelled, labelled.astype(float), np.zeros(1000))

    assert (found.interval, found.weight) == (wilson(9, 200), 0.0)
    assert prediction_powered_share(np.arange(40) < 20, np.ones(40), np.empty(0)).interval == wilson(20, 40)
    with pytest.raises(ValueError, match="not empty"):
        prediction_powered_share(np.empty(0, np.bool_), np.empty(0), np.ones(4))


@pytest.mark.parametrize(
    ("share", "n", "sharpness"), [(0.3, 200, 4.0), (0.5, 100, 2.0), (0.1, 300, 3.0), (0.1, 100, 3.0)]
)
def test_intervals_of_shares_cover_the_truth_and_are_narrower(share: float, n: int, sharpness: float) -> None:
    """95 percent intervals hold the pool's share in about 95 of 100 draws, a biased model notwithstanding."""
    rng, runs, size = np.random.default_rng(7), 600, 4000
    labels = rng.random(size) < share
    predicted = 1 / (1 + np.exp(-(sharpness * (labels - 0.5) + rng.normal(0.8, 1.0, size))))
    hits, widths = 0, []
    for _ in range(runs):
        drawn = np.zeros(size, np.bool_)
        drawn[rng.choice(size, n, replace=False)] = True
        found = prediction_powered_share(labels[drawn], predicted[drawn], predicted[~drawn])
        hits += found.interval.low <= labels.mean() <= found.interval.high
        widths.append(found.interval.high - found.interval.low)
    classical = 2 * 1.96 * (share * (1 - share) / n) ** 0.5

    assert hits / runs >= 0.95 - 3 * (0.05 * 0.95 / runs) ** 0.5
    if n * share > 25:
        assert np.mean(widths) < 0.9 * classical
