"""What annotators settle on of a field under a condition never contradicts what they settle on of its parent."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from labelloop.domain.asked_rounds import ancestors, where_asked
from labelloop.domain.conditions import Condition, Requirement
from labelloop.domain.rounds import Round, snapshot
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Annotation, Role, Task
from labelloop.domain.values import Choice, FieldKind

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TASK = Task(1, "It came late.")
MOOD = Field("mood", FieldKind.CHOICE, ("bad", "good"), "t", ("text",))
WHY = replace(MOOD, name="why", labels=("late", "rude"), condition=Condition((Requirement(("mood",), ("bad",)),)))
HOW = replace(WHY, name="how", condition=Condition((Requirement(("why",), ("late",)),)))
PRAISE = replace(WHY, name="praise", condition=Condition((Requirement(("mood",), ("bad",), negated=True),)))
FIELDS = {one.name: one for one in (MOOD, WHY, HOW, PRAISE)}


def said(field: Field, *labels: str) -> Round:
    """Return a round in which each person said one label of the task, a blank for nothing."""
    annotations = [
        Annotation(number, 1, number, Choice(label) if label else None, NOW) for number, label in enumerate(labels)
    ]
    return snapshot(1, {1: TASK}, annotations, {1: Role.TRAIN}, field)


@pytest.mark.parametrize(
    ("moods", "kept"),
    [
        (("bad", "bad", "good"), True),
        (("bad", "good", "good"), False),
        (("bad", "good"), False),  # they differ, so that nobody can tell
        (("bad",), True),
        ((), False),
    ],
)
def test_a_child_counts_where_its_settled_parent_asks_for_it(moods: tuple[str, ...], kept: bool) -> None:
    """One who was asked against most of the others is not the one who is heard."""
    found = where_asked(said(WHY, "late"), WHY, FIELDS, {"mood": said(MOOD, *moods)})
    assert bool(found.tasks) is kept


def test_a_child_follows_what_the_lead_decided_of_its_parent() -> None:
    """Whatever people settled on, and where they could not."""
    for moods in (("bad", "good"), ("bad", "good", "good")):
        judged = said(MOOD, *moods)
        decided = replace(judged, tasks=(replace(judged.tasks[0], adjudicated=Choice("bad")),))
        assert where_asked(said(WHY, "late"), WHY, FIELDS, {"mood": decided}).tasks
        assert not where_asked(said(PRAISE, "late"), PRAISE, FIELDS, {"mood": decided}).tasks


def test_a_chain_and_a_negated_condition_are_followed_up() -> None:
    """A grandchild goes where its parent was not asked by most; silence of the parent is no bad mood."""
    assert ancestors(HOW, FIELDS) == {"mood", "why"}
    rounds = {"mood": said(MOOD, "good"), "why": said(WHY, "late")}
    assert not where_asked(said(HOW, "late"), HOW, FIELDS, rounds).tasks
    assert where_asked(said(HOW, "late"), HOW, FIELDS, rounds | {"mood": said(MOOD, "bad")}).tasks
    assert where_asked(said(PRAISE, "late"), PRAISE, FIELDS, {"mood": said(MOOD)}).tasks


def test_a_field_without_a_condition_keeps_its_round() -> None:
    """The very same."""
    judged = said(MOOD, "bad", "good")
    assert where_asked(judged, MOOD, FIELDS, {}) is judged
