"""Releasing: the promise is kept, every row has its origin, and no interruption changes a byte."""

import json
from collections.abc import Callable

import pytest

from labelloop.domain import release_chunks as parts_module
from labelloop.domain.next_step import Phase, Step
from labelloop.domain.predictions import Prediction
from labelloop.domain.records import Deployment, Release, ReleaseChunk
from labelloop.domain.release_row import ReleaseRow, Source
from labelloop.domain.tasks import Role, Task
from labelloop.domain.values import Choice
from labelloop.errors import NeighbourError, UserError
from labelloop.steps import release_draft
from labelloop.steps.certify import abandon_attempt
from labelloop.steps.close_round import close_round
from labelloop.steps.deployments import deploy
from labelloop.steps.order_queue import order_queue
from labelloop.steps.release import (
    abandon_release,
    answer_chunk,
    ends_by_change,
    order_release,
    release_is_due,
    write,
)
from labelloop.stores.release_files import RELEASE_FILE, SUMMARY_FILE, read_release
from labelloop.stores.table_files import TableWriter
from tests.core.ending import attempt, certified, doubting, label_the_rest, predicted, released, with_model
from tests.core.made_up import LABELS, MODELS, MadeUp, Make, due, publish, text, truth, turn


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a made-up pool have several chunks."""
    monkeypatch.setattr(parts_module, "CHUNK", 70)


def files(world: MadeUp, found: Release) -> tuple[bytes, bytes]:
    read = world.book.artifacts.read
    return read(found.artifact, RELEASE_FILE), read(found.artifact, SUMMARY_FILE)


def test_the_promised_error_is_kept_and_every_row_has_its_origin(make: Make) -> None:
    """People's labels name their annotations, model labels version and digest; the error is as promised."""
    world = with_model(make)
    certificate = certified(world, max_error=0.1)
    found = released(world)
    rows = read_release(files(world, found)[0])
    annotations = {a.id: a for a in world.view.mirror.annotations()}
    digest = world.view.ledger.version(7, "v1").artifact[-12:]
    assert [row.task_id for row in rows] == list(range(1, 301))
    assert (found.tasks, found.by_people + found.by_model, found.left_out) == (300, 300, 0)
    assert found.by_model > 0
    assert sum(str(row.value) != truth(row.task_id) for row in rows) / 300 <= 0.1
    for row in rows:
        assert (row.version, row.model_digest) == ("v1", digest)
        if row.source is Source.MODEL:
            assert row.margin is not None
            assert row.margin >= certificate.threshold
            assert (row.annotations, row.role, row.round_number) == ((), Role.TRAIN, 0)
        else:
            assert {annotations[id_].task_id for id_ in row.annotations} == {row.task_id}
    assert {row.role for row in rows} == set(Role)
    assert {row.round_number for row in rows if row.role is Role.MONITOR} == {1}
    assert world.view.state.phase is Phase.ROUNDS
    assert order_release(*world.view.now()) == found


def test_people_get_what_the_model_may_not_label_least_certain_first(make: Make) -> None:
    """The queue holds nothing else, with pre-annotations; when it is empty the release is due."""
    world = with_model(make, labels=20)
    certified(world, max_error=0.1, judge=doubting(world))
    order_release(*world.view.now())
    assert due(world.view) is Step.PREDICT
    assert world.view.state.looped.missing_chunks == [0, 1, 2, 3, 4]
    predicted(world)
    assert due(world.view) is Step.PUBLISH
    waiting = set(world.view.release_waits_for())
    assert waiting
    head = publish(world.view)
    queued = [item.task_id for item in head.items]
    answers = world.view.answers()
    assert set(queued) <= waiting
    assert [answers[id_].margin for id_ in queued] == sorted(answers[id_].margin for id_ in queued)
    assert all(item.prediction for item in head.items)
    assert due(world.view) is None
    assert not release_is_due(world.view.state)
    label_the_rest(world)
    assert release_is_due(world.view.state)
    assert order_queue(*world.view.now(), context=MODELS) is None


def test_where_the_model_was_silent_people_label_and_are_shown_nothing(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guess that stands in for an answer is never released, however far above the threshold."""
    world = with_model(make)
    certified(world, max_error=0.1)

    class Silent:
        def predict(self, texts: list[str]) -> list[Prediction]:
            return [Prediction(Choice(LABELS[0]), 1.0, 0.9, fallback=True) for _ in texts]

    monkeypatch.setattr("labelloop.steps.predict_tasks.load_model", lambda *_, **__: Silent())
    predicted(world)
    head = publish(world.view)

    assert not any(item.prediction for item in head.items)
    label_the_rest(world)
    assert released(world).by_model == 0


def test_what_people_left_open_is_left_out_and_listed(make: Make) -> None:
    """Skipped tasks, ties and tasks without text have no label; a copy takes the label of its text."""
    world = make(tasks=300)
    world.add([Task(901, " "), Task(902, f" {text(5).upper()}")])
    audit = world.of(Role.MONITOR)
    world.judge(audit[1:], person=1)
    world.judge(audit[1:], person=2)
    world.judge(audit[:1], person=1, value=LABELS[0])
    world.judge(audit[:1], person=2, value=LABELS[1])
    world.judge([5])
    world.judge([t for t in world.untouched(60) if t != 902])
    close_round(*world.view.now())
    turn(world.view)
    first = world.untouched(1)[0]
    world.judge([first], skipped=True)
    certified(world, max_error=0.1)
    predicted(world)
    label_the_rest(world)
    found = write(*world.view.now())
    rows = {row.task_id: row for row in read_release(files(world, found)[0])}
    page = json.loads(files(world, found)[1])
    assert {row["task_id"]: row["reason"] for row in page["not_released"]} == {
        first: "people skipped it",
        audit[0]: "tie between bad, good",
        901: "it has no text",
    }
    assert found.left_out == 3
    assert rows[902].source is Source.PEOPLE
    assert rows[902].annotations == rows[5].annotations
    assert page["error_at_most"] <= 0.1


Interrupt = Callable[[pytest.MonkeyPatch, MadeUp], None]


def before_the_row(patch: pytest.MonkeyPatch, world: MadeUp) -> None:
    """The release's files stand, its row does not."""
    patch.setattr(world.book.ledger, "add", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))


