"""What counts as no answer is counted by reason, and takes nobody's place on an audit task."""

from datetime import UTC, datetime

from sqlalchemy import Engine

from labelloop.domain.answer_counts import AnswerCounts, counts_of
from labelloop.domain.records import TaskRole
from labelloop.domain.release_labels import NO_ANSWER, SKIPPED, finish, people_labels, unsettled
from labelloop.domain.schema import Field
from labelloop.domain.task_index import TaskIndex, open_certify, open_monitor
from labelloop.domain.tasks import Annotation, Role, Task, TaskState
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Choice, Choices, FieldKind, Value
from labelloop.stores.ledger import Ledger
from labelloop.stores.mirror import Mirror
from labelloop.stores.project_rows import read_task_index
from workers.admin.answer_report import findings, hidden_sentence

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FIELD = Field("c", FieldKind.CHOICE, ("defect", "wish"), "t", ("t",))


def said(number: int, task: int, what: Value | Unanswered, person: int = 1) -> Annotation:
    value, reason = (None, what) if isinstance(what, Unanswered) else (what, None)
    skipped = reason is Unanswered.SKIPPED
    return Annotation(number, task, person, value, NOW, unanswered=reason, skipped=skipped)


def state(task: int, *annotations: Annotation, text: str = "words", unreadable: str = "") -> TaskState:
    return TaskState(Task(task, text), annotations, NOW, unreadable=unreadable)


STATES = [
    state(1, said(1, 1, Choice("bug")), said(2, 1, Choice("defect"), 2)),
    state(2, said(3, 2, Unanswered.EMPTY), said(4, 2, Unanswered.SKIPPED, 2)),
    state(3, said(5, 3, Unanswered.UNREADABLE), said(6, 3, Unanswered.UNREADABLE, 2)),
    state(4, said(7, 4, Choice("bug")), text=""),
    state(5, text="", unreadable="it is broken"),
    state(6),
]


def test_every_reason_is_counted_from_the_mirror_as_from_label_studio(engine: Engine) -> None:
    """`connect` looks at Label Studio, `status` at the mirror; both count the same."""
    mirror = Mirror(engine, 7)
    mirror.put(STATES)
    counts = counts_of(STATES, FIELD)
    assert counts == AnswerCounts(
        unanswered=counts.unanswered,
        unknown_labels={"bug": 2},
        without_text=1,
        annotations_without_text=1,
        unreadable_tasks={5: "it is broken"},
    )
    expected = {Unanswered.EMPTY: (2,), Unanswered.UNREADABLE: (3, 3)}
    assert mirror.unanswered() == expected
    assert {**counts.unanswered, Unanswered.SKIPPED: (2,)} == {**expected, Unanswered.SKIPPED: (2,)}
    assert mirror.unreadable() == {5: "it is broken"}
    assert sorted((str(value), n) for value, n in mirror.values()) == [("bug", 2), ("defect", 1)]


def test_each_loss_is_one_sentence_with_what_to_do() -> None:
    """None of them is a hundred lines, however much is lost."""
    told = [f"{one.what} {one.advice}" for one in findings(counts_of(STATES, FIELD), 34)]
    assert [line.split(" ", 3)[:3] for line in told] == [
        ["Unanswered:", "2", "annotations"],
        ["Unanswered:", "1", "annotation"],
        ["Annotations", "no", "longer"],
        ["1", "task", "without"],
        ["Task", "5", "is"],
    ]
    assert "(task 3)" in told[0]
    assert "2 are bug" in told[2]
    assert 'labelloop rename 34 --label "bug=NEW NAME"' in told[2]
    assert not any("bug" in one.what for one in findings(counts_of(STATES, FIELD), 34, renamed=["bug"]))

    many = AnswerCounts(
        unanswered={Unanswered.EMPTY: tuple(range(5000))},
        unknown_labels={f"label {n}": n for n in range(5000)},
        unreadable_tasks=dict.fromkeys(range(5000), "broken"),
    )
    assert sum(len(one.what) + len(one.advice) for one in findings(many, 34)) < 2000
    assert list(findings(AnswerCounts(), 34)) == []
    assert hidden_sentence({}) == ""
    assert "about: it is shown" in hidden_sentence({"about": "it is shown only after another answer"})


def test_a_label_counts_as_unknown_once_for_each_annotation() -> None:
    """Of several labels those that are known are not."""
    several = Field("c", FieldKind.CHOICES, ("a",), "t", ("t",))
    values = [Choices(frozenset({"a", "old"})), Choices(frozenset({"a"})), Choices(frozenset())]
    counts = counts_of([state(n, said(n, n, value)) for n, value in enumerate(values)], several)
    assert counts.unknown_labels == {"old": 1}


def test_an_annotation_without_an_answer_takes_nobodys_place(engine: Engine) -> None:
    """The audit task stays open, and takes one annotator more; who answers after all counts."""
    empty, skipped, odd = Unanswered.EMPTY, Unanswered.SKIPPED, Unanswered.CONTRADICTORY
    annotations: dict[int, tuple[list[tuple[int, Value | Unanswered]], set[int]]] = {
        1: ([], set()),
        2: ([(1, Choice("wish"))], {1}),
        3: ([(1, empty)], set()),
        4: ([(1, skipped)], {1}),
        5: ([(1, Unanswered.UNREADABLE), (2, Choice("wish"))], {2}),
        6: ([(1, empty), (1, Choice("wish"))], {1}),
        7: ([(1, Choice("gone")), (2, odd)], {1}),
    }
    for task, (found, _) in annotations.items():
        said_of = [said(10 * task + n, task, what, person) for n, (person, what) in enumerate(found)]
        Mirror(engine, 7).put([state(task, *said_of)])
    Ledger(engine).add_roles([TaskRole(7, task, Role.MONITOR) for task in annotations])
    tasks = read_task_index(engine, 7, None)

    assert {task: set(tasks.answered_by(task)) for task in annotations} == {
        t: who for t, (_, who) in annotations.items()
    }
    assert open_monitor(tasks, people=1) == [1, 3]
    assert open_monitor(tasks, people=2) == [*annotations]
    assert {task: tasks.annotators_needed(task, people=2) for task in (1, 2, 3, 5, 6)} == {1: 2, 2: 2, 3: 3, 5: 3, 6: 2}
    drawn = dict.fromkeys(annotations, Role.CERTIFY)
    assert open_certify(TaskIndex(tasks.ids, tasks.with_text, drawn, tasks.annotators, tasks.without_answer)) == [1, 3]


def test_a_release_says_why_a_task_that_was_touched_has_no_label() -> None:
    """Skipped is not the same as unreadable, empty, or of a label that the configuration no longer has."""
    found = [
        said(1, 1, Unanswered.SKIPPED),
        said(2, 2, Unanswered.EMPTY),
        said(3, 3, Choice("bug")),
        said(4, 4, Choice("wish")),
    ]
    tasks = {number: Task(number, f"text {number}") for number in (1, 2, 3, 4)}
    finished = finish(tasks, people_labels(tasks, found, FIELD), {}, ())
    assert finished.left_out == {1: SKIPPED, 2: NO_ANSWER, 3: NO_ANSWER}
    assert finished.labels.keys() == {4}
    assert unsettled(finished.left_out) == {}
