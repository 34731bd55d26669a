"""Which fields were asked: silence counts only where somebody was asked, and what stands elsewhere never does."""

from dataclasses import replace

import pytest

from labelloop.domain.asked import Answer, answers_where_asked, is_asked, predictions_where_asked
from labelloop.domain.conditions import Condition, Requirement
from labelloop.domain.predictions import Prediction
from labelloop.domain.schema import Field
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Choice, Choices, FieldKind, Rating, Value


def field(name: str, kind: FieldKind, *labels: str, after: Requirement | None = None) -> Field:
    condition = Condition((after,)) if after else None
    return Field(name, kind, labels, "t", ("text",), condition=condition)


MOOD = field("mood", FieldKind.CHOICE, "bad", "good")
WHY = field("why", FieldKind.CHOICES, "late", "rude", after=Requirement(("mood",), ("bad",)))
STARS = field("stars", FieldKind.RATING, "1", "2", "3", after=Requirement(("why",), ("late",)))
PRAISE = field("praise", FieldKind.CHOICE, "快", "kind", after=Requirement(("mood",), ("bad",), negated=True))
FORM = {one.name: one for one in (STARS, PRAISE, WHY, MOOD)}
NONE = Choices(frozenset())
LATE = Choices(frozenset({"late"}))
TWO = Rating(2, of=3)
EMPTY, NOT_ASKED = Unanswered.EMPTY, Unanswered.NOT_ASKED
UNMET, UNKNOWN = Unanswered.CONDITION_UNMET, Unanswered.CONDITION_UNKNOWN


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        ((Choice("bad"), LATE, TWO, EMPTY), (Choice("bad"), LATE, TWO, NOT_ASKED)),
        ((Choice("bad"), NONE, EMPTY, EMPTY), (Choice("bad"), NONE, NOT_ASKED, NOT_ASKED)),
        ((Choice("bad"), LATE, EMPTY, EMPTY), (Choice("bad"), LATE, EMPTY, NOT_ASKED)),
        ((Choice("good"), NONE, EMPTY, Choice("快")), (Choice("good"), NOT_ASKED, NOT_ASKED, Choice("快"))),
        # what stood there before the parent was changed
        ((Choice("good"), LATE, TWO, EMPTY), (Choice("good"), UNMET, UNMET, EMPTY)),
        ((EMPTY, LATE, TWO, Choice("快")), (EMPTY, UNMET, UNMET, Choice("快"))),
        ((Choice("good"), Unanswered.UNREADABLE, EMPTY, EMPTY), (Choice("good"), UNMET, NOT_ASKED, EMPTY)),
        # nobody can tell what the parent said
        ((Unanswered.UNREADABLE, LATE, TWO, Choice("快")), (Unanswered.UNREADABLE, UNKNOWN, UNKNOWN, UNKNOWN)),
        ((Choice("poor"), LATE, TWO, EMPTY), (Choice("poor"), UNKNOWN, UNKNOWN, UNKNOWN)),
        ((Unanswered.SKIPPED,) * 4, (Unanswered.SKIPPED,) * 4),
    ],
)
def test_only_what_was_asked_counts(given: tuple[Answer, ...], counted: tuple[Answer, ...]) -> None:
    """A chain, a negated condition; parents that are blank, changed, not to be read, or of a label that is gone."""
    names = ("mood", "why", "stars", "praise")
    assert answers_where_asked(FORM, dict(zip(names, given, strict=True))) == dict(zip(names, counted, strict=True))


def test_a_field_without_a_condition_keeps_its_answer() -> None:
    """Whatever it is: nothing changes for forms without conditions."""
    answers: dict[str, Answer] = {"mood": Unanswered.CONTRADICTORY}
    assert answers_where_asked({"mood": MOOD}, answers) == answers


def test_a_missing_parent_leaves_it_open_whether_the_child_is_asked() -> None:
    """As when the parent has no model yet, or is not looped."""
    assert is_asked(WHY, FORM, {}) is None
    assert is_asked(WHY, {"why": WHY}, {"mood": Choice("bad")}) is None
    either = replace(WHY, condition=Condition((Requirement(("mood", "gone"), ("bad",)),)))
    assert is_asked(either, FORM, {"mood": Choice("bad")}) is True
    assert is_asked(either, FORM, {"mood": Choice("good")}) is None
    both = replace(WHY, condition=Condition((Requirement(("mood",), ("bad",)), Requirement(("gone",)))))
    assert is_asked(both, FORM, {"mood": Choice("good")}) is False


@pytest.mark.parametrize(
    ("predicted", "shown"),
    [
        ({"mood": Choice("bad"), "why": LATE, "stars": TWO, "praise": Choice("快")}, {"mood", "why", "stars"}),
        ({"mood": Choice("good"), "why": LATE, "stars": TWO, "praise": Choice("快")}, {"mood", "praise"}),
        ({"mood": Choice("bad"), "why": NONE, "stars": TWO}, {"mood", "why"}),
        ({"why": LATE, "stars": TWO, "praise": Choice("快")}, set()),
    ],
)
def test_a_child_is_predicted_only_where_its_predicted_parent_asks_for_it(
    predicted: dict[str, Value], shown: set[str]
) -> None:
    """People would see nothing of it elsewhere, and it would stand in their annotation all the same."""
    predictions = {name: Prediction(value, 0.9, 0.9) for name, value in predicted.items()}
    assert predictions_where_asked(FORM, predictions) == {
        name: predictions[name] for name in predicted if name in shown
    }
