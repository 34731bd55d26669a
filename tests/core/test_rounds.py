"""Rounds: what counts when a round closes, and that its files give back exactly what was frozen."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pandas as pd
import pytest

from labelloop.domain.rounds import Round, snapshot
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Annotation, Origin, Role, Task
from labelloop.domain.values import Choice, FieldKind, Value
from labelloop.stores.judgement_files import JUDGEMENTS
from labelloop.stores.round_files import read_round, round_files
from tests.core.made_up import FIELD, choices

NOON = datetime(2026, 11, 22, 12, 0, 0, 123457, tzinfo=UTC)
MANY = Field("topics", FieldKind.CHOICES, ("a", "b", "c"), "text", ("text",))
HOSTILE = [
    "我的卡在哪里？退款，谢谢",
    "🎉🏳️‍🌈 done",
    "one, two; \"three\" 'four'",
    "line one\nline two\r\nline three\rline four",
    "nul \x00 inside",
    "أين بطاقتي؟ ‏RTL‎",
    "  spaces  ",
    "=SUM(A1)",
    "nan",
    "x" * 100_000,
]


def judged(
    task: int, person: int, value: Value | None, at: int = 0, origin: Origin = Origin.MANUAL, skipped: bool = False
) -> Annotation:
    moment = NOON + timedelta(minutes=at)
    return Annotation(task * 100 + person * 10 + at, task, person, value, moment, origin, skipped=skipped)


def closed(
    annotations: list[Annotation],
    roles: dict[int, Role],
    field: Field = FIELD,
    texts: dict[int, str] | None = None,
    number: int = 1,
) -> Round:
    tasks = {id_: Task(id_, (texts or {}).get(id_, f"text {id_}")) for id_ in roles}
    return snapshot(number, tasks, annotations, roles, field)


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_an_audit_task_needs_as_many_different_people_as_planned() -> None:
    """Two annotations of one person are one; a skip is none."""
    annotations = [
        judged(1, 1, Choice("good")),
        judged(1, 2, Choice("bad")),
        judged(2, 1, Choice("good")),
        judged(2, 1, Choice("bad"), at=5),
        judged(3, 1, Choice("good")),
        judged(3, 2, None, skipped=True),
    ]
    now = closed(annotations, dict.fromkeys((1, 2, 3), Role.MONITOR))
    assert [t.task.id for t in now.audit(2)] == [1]
    assert [t.task.id for t in now.audit(1)] == [1, 2, 3]
    assert now.training == ()


@pytest.mark.parametrize(
    ("origin", "counts"),
    [(Origin.MANUAL, True), (Origin.ACCEPTED, False), (Origin.CORRECTED, False), (Origin.IMPORTED, False)],
)
def test_only_blind_judgements_count_on_audit_tasks(origin: Origin, counts: bool) -> None:
    """What began from a shown prediction, or was imported, measures nothing; for training it is as good as any."""
    annotations = [judged(task, person, Choice("good"), origin=origin) for task in (1, 2) for person in (1, 2)]
    now = closed(annotations, {1: Role.MONITOR, 2: Role.TRAIN})
    assert bool(now.audit(2)) is counts
    assert [t.task.id for t in now.training] == [2]


def test_labels_that_the_configuration_no_longer_allows_count_as_not_said() -> None:
    """A removed label is dropped; the person's older judgement, still allowed, stands."""
    small = replace(FIELD, labels=("good", "bad"))
    annotations = [
        judged(1, 1, Choice("odd")),
        judged(2, 1, Choice("good")),
        judged(2, 1, Choice("odd"), at=5),
        judged(3, 1, Choice("odd")),
        judged(3, 2, Choice("bad")),
        judged(4, 1, choices("good")),
    ]
    now = closed(annotations, dict.fromkeys((1, 2, 3, 4), Role.TRAIN), small)
    assert [(t.task.id, str(t.consensus.value)) for t in now.training] == [(2, "good"), (3, "bad")]


def test_deleted_tasks_and_tasks_without_a_role_are_left_out() -> None:
    """A round holds only tasks that exist and have been drawn."""
    now = snapshot(
        1,
        {1: Task(1, "here"), 3: Task(3, "no role yet")},
        [judged(task, 1, Choice("good")) for task in (1, 2, 3)],
        {1: Role.TRAIN, 2: Role.TRAIN},
        FIELD,
    )
    assert [t.task.id for t in now.tasks] == [1]


def test_the_training_set_holds_settled_train_tasks_only() -> None:
    """Neither audit tasks nor ties are learned from; copies of a text each count."""
    annotations = [
        judged(1, 1, Choice("good")),
        judged(2, 1, Choice("good")),
        judged(2, 2, Choice("bad")),
        judged(3, 1, Choice("bad")),
        judged(4, 1, Choice("good")),
    ]
    roles = {1: Role.TRAIN, 2: Role.TRAIN, 3: Role.MONITOR, 4: Role.TRAIN}
    now = closed(annotations, roles, texts={4: "text 1"})
    assert [t.task.id for t in now.training] == [1, 4]
    assert [t.task.id for t in now.tasks] == [1, 2, 3, 4]
    texts = [row["input_text"] for row in rows_of(round_files(now, None)["training_set.csv"])]
    assert texts == ["text 1", "text 1"]


