"""The statistics against published figures and against their own promises."""

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_rel
from sklearn.metrics import f1_score, precision_recall_fscore_support

from labelloop.domain.values import Choice, Choices, Rating, Span, Spans, Text, Value
from labelloop.stats.agreement import (
    PairedDifference,
    krippendorff_alpha,
    model_agreement,
    paired_difference,
    pairwise_agreement,
    squared,
)
from labelloop.stats.intervals import Interval, bootstrap_mean, wilson
from labelloop.stats.per_label import label_scores, macro_f1, macro_f1_interval
from labelloop.stats.span_agreement import Match, span_score


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (0, 20), (1, 1), (7, 10), (90, 100), (200, 200), (1, 1000)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_wilson_is_scipys(successes: int, n: int, confidence: float) -> None:
    """The same interval as scipy's score method, without importing scipy."""
    theirs = binomtest(successes, n).proportion_ci(confidence, method="wilson")
    ours = wilson(successes, n, confidence)

    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_of_nothing_is_everything() -> None:
    """No task measured: any share is possible."""
    assert wilson(0, 0) == Interval(0.0, 1.0)


def test_the_bootstrap_covers_the_truth_as_often_as_it_says() -> None:
    """95 percent intervals of a mean hold the truth in about 95 of 100 samples."""
    rng = np.random.default_rng(0)
    hits = 0
    for seed in range(300):
        interval = bootstrap_mean(rng.random(80) ** 2, seed=seed, resamples=500)
        hits += interval.low <= 1 / 3 <= interval.high

    assert 0.90 <= hits / 300 <= 0.99


def test_the_bootstrap_is_the_same_for_a_seed_and_narrower_with_more_values() -> None:
    """A verdict can be computed again; more tasks say more."""
    values = np.random.default_rng(1).random(5000)
    few, many = bootstrap_mean(values[:50], seed=1), bootstrap_mean(values, seed=1)

    assert bootstrap_mean(values[:50], seed=1) == few
    assert many.high - many.low < (few.high - few.low) / 5


def test_fewer_than_two_values_say_nothing() -> None:
    """One task has no spread that could be measured."""
    assert bootstrap_mean([], seed=1) == bootstrap_mean([0.7], seed=1) == Interval(0.0, 1.0)
    assert bootstrap_mean([0.7], seed=1, limits=Interval(-1.0, 1.0)) == Interval(-1.0, 1.0)


def test_equal_values_have_an_interval_without_width() -> None:
    """Where all are the same, so is every resample."""
    assert bootstrap_mean([0.5] * 10, seed=1) == Interval(0.5, 0.5)


def test_peoples_agreement_is_the_mean_over_all_pairs() -> None:
    """Two of three pairs disagree; a single judgement has no pair."""
    assert pairwise_agreement([Choice("a"), Choice("a"), Choice("b")]) == pytest.approx(1 / 3)
    assert pairwise_agreement([Choices(frozenset("ab")), Choices(frozenset("bc"))]) == pytest.approx(1 / 3)
    assert pairwise_agreement([Choice("a")]) is None
    assert pairwise_agreement([]) is None


def test_a_models_agreement_is_the_mean_over_people() -> None:
    """Right with one of two people is one half."""
    assert model_agreement(Choice("a"), [Choice("a"), Choice("b")]) == 0.5


def test_a_paired_difference_uses_the_pairs() -> None:
    """The standard error is that of the differences, as in a paired t-test."""
    one, other = np.array([1.0, 1, 0, 1, 1]), np.array([1.0, 0, 0, 1, 0])
    difference = paired_difference(one, other)

    assert (difference.mean, difference.standard_error) == pytest.approx((0.4, 0.4 / ttest_rel(one, other).statistic))
    assert paired_difference(one[:1], other[:1]) == PairedDifference(0.0, float("inf"), 1)
    assert paired_difference(one[:0], other[:0]) == PairedDifference(0.0, float("inf"), 0)


def columns(*observers: str) -> list[list[str]]:
    """Units from observers' rows of values, '.' for a missing one."""
    return [[value for value in unit if value != "."] for unit in zip(*observers, strict=True)]


@pytest.mark.parametrize(
    ("observers", "alpha"),
    [
        (("0100000010", "1110010000"), 0.095),
        (("aabbdcccedda", "babbbccceddd"), 0.692),
        (("123321412...", "1233224125.3", ".3332342251.", "12332441251."), 0.743),
    ],
    ids=["A: two observers, two values", "B: two observers, five values", "C: four observers, missing values"],
)
def test_alpha_is_that_of_krippendorffs_worked_examples(observers: tuple[str, ...], alpha: float) -> None:
    """Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", examples A, B and C."""
    assert krippendorff_alpha(columns(*observers)) == pytest.approx(alpha, abs=0.0005)


