"""The mirror: what Label Studio last said, taken over task by task."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from labelloop.domain.tasks import Annotation, Origin, Task, TaskState
from labelloop.domain.values import Choice, Value
from labelloop.stores.mirror import Counts, Cursor, Mirror
from tests.core.made_up import choices

NOON = datetime(2026, 11, 22, 12, 0, 0, 654321, tzinfo=UTC)


@pytest.fixture
def mirror(engine: Engine) -> Mirror:
    """An empty mirror on each database."""
    return Mirror(engine, 7)


GOOD = Choice("good")


def said(id_: int, task: int, value: Value | None = GOOD, **more: object) -> Annotation:
    return replace(Annotation(id_, task, 1, value, NOON), **more)  # type: ignore[arg-type]


def state(task: int, *annotations: Annotation, text: str = "text") -> TaskState:
    return TaskState(Task(task, text), annotations, NOON)


def test_tasks_and_annotations_come_back_as_they_were(mirror: Mirror) -> None:
    """Every kind of value, origin and text, and what is missing, survives."""
    annotations = [
        said(1, 1, Choice('好 "quoted"')),
        said(2, 1, choices("a", "b"), origin=Origin.CORRECTED, shown_prediction=2**40, lead_time=1.25),
        said(3, 1, choices(), origin=Origin.ACCEPTED, ground_truth=True),
        said(4, 2, None, skipped=True, origin=Origin.IMPORTED),
    ]
    mirror.put([state(2, annotations[3], text="أين 🎉"), state(1, *annotations[:3], text="")])
    assert mirror.tasks() == {1: Task(1, ""), 2: Task(2, "أين 🎉")}
    assert list(mirror.tasks()) == [1, 2]
    assert mirror.annotations() == annotations


def test_taking_over_twice_changes_nothing(mirror: Mirror) -> None:
    """A page that comes again, even twice in one batch, is the same page."""
    states = [state(task, said(task * 10, task)) for task in range(1, 6)]
    for _ in range(2):
        mirror.put([*states, states[0]])
    assert len(mirror.tasks()) == 5
    assert [a.id for a in mirror.annotations()] == [10, 20, 30, 40, 50]


def test_what_an_annotation_started_from_is_kept_when_its_prediction_is_deleted(mirror: Mirror) -> None:
    """Label Studio then sends it without one; a changed answer is told by its regions, a new one by itself."""
    mirror.put([state(1, said(1, 1, origin=Origin.CORRECTED, shown_prediction=8)), state(2, said(2, 2))])
    later = NOON + timedelta(minutes=1)
    mirror.put([state(1, said(1, 1), said(3, 1)), state(2, said(2, 2, origin=Origin.ACCEPTED))])
    found = {a.id: (a.origin, a.shown_prediction) for a in mirror.annotations()}
    assert found == {1: (Origin.CORRECTED, 8), 2: (Origin.ACCEPTED, None), 3: (Origin.MANUAL, None)}
    mirror.put([state(1, said(1, 1, Choice("bad"), judged_at=later, origin=Origin.MANUAL))])
    (changed, *_) = mirror.annotations([1])
    assert (changed.origin, changed.shown_prediction) == (Origin.MANUAL, 8)


def test_a_task_is_replaced_with_all_that_hangs_on_it(mirror: Mirror) -> None:
    """An annotation that is no longer sent was deleted; a changed text and value are taken over."""
    mirror.put([state(1, said(1, 1), said(2, 1)), state(2, said(3, 2))])
    mirror.put([state(1, said(2, 1, Choice("bad")), text="edited")])
    assert mirror.tasks()[1].text == "edited"
    assert [(a.id, str(a.value)) for a in mirror.annotations()] == [(2, "bad"), (3, "good")]


def test_an_annotation_that_moved_to_another_task_is_there_once(mirror: Mirror) -> None:
    """An id stands for one annotation, wherever it hangs now."""
    mirror.put([state(1, said(1, 1)), state(2)])
    mirror.put([state(2, said(1, 2))])
    assert [(a.id, a.task_id) for a in mirror.annotations()] == [(1, 2)]


def test_deleted_tasks_are_forgotten_with_their_annotations(mirror: Mirror) -> None:
    """Others stay; forgetting what was never there does no harm."""
    mirror.put([state(task, said(task, task)) for task in (1, 2, 3)])
    mirror.forget({1, 3, 99})
    assert list(mirror.tasks()) == [2]
    assert [a.id for a in mirror.annotations()] == [2]
    mirror.forget([])


def test_large_projects_are_taken_over_in_batches(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement has a limited number of parameters; a batch that is not full is a batch too."""
    monkeypatch.setattr("labelloop.stores.mirror.BATCH", 10)
    states = [state(t, *(said(t * 100 + k, t, annotator_id=k) for k in range(5))) for t in range(1, 37)]
    for _ in range(2):
        mirror.put(states)
    assert mirror.tasks() == {s.task.id: s.task for s in states}
    assert mirror.annotations() == [a for s in states for a in s.annotations]
    mirror.forget(range(1, 36))
    assert (len(mirror.tasks()), len(mirror.annotations())) == (1, 5)


def test_the_cursor_belongs_to_a_way_of_reading(mirror: Mirror) -> None:
    """Another field, kind or input starts from the beginning, and coming back to the first does too."""
    later = Cursor(NOON + timedelta(seconds=1), Counts(1, 2))
    assert mirror.cursor("mood:choice:text") is None
    mirror.move("mood:choice:text", Cursor(NOON))
    mirror.move("mood:choice:text", later)
    assert mirror.cursor("mood:choice:text") == mirror.cursor() == later
    assert mirror.cursor("mood:choice:body") is None
    mirror.move("mood:choice:body", Cursor(NOON))
    assert mirror.cursor("mood:choice:text") is None


def test_starting_over_keeps_what_is_known(mirror: Mirror) -> None:
    """Only the cursor goes: until everything is read anew, the mirror shows what it showed."""
    mirror.put([state(1, said(1, 1))])
    mirror.move("r", Cursor(NOON))
    mirror.start_over()
    assert (mirror.cursor("r"), len(mirror.tasks()), len(mirror.annotations())) == (None, 1, 1)


def test_what_is_left_out_counts(mirror: Mirror) -> None:
    """Counts compare with Label Studio's, which knows nothing of who an annotation belongs to."""
    assert mirror.counts() == Counts(0, 0)
    mirror.put([replace(state(1, said(1, 1)), left_out=2), state(2, said(2, 2), said(3, 2))])
    assert mirror.counts() == Counts(2, 5)
    mirror.put([state(1)])
    assert mirror.counts() == Counts(2, 2)


def test_projects_do_not_mix(engine: Engine) -> None:
    """What happens to one project's mirror leaves the other's alone."""
    one, other = Mirror(engine, 7), Mirror(engine, 8)
    for mirror in (one, other):
        mirror.put([state(1, said(1, 1))])
        mirror.move("r", Cursor(NOON))
    one.forget([1])
    one.start_over()
    assert (one.tasks(), one.annotations(), one.cursor("r"), one.counts()) == ({}, [], None, Counts())
    assert (len(other.tasks()), len(other.annotations()), other.cursor("r")) == (1, 1, Cursor(NOON))
