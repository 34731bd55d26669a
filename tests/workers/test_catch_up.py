"""The mirror holds every label that Label Studio holds, whatever clocks said meanwhile."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine

from labelloop.stores.ledger_tables import metadata
from labelloop.stores.mirror import Counts, Cursor, Mirror
from sync.config.label_config import parse
from tests.workers.fake_label_studio import CONFIG, FakeLabelStudio
from workers.jobs.catch_up import catch_up as bring_up_to_date
from workers.jobs.catch_up import reading_of

FIELD = parse(CONFIG).fields[0]
READING = reading_of([FIELD])


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    """An empty mirror, in memory."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    yield Mirror(engine, 7)
    engine.dispose()


@pytest.fixture
def studio(mirror: Mirror) -> FakeLabelStudio:
    """A Label Studio of 60 tasks that the mirror knows; its clock is right."""
    made = FakeLabelStudio(60)
    made.now = datetime.now(UTC) - timedelta(days=1)
    catch_up(mirror, made)
    return made


def catch_up(mirror: Mirror, studio: FakeLabelStudio) -> bool:
    return bring_up_to_date(mirror, [FIELD], studio)  # type: ignore[arg-type]


def missing(mirror: Mirror, studio: FakeLabelStudio) -> set[int]:
    """Return the annotations that Label Studio holds and the mirror does not."""
    held = {annotation.id for task in studio.stored.values() for annotation in task.annotations}
    return held - {annotation.id for annotation in mirror.annotations()}


def label(studio: FakeLabelStudio, mirror: Mirror, tasks: Iterable[int]) -> None:
    """Let somebody label task after task, each of which is collected at once."""
    for task in tasks:
        studio.annotate([task], person=1)
        catch_up(mirror, studio)


@pytest.mark.parametrize("ahead", [timedelta(minutes=4), timedelta(hours=1), timedelta(days=30)])
def test_a_clock_that_was_ahead_for_a_minute_loses_no_label(
    mirror: Mirror, studio: FakeLabelStudio, ahead: timedelta
) -> None:
    """What is labelled after it was put right is collected, at once and without anybody's help."""
    label(studio, mirror, range(1, 11))
    studio.now += ahead
    label(studio, mirror, range(11, 15))
    studio.now -= ahead
    for task in range(15, 44):
        label(studio, mirror, [task])
        assert missing(mirror, studio) == set()
    assert len(mirror.annotations()) == 43


def test_nothing_is_lost_where_nobody_looked_until_the_future_had_come(mirror: Mirror, studio: FakeLabelStudio) -> None:
    """The cursor never lies ahead of both clocks, so that an edit, which no count shows, is seen too."""
    label(studio, mirror, [1])
    studio.now += timedelta(days=3)  # our own clock is right
    label(studio, mirror, [2])
    studio.now -= timedelta(days=3)
    studio.annotate([3], person=1)
    edited = studio.stored[1].annotations[0].model_copy(update={"result": [], "updated_at": studio.now})
    studio.stored[1] = studio.stored[1].model_copy(update={"annotations": [edited], "updated_at": studio.now})
    studio.now += timedelta(days=4)
    catch_up(mirror, studio)
    assert missing(mirror, studio) == set()
    assert [a.value for a in mirror.annotations([1])] == [None]


def test_a_clock_that_was_put_back_makes_all_tasks_be_looked_at(mirror: Mirror, studio: FakeLabelStudio) -> None:
    """Also an edit is then found, stamped long before the cursor that the wrong clock had left."""
    label(studio, mirror, [1, 2])
    mirror.move(READING, Cursor(studio.now + timedelta(hours=1)))
    edited = studio.stored[1].annotations[0].model_copy(update={"result": []})
    stamp = studio.now - timedelta(hours=2)
    studio.stored[1] = studio.stored[1].model_copy(update={"annotations": [edited], "updated_at": stamp})
    catch_up(mirror, studio)
    assert [a.value for a in mirror.annotations([1])] == [None]
    assert mirror.cursor(READING) == Cursor(studio.now)


def test_labels_that_an_earlier_version_lost_are_found_by_count(mirror: Mirror, studio: FakeLabelStudio) -> None:
    """A cursor in the past that is too late all the same: the counts differ, so everything is looked at."""
    studio.annotate(range(1, 19), person=1)
    mirror.move(READING, Cursor(studio.now + timedelta(minutes=30)))
    studio.now += timedelta(hours=2)
    assert len(missing(mirror, studio)) == 18
    assert catch_up(mirror, studio)
    assert missing(mirror, studio) == set()


def test_what_cannot_be_read_is_looked_for_once(
    mirror: Mirror, studio: FakeLabelStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that is counted but never handed out costs one full look, not one every minute; then others are found."""
    studio.annotate([1, 2], person=1)
    unreadable, stamps = studio.tasks, studio.changed
    looks: list[datetime | None] = []

    def changed(project_id: int, since: datetime | None) -> dict[int, datetime]:
        looks.append(since)
        return stamps(project_id, since)

    monkeypatch.setattr(studio, "changed", changed)
    monkeypatch.setattr(studio, "tasks", lambda id_, ids: unreadable(id_, [task for task in ids if task != 2]))
    for _ in range(3):
        catch_up(mirror, studio)
    assert looks.count(None) == 1
    cursor = mirror.cursor(READING)
    assert cursor is not None
    assert cursor.unread == Counts(0, 1)
    assert missing(mirror, studio) == {1002}


def test_a_label_given_during_the_look_is_no_loss(
    mirror: Mirror, studio: FakeLabelStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody saves between any two requests: what changed is asked again, but not all tasks are."""
    label(studio, mirror, [1])
    counts, stamps = studio.counts, studio.changed
    coming, looks = iter(range(2, 60)), 0

    def counted(project_id: int) -> tuple[int, int]:
        studio.annotate([next(coming)], person=1)
        return counts(project_id)

    def changed(project_id: int, since: datetime | None) -> dict[int, datetime]:
        nonlocal looks
        looks += since is None
        return stamps(project_id, since)

    monkeypatch.setattr(studio, "counts", counted)
    monkeypatch.setattr(studio, "changed", changed)
    for _ in range(5):
        catch_up(mirror, studio)
    assert looks == 0


def test_deleted_tasks_and_annotations_leave(mirror: Mirror, studio: FakeLabelStudio) -> None:
    """Also where as many tasks were imported as deleted."""
    label(studio, mirror, [1, 2])
    studio.now += timedelta(seconds=1)
    gone = studio.stored.pop(1)
    studio.stored[61] = gone.model_copy(update={"id": 61, "annotations": [], "updated_at": studio.now})
    studio.stored[2] = studio.stored[2].model_copy(update={"annotations": [], "updated_at": studio.now})
    studio.predictions[61] = {}
    catch_up(mirror, studio)
    assert (mirror.task_ids(), mirror.counts()) == (set(range(2, 62)), Counts(60, 0))
