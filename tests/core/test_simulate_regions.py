"""Replaying fields about regions and pairs of them: each text is asked about those that people marked in it."""

from collections.abc import Callable, Iterable

import pytest

from labelloop.domain.schema import Field
from labelloop.domain.values import Value
from labelloop.errors import UserError
from labelloop.simulate.figures import figures
from labelloop.simulate.labelled_texts import TEST, Labelled, LabelledText, labelled, require_learnable
from labelloop.simulate.replay import Point, replay
from labelloop.simulate.replay_plan import DEFAULT, Machine, Plan
from tests.core import region_form
from tests.core.made_up import MODELS
from tests.core.relation_form import RELATED, related, text


def rows(said: Callable[[int], Value], shown: Callable[[int], str], tasks: Iterable[int]) -> list[LabelledText]:
    """Return texts with what is true of them; every seventh is tested on."""
    return [LabelledText(shown(n), said(n), TEST if n % 7 == 0 else "") for n in tasks]


def played(data: Labelled, *learners: str) -> list[Point]:
    plan = Plan(learners, "typical-then-cluster-margin", (3, 80), Machine(cores=2))
    return list(replay(data, plan, seed=0, context=MODELS, tick=lambda: None))


@pytest.mark.parametrize(
    ("field", "said", "shown"),
    [
        pytest.param(RELATED, related, text, id="relations"),
        pytest.param(region_form.MOOD, region_form.mood, region_form.text, id="regions"),
    ],
)
def test_a_replay_learns_what_is_said_of_regions(
    field: Field, said: Callable[[int], Value], shown: Callable[[int], str]
) -> None:
    """As in a project: pair by pair, or region by region."""
    data = labelled(field, rows(said, shown, range(200)))
    first, last = played(data, DEFAULT)
    assert [point.labels for point in (first, last)] == [3, 80]
    assert last.figures.agreement > 0.8
    assert last.figures.accuracy > max(first.figures.accuracy, 0.7)
    assert last.figures.macro_f1 is not None
    assert last.figures.macro_f1 > 0.7


def test_the_f1_of_relations_counts_ordered_pairs() -> None:
    """What one pair is said to be helps no other; a text is right where all its pairs are."""
    there, other = related(0), related(3)
    assert figures([(there, there)]).macro_f1 == 1.0
    found = figures([(there, there), (other, related(3).within(other.regions))])
    assert (found.accuracy, found.agreement) == (1.0, 1.0)


def test_an_llm_is_not_asked_about_relations() -> None:
    """Nor is a learner that chooses no label."""
    data = labelled(RELATED, rows(related, text, range(200)))
    for spec in ("prompt", "tagger"):
        with pytest.raises(UserError, match=f"{spec} cannot learn relations"):
            played(data, spec)


def test_where_nothing_is_related_there_is_nothing_to_learn() -> None:
    """Every text has two regions, and none has a relation."""
    unrelated = [n for n in range(200) if not related(n).relations]
    with pytest.raises(UserError, match="No text of the file has a relation"):
        require_learnable(labelled(RELATED, rows(related, text, unrelated)))
