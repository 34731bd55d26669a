"""The contract every registered query strategy keeps, and what each one looks for."""

import numpy as np
import pytest
from numpy.typing import NDArray
from skactiveml.pool import TypiClust

from labelloop.domain.predictions import answers
from labelloop.domain.predictions import margin as margins_of
from labelloop.domain.values import Choice, FieldKind
from labelloop.errors import UserError
from labelloop.plugins import strategy, strategy_names
from labelloop.strategies.base import Candidates, Strategy
from labelloop.strategies.cluster_margin import cluster_margin, typical_then_cluster_margin
from labelloop.strategies.margin import margin
from labelloop.strategies.opening_round import opening
from labelloop.strategies.pool import thinned
from labelloop.strategies.typical import typical

LABELS = ("a", "b", "c")
NOBODY = np.empty((0, 8), np.float32)


def unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def blobs(sizes: list[int], seed: int = 0, spread: float = 0.05, dimensions: int = 8) -> NDArray[np.float32]:
    """Well separated groups of the given sizes, one axis each."""
    rng = np.random.default_rng(seed)
    return unit(
        np.vstack([np.eye(dimensions)[g] + rng.normal(0, spread, (n, dimensions)) for g, n in enumerate(sizes)])
    )


def pool(
    vectors: NDArray[np.float32],
    probabilities: NDArray[np.float64] | None = None,
    labelled: NDArray[np.float32] = NOBODY,
    kind: FieldKind = FieldKind.CHOICE,
) -> Candidates:
    """Candidates whose ids are 1000, 1001, ... in the order of their vectors."""
    ids = np.arange(1000, 1000 + len(vectors))
    if probabilities is None:
        return Candidates(ids, vectors, None, None, labelled, label_count=3)
    guesses = tuple(answer.value for answer in answers(kind, LABELS, probabilities))
    rivals = tuple(answer.value for answer in answers(kind, LABELS, np.roll(probabilities, 1, axis=1) ** 2))
    settled = tuple([Choice("a")] * len(labelled))
    known = margins_of(kind, probabilities)
    return Candidates(ids, vectors, known, guesses, labelled, 3, settled, lambda: rivals)


def random_pool(n: int, *, model: bool, labelled: int, kind: FieldKind = FieldKind.CHOICE) -> Candidates:
    rng = np.random.default_rng(n)
    known = rng.dirichlet(np.ones(3), n) if kind is FieldKind.CHOICE else rng.random((n, 3))
    vectors = unit(rng.normal(size=(n, 8)))
    return pool(vectors, known if model else None, unit(rng.normal(size=(labelled, 8))) if labelled else NOBODY, kind)


@pytest.fixture(params=strategy_names())
def any_strategy(request: pytest.FixtureRequest) -> Strategy:
    return strategy(request.param)


SITUATIONS = [
    pytest.param(False, 0, FieldKind.CHOICE, id="before any model"),
    pytest.param(True, 10, FieldKind.CHOICE, id="first model"),
    pytest.param(True, 60, FieldKind.CHOICE, id="later"),
    pytest.param(True, 60, FieldKind.CHOICES, id="several labels"),
]


@pytest.mark.parametrize(("model", "labelled", "kind"), SITUATIONS)
@pytest.mark.parametrize(("size", "n"), [(0, 5), (1, 5), (7, 5), (7, 7), (7, 20), (200, 25), (200, 0)])
def test_a_strategy_returns_as_many_different_candidates_as_it_can(
    any_strategy: Strategy, size: int, n: int, model: bool, labelled: int, kind: FieldKind
) -> None:
    """Never more than asked, never one twice, never a stranger."""
    candidates = random_pool(size, model=model, labelled=labelled, kind=kind)
    chosen = any_strategy(candidates, n, np.random.default_rng(1))

    assert len(chosen) == len(set(chosen)) == min(size, n)
    assert set(chosen) <= set(candidates.ids.tolist())
    assert all(type(task) is int for task in chosen)