def while_writing(patch: pytest.MonkeyPatch, world: MadeUp) -> None:
    """The disk is full."""
    patch.setattr(world.book.artifacts.fs, "pipe_file", lambda *_: (_ for _ in ()).throw(OSError(28, "disk full")))


@pytest.mark.parametrize("interrupt", [before_the_row, while_writing])
@pytest.mark.parametrize("at", ["chunk", "release"])
def test_an_interrupted_release_gives_the_same_bytes(
    make: Make, monkeypatch: pytest.MonkeyPatch, interrupt: Interrupt, at: str
) -> None:
    """Killed or without room while predicting or writing, and started again: nothing differs, nothing is doubled."""
    world = with_model(make)
    certified(world, max_error=0.1)
    order_release(*world.view.now())
    for number in world.view.state.looped.missing_chunks:
        if at == "chunk" and number == 2:
            with monkeypatch.context() as patch:
                interrupt(patch, world)
                with pytest.raises((KeyboardInterrupt, NeighbourError)):
                    answer_chunk(*world.view.now(), 1, number, context=MODELS)
            assert world.view.state.looped.missing_chunks == [2, 3, 4]
        answer_chunk(*world.view.now(), 1, number, context=MODELS)
        answer_chunk(*world.view.now(), 1, number, context=MODELS)
    label_the_rest(world)
    kept: list[bytes] = []

    class Kept(TableWriter[ReleaseRow]):
        def content(self) -> bytes:
            kept.append(super().content())
            return kept[-1]

    monkeypatch.setattr(release_draft, "TableWriter", Kept)
    if at == "release":
        with monkeypatch.context() as patch:
            interrupt(patch, world)
            with pytest.raises((KeyboardInterrupt, NeighbourError)):
                write(*world.view.now())
    found = write(*world.view.now())
    assert write(*world.view.now()) == found
    assert {files(world, found)[0]} == set(kept)
    assert len(kept) == (2 if at == "release" else 1)
    assert len(world.view.ledger.all(Release, 7)) == 1
    assert len(world.view.ledger.all(ReleaseChunk, 7)) == 5


def test_a_changed_pool_asks_for_a_new_certificate(make: Make) -> None:
    """The promise holds for the tasks it was given for, and for no others: added, deleted or edited."""
    world = with_model(make)
    certified(world, max_error=0.1)
    predicted(world)
    assert not ends_by_change(*world.view.now())
    world.add([Task(901, "something new")])
    assert ends_by_change(*world.view.now())
    abandon_release(*world.view.now())
    with pytest.raises(UserError, match=r"have changed .*1 added.*labelloop certify 7"):
        order_release(*world.view.now())
    with pytest.raises(UserError, match="changed"):
        write(*world.view.now())


def test_without_a_granted_certificate_nothing_is_released(make: Make) -> None:
    """The message says what is missing: an attempt, people's answers, or a better model."""
    world = with_model(make)
    with pytest.raises(UserError, match="run `labelloop certify 7` first"):
        order_release(*world.view.now())
    attempt(world)
    with pytest.raises(UserError, match="60 of its tasks left"):
        order_release(*world.view.now())
    abandon_attempt(*world.view.now())
    with pytest.raises(UserError, match="not granted: abandoned"):
        order_release(*world.view.now())
    with pytest.raises(UserError, match="nothing to cancel"):
        abandon_release(*world.view.now())


def test_a_release_that_was_called_off_goes_on_where_it_stood(make: Make) -> None:
    """Rounds go on meanwhile; the certified version serves again, and its answers are still there."""
    world = with_model(make, labels=20)
    certified(world, max_error=0.1, judge=doubting(world))
    predicted(world)
    abandon_release(*world.view.now())
    assert world.view.state.phase is Phase.ROUNDS
    world.judge(world.untouched(30))
    assert close_round(*world.view.now())
    turn(world.view)
    deploy(*world.view.now(), "v2", reason="for this test")
    order_release(*world.view.now())
    assert due(world.view) is Step.PUBLISH
    assert world.view.state.looped.missing_chunks == []
    newest = world.view.ledger.newest(Deployment, 7)
    assert newest is not None
    assert newest.version == "v1"
    assert sorted(world.view.answers()) == list(range(1, 301))
