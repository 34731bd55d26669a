"""Strategies that look at labels: two models that differ, and labels that are rare."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from labelloop.domain.values import Choice, Choices, Span, Spans, Value
from labelloop.plugins import strategy, strategy_names
from labelloop.strategies.base import Candidates
from labelloop.strategies.cluster_margin import cluster_margin
from labelloop.strategies.disagreement import disagreement
from labelloop.strategies.rare_labels import rare_labels
from tests.core.test_strategies import unit


def told(guesses: Sequence[Value], settled: Sequence[Value] = (), rivals: Sequence[Value] | None = None) -> Candidates:
    """Candidates of which a model says these values, none surer than another, and people said others before."""
    vectors = unit(np.random.default_rng(0).normal(size=(len(guesses) + max(len(settled), 60), 8)))
    labelled = vectors[len(guesses) :]
    return Candidates(
        np.arange(1000, 1000 + len(guesses)),
        vectors[: len(guesses)],
        np.full(len(guesses), 0.5),
        tuple(guesses),
        labelled,
        3,
        tuple(settled),
        lambda: None if rivals is None else tuple(rivals),
    )


def spans(*labels: str) -> Spans:
    return Spans(frozenset(Span(start, start + 1, label) for start, label in enumerate(labels)))


KINDS = [
    pytest.param(Choice("a"), Choice("b"), id="one label"),
    pytest.param(Choices(frozenset("a")), Choices(frozenset("ab")), id="several labels"),
    pytest.param(spans("a"), spans("a", "b"), id="spans"),
]


@pytest.mark.parametrize(("common", "other"), KINDS)
def test_disagreement_asks_half_its_questions_where_two_models_differ(common: Value, other: Value) -> None:
    """Whatever is labelled; and so of every beginning of the queue."""
    rivals = [other if row % 10 == 0 else common for row in range(300)]
    chosen = disagreement(told([common] * 300, rivals=rivals), 20, np.random.default_rng(0))

    differ = [(task - 1000) % 10 == 0 for task in chosen]
    assert sum(differ) >= 10
    assert all(sum(differ[:n]) >= n // 2 for n in range(1, 20))
    assert sum(differ) < 20


def test_disagreement_without_another_candidate_is_cluster_margin() -> None:
    """Nobody to disagree with is no reason to ask at random."""
    candidates = told([Choice("a")] * 300)

    assert sorted(disagreement(candidates, 20, np.random.default_rng(0))) == sorted(
        cluster_margin(candidates, 20, np.random.default_rng(0))
    )


@pytest.mark.parametrize("name", strategy_names())
def test_only_a_strategy_that_wants_to_know_asks_the_other_candidate(name: str) -> None:
    """A second model over the whole pool takes its time."""
    asked = []
    candidates = replace(told([Choice("a")] * 100), rivals=lambda: asked.append(1))
    strategy(name)(candidates, 10, np.random.default_rng(0))

    assert bool(asked) == (strategy(name) is disagreement)


@pytest.mark.parametrize(("common", "rare"), KINDS)
def test_a_quarter_of_the_places_goes_to_tasks_with_a_rare_label(common: Value, rare: Value) -> None:
    """`b` was given once, `a` ninety-nine times: where the model guesses `b`, people look, but not only there."""
    guesses = [rare if row % 3 == 0 else common for row in range(300)]
    candidates = told(guesses, settled=[common] * 99 + [rare])
    surer = replace(candidates, margins=np.where(np.arange(300) % 3 == 0, 0.9, 0.1))
    chosen = rare_labels(surer, 20, np.random.default_rng(0))

    assert sum((task - 1000) % 3 == 0 for task in chosen) == 5


def test_without_a_rare_label_nothing_is_boosted() -> None:
    """Where labels are even, doubt alone decides."""
    candidates = told([Choice("abc"[row % 3]) for row in range(300)], settled=[Choice(label) for label in "abc" * 30])

    assert sorted(rare_labels(candidates, 20, np.random.default_rng(0))) == sorted(
        cluster_margin(candidates, 20, np.random.default_rng(0))
    )