def test_alpha_of_stars_knows_how_far_apart_they_are() -> None:
    """The interval metric on example C, Krippendorff 2011: 0.849."""
    observers = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")
    units = [[Rating(int(value)) for value in unit] for unit in columns(*observers)]
    assert krippendorff_alpha(units, squared) == pytest.approx(0.849, abs=0.0005)


def test_alpha_says_nothing_where_nothing_varies_or_nothing_is_paired() -> None:
    """Agreement beyond chance needs two values and two annotations of a unit."""
    assert krippendorff_alpha([]) is None
    assert krippendorff_alpha([["a"], ["b"]]) is None
    assert krippendorff_alpha([["a", "a"], ["a", "a"]]) is None
    assert krippendorff_alpha([["a", "a"], ["b", "b"]]) == 1.0


def test_label_scores_are_scikit_learns() -> None:
    """Precision, recall, F1 and the counts of each label, and their macro mean."""
    rng = np.random.default_rng(2)
    people, model = (rng.choice(["ham", "spam", "其他"], 200, p=[0.6, 0.3, 0.1]) for _ in range(2))
    labels = ["ham", "spam", "其他"]
    pairs: list[tuple[Value, Value]] = [(Choice(a), Choice(b)) for a, b in zip(people, model, strict=True)]
    precision, recall, f1, n = precision_recall_fscore_support(people, model, labels=labels)
    scores = label_scores(pairs, labels)

    assert [s.precision for s in scores] == pytest.approx(precision)
    assert [s.recall for s in scores] == pytest.approx(recall)
    assert [s.f1 for s in scores] == pytest.approx(f1)
    assert [s.people for s in scores] == n.tolist()
    assert macro_f1(pairs) == pytest.approx(f1_score(people, model, average="macro"))


def test_label_scores_of_spans_count_spans() -> None:
    """The same as the strict match of spans, label by label; a shifted end is a miss on both sides."""
    people = Spans(frozenset({Span(0, 4, "a"), Span(5, 9, "a"), Span(10, 12, "b")}))
    model = Spans(frozenset({Span(0, 4, "a"), Span(5, 8, "a"), Span(10, 12, "c")}))
    pairs: list[tuple[Value, Value]] = [(people, model), (people, people)]
    strict = {
        label: span_score(
            [(_only(a, label), _only(b, label)) for a, b in ((people, model), (people, people))], Match.STRICT, seed=0
        )
        for label in ("a", "b", "c")
    }
    scores = {score.label: score for score in label_scores(pairs, ["a", "b", "c"])}

    for label, expected in strict.items():
        found = scores[label]
        assert (found.people, found.model, found.both) == (
            expected.counts.people,
            expected.counts.model,
            expected.counts.both,
        )
    assert macro_f1(pairs) == pytest.approx(np.mean([score.counts.f1 for score in strict.values()]))


def _only(value: Spans, label: str) -> Spans:
    return Spans(frozenset(span for span in value.spans if span.label == label))


def test_the_interval_of_macro_f1_is_that_of_resampled_tasks() -> None:
    """As a plain loop over resamples finds it, within its own noise; nothing is known of one task."""
    rng = np.random.default_rng(4)
    people, model = (rng.choice(["ham", "spam", "odd"], 120, p=[0.6, 0.3, 0.1]) for _ in range(2))
    model[:70] = people[:70]
    pairs: list[tuple[Value, Value]] = [(Choice(a), Choice(b)) for a, b in zip(people, model, strict=True)]
    drawn = [rng.integers(120, size=120) for _ in range(1000)]
    slow = np.quantile([macro_f1([pairs[n] for n in rows]) or 0.0 for rows in drawn], [0.025, 0.975])
    found = macro_f1_interval(pairs, seed=1)

    assert (found.low, found.high) == pytest.approx(tuple(slow), abs=0.02)
    assert macro_f1_interval(pairs[:1], seed=1) == Interval(0.0, 1.0)
    assert macro_f1_interval([(Text("a"), Text("b"))] * 9, seed=1) == Interval(0.0, 1.0)


def test_what_was_never_given_has_no_score() -> None:
    """A share of nothing is no number; a label that only the model gives counts as a failure in the mean."""
    pairs: list[tuple[Value, Value]] = [(Choices(frozenset("a")), Choices(frozenset("ab")))]
    a, b, c = label_scores(pairs, ["a", "b", "c"])

    assert (a.precision, a.recall) == (1.0, 1.0)
    assert (b.precision, b.recall, b.f1) == (0.0, None, 0.0)
    assert (c.precision, c.recall, c.f1) == (None, None, None)
    assert macro_f1(pairs) == 0.5
    assert macro_f1([]) is None