@pytest.mark.parametrize(("model", "labelled", "kind"), SITUATIONS)
def test_the_same_seed_chooses_the_same(any_strategy: Strategy, model: bool, labelled: int, kind: FieldKind) -> None:
    """A queue can be made again."""
    candidates = random_pool(300, model=model, labelled=labelled, kind=kind)
    one, two = (any_strategy(candidates, 25, np.random.default_rng(4)) for _ in range(2))

    assert one == two


@pytest.mark.parametrize(("model", "labelled", "kind"), SITUATIONS)
def test_candidates_that_are_all_alike_break_nothing(
    any_strategy: Strategy, model: bool, labelled: int, kind: FieldKind
) -> None:
    """Copies of one text, with equal probabilities, are still so many tasks."""
    vectors = np.repeat(blobs([1]), 40, axis=0)
    known = np.full((40, 3), 1 / 3) if model else None
    chosen = any_strategy(
        pool(vectors, known, np.repeat(vectors[:1], labelled, axis=0), kind), 12, np.random.default_rng(0)
    )

    assert len(set(chosen)) == 12


def test_a_strategy_leaves_its_candidates_as_they_were(any_strategy: Strategy) -> None:
    """The arrays belong to the caller."""
    candidates = random_pool(100, model=True, labelled=60)
    before = [array.copy() for array in (candidates.ids, candidates.vectors, candidates.labelled)]
    any_strategy(candidates, 10, np.random.default_rng(0))

    for array, copy in zip((candidates.ids, candidates.vectors, candidates.labelled), before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_an_unknown_strategy_is_answered_with_the_known_ones() -> None:
    """The message says what to write instead."""
    with pytest.raises(UserError, match="typical-then-cluster-margin"):
        strategy("entropy")


def test_margin_asks_where_two_labels_are_closest() -> None:
    """Smallest difference of the two likeliest first."""
    known = np.array([[0.9, 0.05, 0.05], [0.5, 0.45, 0.05], [0.6, 0.3, 0.1]])

    assert margin(pool(blobs([3]), known), 2, np.random.default_rng(0)) == [1001, 1002]


def test_margin_reads_several_labels_one_by_one() -> None:
    """A label near one half is a doubt, however sure the others are."""
    known = np.array([[0.9, 0.1, 0.9], [0.99, 0.52, 0.01], [0.7, 0.01, 0.01]])

    assert margin(pool(blobs([3]), known, kind=FieldKind.CHOICES), 2, np.random.default_rng(0)) == [1001, 1002]


def test_typical_takes_one_of_each_group_the_largest_first() -> None:
    """Five groups and five places: each group is asked about once."""
    sizes = [10, 50, 20, 40, 30]
    group = np.repeat(np.arange(5), sizes)
    chosen = typical(pool(blobs(sizes)), 5, np.random.default_rng(2))

    assert [int(group[task - 1000]) for task in chosen] == [1, 3, 4, 2, 0]


def test_typical_takes_the_middle_of_a_group_not_its_edge() -> None:
    """The chosen point is nearer to the group's mean than nearly all others."""
    vectors = blobs([200], spread=0.15)
    (chosen,) = typical(pool(vectors), 1, np.random.default_rng(0))
    closeness = vectors @ vectors.mean(axis=0)

    assert (closeness > closeness[chosen - 1000]).mean() < 0.1


def test_typical_leaves_groups_that_have_a_label_for_last() -> None:
    """What somebody has labelled already is covered."""
    sizes = [50, 30, 20]
    vectors = blobs(sizes)
    group = np.repeat(np.arange(3), sizes)
    candidates = pool(vectors[1:], labelled=vectors[:1])
    chosen = typical(candidates, 2, np.random.default_rng(1))

    assert [int(group[task - 999]) for task in chosen] == [1, 2]


class _Given:
    """A clustering that was made before, in the form scikit-activeml wants."""

    def __init__(self, n_clusters: int, groups: NDArray[np.int64]) -> None:
        self.n_clusters, self.groups = n_clusters, groups

    def fit_predict(self, _: NDArray[np.float32]) -> NDArray[np.int64]:
        return self.groups


@pytest.mark.parametrize("seed", range(5))
def test_typical_chooses_as_scikit_activeml_does(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given the same clusters, the same groups are asked about, in the same order, by points as typical.

    Ours measures typicality by cosine, theirs by distance; on unit vectors they differ in the weight of far neighbours.
    """
    rng = np.random.default_rng(seed)
    vectors = unit(rng.normal(size=(400, 8)) + 2 * np.eye(8)[rng.integers(8, size=400)])
    labelled, candidates = vectors[:10], vectors[10:]
    sizes = rng.permutation(np.arange(5, 30))[:20]
    groups = rng.permutation(np.repeat(np.arange(20), sizes))[:400]
    groups = np.concatenate([groups, np.full(400 - len(groups), 19)])
    centres = np.zeros((20, 8), np.float32)
    monkeypatch.setattr("labelloop.strategies.typical.clusters", lambda *_: (groups, centres))
    places = 20 - len(set(groups[:10].tolist()))

    def theirs() -> NDArray[np.int64]:
        answers = np.full(400, np.nan)
        answers[:10] = 0
        query = TypiClust(cluster_algo=_Given, cluster_algo_dict={"groups": groups}, k=20, random_state=0)
        chosen: NDArray[np.int64] = query.query(vectors, answers, batch_size=places)
        return chosen

    ours = np.array(typical(pool(candidates, labelled=labelled), places, rng)) - 1000 + 10
    wanted = theirs()

    assert np.bincount(groups)[groups[ours]].tolist() == np.bincount(groups)[groups[wanted]].tolist()
    assert len(set(ours.tolist()) & set(wanted.tolist())) >= 0.8 * places


def test_cluster_margin_asks_doubtful_tasks_of_different_kinds() -> None:
    """Each doubtful group is asked about once, and no sure task at all."""
    sizes = [40, 40, 40, 40]
    vectors = blobs(sizes)
    group = np.repeat(np.arange(4), sizes)
    doubt = np.where(np.arange(160) % 40 < 8, 0.02, 0.9)
    known = np.stack([(1 + doubt) / 2, (1 - doubt) / 2, np.zeros(160)], axis=1)
    chosen = np.array(cluster_margin(pool(vectors, known), 4, np.random.default_rng(0))) - 1000

    assert sorted(group[chosen].tolist()) == [0, 1, 2, 3]
    assert (doubt[chosen] < 0.1).all()


@pytest.mark.parametrize("labelled", [0, 49, 50])
def test_an_opening_comes_first_and_what_follows_is_doubtful(labelled: int) -> None:
    """Fifty labels, or two per label if that is more, make a model whose doubts are worth a question."""
    candidates = random_pool(300, model=True, labelled=labelled)
    wanted = (opening if labelled < 50 else cluster_margin)(candidates, 20, np.random.default_rng(3))

    assert typical_then_cluster_margin(candidates, 20, np.random.default_rng(3)) == wanted


def test_a_long_queue_begins_like_a_short_one() -> None:
    """The first fifty of a queue are one of each of fifty clusters, however many tasks are pushed ahead."""
    candidates = random_pool(300, model=False, labelled=0)
    long, short = (opening(candidates, n, np.random.default_rng(3)) for n in (125, 50))

    assert long[:50] == short
    assert len(set(long)) == 125


@pytest.mark.slow
def test_a_large_pool_is_thinned_by_chance_and_no_smaller_than_what_is_asked() -> None:
    """Clustering stays a matter of seconds."""
    vectors = np.zeros((60_000, 1), np.float32)
    known = np.full((60_000, 3), 1 / 3)
    rng = np.random.default_rng(0)

    assert len(thinned(pool(vectors, known), 100, rng).ids) == 20_000
    assert len(thinned(pool(vectors, known), 30_000, rng).ids) == 30_000
    assert len(thinned(pool(vectors[:50_000]), 100, rng).ids) == 50_000
    some = thinned(pool(vectors, known), 100, rng)
    assert len(set(some.ids.tolist())) == len(some.vectors) == 20_000
    assert some.margins is not None
    assert some.guesses is not None
    assert (some.margins.shape, len(some.guesses)) == ((20_000,), 20_000)
