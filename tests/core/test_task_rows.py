"""The row that a task's values make: which fields are asked, how sure models are of a cell, and how alike cells are."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from labelloop.domain.asked import answers_where_asked
from labelloop.domain.predictions import Prediction
from labelloop.domain.relations import Relation, Relations
from labelloop.domain.row_answers import rows_of_models
from labelloop.domain.task_rows import row_of, row_similarity
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import ByRegion, Choice, FieldKind, Number, Span, Spans
from sync.config.label_config import parse
from tests.core.conditional_form import ASKED, CHILD, GRANDCHILD
from tests.core.made_up import FIELD
from tests.core.region_form import MOOD, WHO
from tests.e2e.assessment import FORM

FIELDS = {one.name: one for one in (FIELD, CHILD, GRANDCHILD)}
QUESTIONS = {one.name: one for one in parse(FORM).fields}
GOOD, YES, NO = Choice(ASKED), Choice("yes"), Choice("no")
ADA, BOB, BRNO = Span(0, 3, "Person"), Span(8, 11, "Person"), Span(20, 24, "Place")


def test_a_row_says_of_each_field_its_value_or_that_it_is_not_asked() -> None:
    """An answer where it is not asked is left behind, and does not ask for others."""
    assert row_of(FIELDS, {"mood": GOOD, "child": YES, "grandchild": NO}) == {
        "mood": GOOD,
        "child": YES,
        "grandchild": NO,
    }
    assert row_of(FIELDS, {"mood": Choice("bad"), "child": YES, "grandchild": NO}) == {
        "mood": Choice("bad"),
        "child": Unanswered.NOT_ASKED,
        "grandchild": Unanswered.NOT_ASKED,
    }


@given(st.fixed_dictionaries({one.name: st.sampled_from(one.labels).map(Choice) for one in QUESTIONS.values()}))
def test_a_row_has_just_those_answers_that_count_when_an_annotation_is_taken_in(said: dict[str, Choice]) -> None:
    """So that people's rows and models' are made by one rule, however questions depend on each other."""
    counted = answers_where_asked(QUESTIONS, said)
    row = row_of(QUESTIONS, said)
    assert row == {name: Unanswered.NOT_ASKED if isinstance(one, Unanswered) else one for name, one in counted.items()}
    assert len(row) == 11


def test_what_is_not_known_of_a_row_is_left_out() -> None:
    """As a question that was asked and left blank, and all that depends on a mood that nobody gave."""
    assert row_of(FIELDS, {"mood": GOOD}) == {"mood": GOOD}
    assert row_of(FIELDS, {"child": YES}) == {}
    assert row_of(FIELDS, {}) == {}


def test_what_is_said_of_regions_counts_as_far_as_they_are_marked() -> None:
    """Nothing is asked about a place; where no person is marked nothing is asked at all."""
    fields = {one.name: one for one in (WHO, MOOD)}
    said = ByRegion.of(FieldKind.CHOICE, {ADA: Choice("good"), BRNO: Choice("bad")})
    marked = Spans(frozenset({ADA, BRNO}))
    assert row_of(fields, {"who": marked, "心情": said})["心情"] == said.within({ADA})
    assert row_of(fields, {"who": Spans(frozenset({BRNO})), "心情": said})["心情"] is Unanswered.NOT_ASKED
    assert "心情" not in row_of(fields, {"who": Spans(frozenset({BOB})), "心情": said})


def test_models_are_as_sure_of_a_cell_as_of_the_least_certain_answer_that_it_rests_on() -> None:
    """Where it is not asked, of the answer that says so; one that rests on a fallback is one."""
    said = {
        "mood": {
            1: Prediction(GOOD, 0.9, 0.8),
            2: Prediction(Choice("bad"), 0.3, 0.8),
            3: Prediction(GOOD, 0, 0, True),
        },
        "child": {1: Prediction(YES, 0.5, 0.7), 2: Prediction(YES, 0.1, 0.7), 3: Prediction(YES, 0.6, 0.7)},
        "grandchild": {1: Prediction(NO, 0.7, 0.6)},
    }
    rows = rows_of_models(FIELDS, (1, 2, 3, 4), said)
    assert {name: one[1].margin for name, one in rows.items()} == {"mood": 0.9, "child": 0.5, "grandchild": 0.5}
    assert rows["child"][1].prediction == Prediction(YES, 0.5, 0.7)
    assert {name: one[2].margin for name, one in rows.items()} == {"mood": 0.3, "child": 0.3, "grandchild": 0.3}
    assert rows["child"][2].answer is Unanswered.NOT_ASKED
    assert rows["child"][2].prediction is None
    assert {name: one[3].fallback for name, one in rows.items() if 3 in one} == {"mood": True, "child": True}
    assert not any(4 in one for one in rows.values())


def test_a_cell_that_one_side_alone_fills_in_is_not_alike_at_all() -> None:
    """And one that both leave empty is the same."""
    assert row_similarity(YES, Unanswered.NOT_ASKED) == row_similarity(Unanswered.NOT_ASKED, YES) == 0
    assert row_similarity(Unanswered.NOT_ASKED, Unanswered.NOT_ASKED) == 1
    assert (row_similarity(YES, YES), row_similarity(Number(100), Number(103))) == (1, 1)


def test_a_region_that_only_one_side_has_counts_against_what_is_said_of_regions() -> None:
    """As it does for the spans; a label of another kind makes another region."""
    one = ByRegion.of(FieldKind.CHOICE, {ADA: Choice("good")})
    two = ByRegion.of(FieldKind.CHOICE, {ADA: Choice("good"), BOB: Choice("bad")})
    other = ByRegion.of(FieldKind.CHOICE, {replace(ADA, label="Place"): Choice("good")})
    assert row_similarity(one, two) == row_similarity(two, one) == 2 / 3
    assert row_similarity(one, ByRegion.of(FieldKind.CHOICE, {ADA: Choice("bad")})) == 0
    assert row_similarity(one, other) == 0
    assert row_similarity(two, two) == 1


def test_relations_are_alike_by_f1_whatever_regions_nobody_relates() -> None:
    """A relation to a region that the other side has not marked is one that it has not."""
    there = Relation(ADA, BOB, "likes")
    some = Relations(frozenset({ADA, BOB}), frozenset({there}))
    more = Relations(frozenset({ADA, BOB, BRNO}), frozenset({there, Relation(ADA, BRNO, "likes")}))
    assert row_similarity(some, more) == 2 / 3
    assert row_similarity(some, Relations(frozenset({ADA, BOB, BRNO}), frozenset({there}))) == 1
    assert row_similarity(Relations(frozenset({ADA, BOB})), Relations(frozenset({ADA, BRNO}))) == 1
    assert row_similarity(Relations(frozenset({ADA, BOB})), some) == 0
