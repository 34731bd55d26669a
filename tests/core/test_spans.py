"""Scores of spans: what counts as found, against a published implementation, and how sure the figures are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nervaluate import Evaluator

from labelloop.domain.values import Span, Spans, similarity
from labelloop.stats.intervals import Interval
from labelloop.stats.span_agreement import Match, span_counts, span_score

LABELS = ("Person", "Place")
SLOT = 20
_THEIRS = {Match.STRICT: "strict", Match.EXACT: "exact", Match.PARTIAL: "partial", Match.TYPE: "ent_type"}

edges = st.tuples(st.integers(0, 15), st.integers(1, 4), st.sampled_from(LABELS))
slot = st.tuples(st.none() | edges, st.none() | edges)
documents = st.lists(st.lists(slot, min_size=1, max_size=5), min_size=1, max_size=6)

Edge = tuple[int, int, str]
Slots = list[list[tuple[Edge | None, Edge | None]]]


def spans(*found: Edge) -> Spans:
    return Spans(frozenset(Span(*span) for span in found))


def pairs(
    slots: Slots,
) -> list[tuple[Spans, Spans]]:
    """One document a list, at most one span of each side in a slot of twenty characters."""
    return [
        (
            spans(*(_at(n, people) for n, (people, _) in enumerate(document) if people)),
            spans(*(_at(n, model) for n, (_, model) in enumerate(document) if model)),
        )
        for document in slots
    ]


def _at(number: int, edge: Edge) -> Edge:
    start, length, label = edge
    return number * SLOT + start, number * SLOT + start + length, label


@pytest.mark.slow
@given(slots=documents)
def test_counts_are_those_of_nervaluate(slots: Slots) -> None:
    """Where each span meets at most one other, all four scores are those of the package that people cite."""
    both = pairs(slots)
    if not any(people.spans for people, _ in both):
        return
    theirs = [[[_entity(span) for span in sorted(value.spans)] for value in side] for side in zip(*both, strict=True)]
    found = Evaluator(theirs[0], theirs[1], tags=list(LABELS), loader="dict").evaluate()["overall"]
    for match in Match:
        ours, oracle = span_score(both, match, seed=1).counts, found[_THEIRS[match]]
        assert (ours.precision or 0.0, ours.recall or 0.0) == pytest.approx((oracle.precision, oracle.recall))
        if ours.both:
            assert ours.f1 == pytest.approx(oracle.f1)


def _entity(span: Span) -> dict[str, object]:
    return {"start": span.start, "end": span.end - 1, "label": span.label}  # its ends are the last character


@given(slots=documents)
def test_strict_f1_of_a_document_is_the_similarity_of_its_values(slots: Slots) -> None:
    """The gate and the figures mean the same; two empty documents agree."""
    for pair in pairs(slots):
        assert span_counts(pair, Match.STRICT).f1 == pytest.approx(similarity(*pair))


def test_a_span_is_matched_once_and_best_by_its_like() -> None:
    """A long span that overlaps two of the model's takes the one with its ends."""
    people, model = spans((0, 10, "Person")), spans((0, 4, "Person"), (0, 10, "Place"), (5, 10, "Person"))

    assert [span_counts((people, model), match).both for match in Match] == [0.0, 1.0, 1.0, 1.0]


def test_overlapping_spans_of_different_labels_stand_for_themselves() -> None:
    """People may mark one string twice; a model that finds both is right twice."""
    twice = spans((0, 6, "Person"), (0, 6, "Place"))

    for match in Match:
        assert span_counts((twice, twice), match).both == 2


def test_the_interval_covers_the_truth_and_is_repeatable() -> None:
    """The bootstrap draws documents: 95 of 100 intervals hold the F1 of the whole pool, and a seed fixes each."""
    rng = np.random.default_rng(3)
    pool = [_document(rng) for _ in range(4000)]
    truth = span_score(pool, Match.STRICT, seed=1).counts.f1
    hits = 0
    for draw in range(60):
        some = [pool[n] for n in rng.choice(len(pool), 120, replace=False)]
        found = span_score(some, Match.STRICT, seed=draw).interval
        hits += found.low <= truth <= found.high

    assert hits >= 52
    assert span_score(pool[:50], Match.TYPE, seed=5) == span_score(pool[:50], Match.TYPE, seed=5)


def _document(rng: np.random.Generator) -> tuple[Spans, Spans]:
    places = rng.permutation(5)[: rng.integers(0, 5)]
    people = [(int(p) * 10, int(p) * 10 + 5, "Person") for p in places]
    model = [(a, b - int(rng.random() < 0.3), label) for a, b, label in people if rng.random() < 0.8]
    return spans(*people), spans(*model)


def test_too_few_documents_say_nothing_of_the_spread() -> None:
    """One document, or none: any F1 may be true."""
    assert span_score([], Match.STRICT, seed=1).interval == Interval(0.0, 1.0)
    assert span_score([(spans(), spans())], Match.STRICT, seed=1).interval == Interval(0.0, 1.0)
    assert span_score([(spans(), spans())], Match.STRICT, seed=1).per_document == 1.0