@pytest.mark.parametrize("field", [FIELD, MANY], ids=["one choice", "several"])
def test_a_round_read_back_equals_the_one_that_was_closed(field: Field) -> None:
    """Texts, people, times, origins, lead times and shown predictions all survive."""
    texts = dict(enumerate(HOSTILE, 1))
    values = [Choice("good"), Choice("bad")] if field is FIELD else [choices("c", "a"), choices()]
    annotations = [
        replace(
            judged(task, person, values[(task + person) % 2], at=task, origin=list(Origin)[task % 4]),
            shown_prediction=2**40 + task if task % 2 else None,
            lead_time=0.1 * task if task % 3 else None,
            ground_truth=task % 5 == 0,
        )
        for task in texts
        for person in (1, 2, 3)
    ]
    now = closed(annotations, dict.fromkeys(texts, Role.TRAIN), field, texts)
    assert read_round(1, round_files(now, None)[JUDGEMENTS]) == now
    empty = closed([], {})
    assert read_round(1, round_files(empty, None)[JUDGEMENTS]) == empty


def test_times_of_other_zones_are_the_same_moments_after_reading_back() -> None:
    """A round is kept in UTC."""
    shanghai = timezone(timedelta(hours=8))
    annotation = replace(judged(1, 1, Choice("good")), judged_at=NOON.astimezone(shanghai))
    now = closed([annotation], {1: Role.TRAIN})
    back = read_round(1, round_files(now, None)[JUDGEMENTS])
    assert back == now
    assert back.tasks[0].consensus.settled_at.utcoffset() == timedelta(0)


def test_a_round_is_frozen_in_files() -> None:
    """What people say afterwards does not change a closed round."""
    before = closed([judged(1, 1, Choice("good"))], {1: Role.TRAIN})
    content = round_files(before, None)[JUDGEMENTS]
    after = closed([judged(1, 1, Choice("bad"), at=5)], {1: Role.TRAIN}, number=2)
    assert after.tasks != before.tasks
    assert read_round(1, content) == before


def test_texts_survive_a_spreadsheet_file() -> None:
    """Chinese, emoji, commas, quotes, NUL and every kind of line end come back from the CSV as they were."""
    texts = dict(enumerate(HOSTILE, 1))
    now = closed([judged(task, 1, Choice("good")) for task in texts], dict.fromkeys(texts, Role.TRAIN), texts=texts)
    files = round_files(now, None)
    rows = rows_of(files["data_labeled_1.csv"])
    assert list(rows[0])[:2] == ["input_text", "label"]
    assert {int(row["task_id"]): row["input_text"] for row in rows} == texts
    assert {row["label"] for row in rows} == {"good"}
    frame = pd.read_parquet(io.BytesIO(files["data_labeled_1.parquet"]))
    assert frame["input_text"].tolist() == HOSTILE
    assert list(frame.columns) == list(rows[0])


def test_rows_say_where_a_label_comes_from() -> None:
    """Role, round, people, annotations, origins, shown predictions and time stand beside each label."""
    annotations = [
        replace(judged(1, 2, Choice("good"), at=3, origin=Origin.ACCEPTED), shown_prediction=77),
        judged(1, 1, Choice("good"), at=1),
    ]
    (row,) = rows_of(round_files(closed(annotations, {1: Role.TRAIN}, number=4), None)["data_labeled_4.csv"])
    assert row == {
        "input_text": "text 1",
        "label": "good",
        "labels": '["good"]',
        "kind": "choice",
        "task_id": "1",
        "role": "train",
        "round": "4",
        "people": "2",
        "annotators": "1 2",
        "annotations": "111 123",
        "origins": "manual accepted",
        "shown_predictions": "77",
        "settled_at": (NOON + timedelta(minutes=3)).isoformat(),
    }


def test_each_round_adds_only_what_is_new() -> None:
    """data_labeled_<n> holds labels that have settled or changed since; the training set holds all of them."""
    roles = {1: Role.TRAIN, 2: Role.TRAIN, 3: Role.TRAIN, 4: Role.MONITOR}
    first = [judged(1, 1, Choice("good")), judged(2, 1, Choice("bad"))]
    second = [*first, judged(2, 1, Choice("odd"), at=5), judged(3, 1, Choice("good")), judged(4, 1, Choice("bad"))]
    before, now = closed(first, roles), closed(second, roles, number=2)
    files = round_files(now, before)
    assert [(r["task_id"], r["label"]) for r in rows_of(files["data_labeled_2.csv"])] == [
        ("2", "odd"),
        ("3", "good"),
        ("4", "bad"),
    ]
    assert [(r["task_id"], r["label"]) for r in rows_of(files["training_set.csv"])] == [
        ("1", "good"),
        ("2", "odd"),
        ("3", "good"),
    ]
    assert rows_of(round_files(replace(now, number=3), now)["data_labeled_3.csv"]) == []
