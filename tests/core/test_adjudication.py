"""Disputes that the lead decides: the next round learns from them, and nothing that is measured ever changes."""

from dataclasses import replace
from pathlib import Path

import pytest

from labelloop.acting import Actor, acting
from labelloop.domain.action_record import Action
from labelloop.domain.adjudicated import with_decisions
from labelloop.domain.adjudication_record import Adjudication
from labelloop.domain.consensus import settle
from labelloop.domain.rounds import AnnotatedTask, Round
from labelloop.domain.tasks import Annotation, Role, Task
from labelloop.domain.value_cells import value_json
from labelloop.domain.values import Choice, Choices, Number, Span, Spans, Text, Value
from labelloop.errors import UserError
from labelloop.state.round_content import closed_round, judged_now
from labelloop.steps.adjudicate import adjudicate, disputes, gaps
from labelloop.steps.certify import certify, start_attempt
from labelloop.steps.close_round import close_round
from labelloop.steps.training_examples import training_examples
from labelloop.stores.judgement_files import JUDGEMENTS
from labelloop.stores.ledger import Ledger, open_engine
from labelloop.stores.rebuild import check, rebuild
from labelloop.stores.round_files import judgements_table, read_round, round_files
from labelloop.stores.table_files import column_names, read_rows
from tests.core.form import REPLY, RULES, TOPICS, Form, topics
from tests.core.made_up import ENCODE, FIELD, MODELS, NOON, MadeUp, Make, turn

GOOD, BAD, ODD = (value_json(Choice(label)) for label in ("good", "bad", "odd"))


def split(world: MadeUp, tasks: list[int]) -> None:
    """Let two people differ on the tasks."""
    world.judge(tasks, person=1, value="good")
    world.judge(tasks, person=2, value="bad")


def decide(world: MadeUp, task: int, value: str, reason: str = "slip", note: str = "") -> Adjudication:
    return adjudicate(*world.view.now(), task, value=value, reason=reason, note=note, who="ann@example.com")


def claim(world: MadeUp, task: int, value: str) -> None:
    """Write a decision down that no page would take."""
    made = Adjudication(world.view.id, task, "mood", value, "slip", "", "eve", created_at=world.tick())
    assert world.book.record(made, "adjudication")


def measured(world: MadeUp, number: int) -> tuple[object, ...]:
    """Return the figures of the first version as of a round."""
    (found,) = (one for one in world.view.state.looped.evaluations if (one.round_number, one.version) == (number, "v1"))
    people = (found.human_agreement, found.human_low, found.human_high)
    return (
        found.n,
        found.agreement,
        found.agreement_low,
        found.agreement_high,
        *people,
        found.accuracy,
        found.macro_f1,
    )


def test_the_next_round_learns_what_the_lead_decided(make: Make) -> None:
    """A task that people were split on is learned with the lead's answer; the rounds before stay as they were."""
    world = make()
    world.judge(world.untouched(12))
    one, other, third = world.untouched(3)
    split(world, [one, other])
    world.judge([third], person=1, value="good")
    world.judge([third], person=2, value="good")
    world.judge([third], person=3, value="bad")
    close_round(*world.view.now())
    before = world.view.round(1)
    decide(world, one, BAD)
    decide(world, third, BAD)
    closed = close_round(*world.view.now(), asked=True)
    now = world.view.round(2)
    assert closed is not None
    assert before is not None
    assert now is not None
    assert (closed.train, closed.new_train) == (14, 1)
    assert world.view.round(1) == before
    assert now == replace(judged_now(*world.view.now()), number=2)
    assert other not in {task.task.id for task in now.training}
    learned = {e.task_id: str(e.value) for e in training_examples(*world.view.now(), now, encode=ENCODE)}
    assert (learned[one], learned[third]) == ("bad", "bad"), "against most people, too"
    assert {t.task.id: t.consensus for t in now.tasks} == {t.task.id: t.consensus for t in before.tasks}


def test_a_decision_alone_is_news_for_a_round_that_is_asked_for(make: Make) -> None:
    """Nobody need annotate anything beside it."""
    world = make()
    world.judge(world.untouched(12))
    task = world.untouched(1)[0]
    split(world, [task])
    close_round(*world.view.now())
    assert close_round(*world.view.now(), asked=True) is None
    decide(world, task, "", "ambiguous task")
    assert close_round(*world.view.now(), asked=True) is None, "nothing was said of the label"
    decide(world, task, GOOD)
    assert close_round(*world.view.now(), asked=True) is not None


def test_the_files_of_a_round_say_which_labels_are_the_leads(make: Make) -> None:
    """In `origins`; the round is read back exactly, and one without decisions has the file that it always had."""
    world = make()
    task, plain = world.untouched(2)
    split(world, [task])
    world.judge([plain])
    without = judged_now(*world.view.now())
    assert "adjudicated" not in column_names(judgements_table(without))
    decide(world, task, BAD)
    now = judged_now(*world.view.now())
    files = round_files(now, without)
    assert read_round(1, files[JUDGEMENTS]) == now
    (row,) = read_rows(files["data_labeled_1.parquet"])
    assert (row["task_id"], row["label"], row["origins"]) == (task, "bad", "manual manual adjudicated")
    assert {row["task_id"]: row["origins"] for row in read_rows(files["training_set.parquet"])}[plain] == "manual"


def test_a_decision_is_about_one_field(tmp_path: Path) -> None:
    """The files of a round of several fields say of which."""
    form = Form(tmp_path, RULES)
    form.change_fields(FIELD, TOPICS, REPLY)
    form.import_tasks(range(1, 61))
    task, *others = form.untouched(12)
    form.say(others)
    for person, label in enumerate(("good", "bad"), 1):
        form.say_all(task, person, {"mood": Choice(label), "主题": topics(0), "reply": Choice("yes")})
    adjudicate(form.book, form.view.state.focused("mood"), task, value=BAD, reason="slip", note="", who="ann")
    assert form.view.state.focused("reply").looped.adjudications == ()
    closed = close_round(*form.view.now(), asked=True)
    assert closed is not None
    rows = read_rows(form.book.artifacts.read(closed.artifact, "training_set.parquet"))
    (row,) = (one for one in rows if one["task_id"] == task)
    assert (row["mood"], row["mood.origins"]) == ("bad", "manual manual adjudicated")
    assert (row["reply"], row["reply.origins"]) == ("yes", "manual manual")
    found = closed_round(form.book, form.view.state.focused("mood"), 1)
    assert found == replace(judged_now(form.book, form.view.state.focused("mood")), number=1)


def test_no_figure_of_audit_tasks_changes(make: Make) -> None:
    """They take no label; one that a record claims all the same counts for nothing: versions measure as before."""
    world = make()
    world.judge(world.untouched(24))
    audit, learned = world.of(Role.MONITOR), world.untouched(1)[0]
    world.judge(audit, person=1)
    world.judge(audit[:8], person=2)
    world.judge(audit[8:], person=2, value="odd")
    split(world, [learned])
    close_round(*world.view.now())
    turn(world.view)
    task = next(one.task.task.id for one in disputes(*world.view.now()) if one.task.is_audit)
    with pytest.raises(UserError, match="audit task"):
        decide(world, task, ODD)
    decide(world, task, "", "gap in the guideline")
    decide(world, learned, BAD)
    for id_ in audit:
        claim(world, id_, ODD)
    world.judge(world.untouched(12))
    close_round(*world.view.now())
    turn(world.view)
    before, after = (measured(world, number) for number in (1, 2))
    assert before == after
    assert before[0] == len(audit)
    assert {one.label for one in judged_now(*world.view.now()).tasks if one.task.id == learned} == {Choice("bad")}


def test_no_judgement_of_a_certificate_changes(make: Make) -> None:
    """Tasks drawn for an attempt are not listed; where people are split, no claimed label makes the model right."""
    world = make(tasks=200)
    world.judge(world.untouched(24))
    world.judge_audit()
    close_round(*world.view.now())
    turn(world.view)
    start_attempt(*world.view.now(), max_error=0.2, confidence=0.9, n=20)
    drawn = world.of(Role.CERTIFY)
    split(world, drawn)
    assert {one.task.task.id for one in disputes(*world.view.now())}.isdisjoint(drawn)
    with pytest.raises(UserError, match="not in dispute"):
        decide(world, drawn[0], BAD)
    for task in drawn:
        claim(world, task, BAD)
    assert certify(*world.view.now(), context=MODELS).errors == len(drawn)


def test_a_decision_holds_as_long_as_somebody_gives_its_answer(make: Make) -> None:
    """Afterwards the task is open again, or people agree and nothing is left to decide."""
    world = make()
    task = world.untouched(1)[0]
    split(world, [task])
    decide(world, task, BAD)
    assert [str(one.label) for one in judged_now(*world.view.now()).tasks] == ["bad"]
    world.judge([task], person=2, value="odd")
    (found,) = disputes(*world.view.now())
    assert found.decision is None
    assert [one.label for one in judged_now(*world.view.now()).tasks] == [None]
    world.judge([task], person=2, value="good")
    assert disputes(*world.view.now()) == ()
    assert [str(one.label) for one in judged_now(*world.view.now()).tasks] == ["good"]


def test_the_later_decision_counts(make: Make) -> None:
    """Also one that says nothing of the label."""
    world = make()
    task = world.untouched(1)[0]
    split(world, [task])
    for value, label in ((BAD, "bad"), (GOOD, "good"), ("", "None")):
        decide(world, task, value)
        assert [str(one.label) for one in judged_now(*world.view.now()).tasks] == [label]


def test_those_who_agree_least_come_first(make: Make) -> None:
    """Where everybody agrees, or one person judged, is no dispute; the order of answers does not tell who gave them."""
    world = make()
    one, other, third, fourth = world.untouched(4)
    for person, label in ((1, "odd"), (2, "good"), (3, "good")):
        world.judge([one], person, label)
    split(world, [other])
    world.judge([third, fourth])
    world.judge([third], person=2)
    found = disputes(*world.view.now())
    assert [(dispute.task.task.id, round(dispute.agreement, 2)) for dispute in found] == [(other, 0.0), (one, 0.33)]
    assert [list(map(str, dispute.answers)) for dispute in found] == [["bad", "good"], ["good", "good", "odd"]]


@pytest.mark.parametrize(
    ("value", "reason", "note", "words"),
    [
        (ODD, "slip", "", "Nobody gives this answer"),
        ("no JSON", "slip", "", "Nobody gives this answer"),
        (GOOD, "whim", "", "Say why people differ"),
        (GOOD, "slip", "x" * 2001, "The note has 2,001 characters"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(make: Make, value: str, reason: str, note: str, words: str) -> None:
    """And nothing is recorded."""
    world = make()
    task = world.untouched(1)[0]
    split(world, [task])
    with pytest.raises(UserError, match=words):
        decide(world, task, value, reason, note)
    assert world.view.state.looped.adjudications == ()


def test_a_decision_is_entered_in_the_trail_and_survives_a_rebuild(
    make: Make, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever its note holds."""
    world = make()
    task = world.untouched(1)[0]
    split(world, [task])
    with acting(Actor("ann@example.com", "page", "::1")):
        made = decide(world, task, BAD, "gap in the guideline", "讽刺？\0\ud800 🎉")
    assert (made.note, made.who, made.value) == ("讽刺？? 🎉", "ann@example.com", '["bad"]')
    (entered,) = world.view.ledger.all(Action, 7)
    assert (entered.action, entered.detail) == ("adjudicate", f"task {task}, mood: gap in the guideline")
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('again')}/ledger.sqlite")
    try:
        assert rebuild(world.book.artifacts, Ledger(engine)).damaged == ()
        assert Ledger(engine).all(Adjudication, 7) == world.view.ledger.all(Adjudication, 7)
        assert check(world.book.artifacts, Ledger(engine)).broken == ()
    finally:
        engine.dispose()


def test_gaps_are_those_whose_last_decision_says_so(make: Make) -> None:
    """Newest first."""
    world = make()
    one, other, third = world.untouched(3)
    split(world, [one, other, third])
    for task in (one, other, third):
        decide(world, task, "", "gap in the guideline", f"note {task}")
    decide(world, other, BAD, "slip")
    assert [gap.decision.note for gap in gaps(*world.view.now())] == [f"note {third}", f"note {one}"]


@pytest.mark.parametrize(
    "answers",
    [
        (Choice("good"), Choice("bad")),
        (Choices(frozenset()), Choices(frozenset({"good", "广告"}))),
        (Number(3.5, 0.1), Number(9.0, 0.1)),
        (Spans(frozenset()), Spans(frozenset({Span(3, 5, "Place")}))),
        (Text("no"), Text("")),
    ],
    ids=lambda answers: type(answers[0]).__name__,
)
def test_a_label_of_the_lead_is_read_back_as_it_was(answers: tuple[Value, Value]) -> None:
    """Whatever kind of answer it is, and if it says that there is nothing."""
    given = tuple(Annotation(n, 1, n, value, NOON) for n, value in enumerate(answers, 1))
    judged = Round(1, (AnnotatedTask(Task(1, "in 北京"), Role.TRAIN, given, settle(given)),))
    for answer in answers:
        decision = Adjudication(7, 1, "mood", value_json(answer), "slip", "", "ann", created_at=NOON)
        found = with_decisions(judged, {1: decision})
        assert found.tasks[0].label == answer
        assert read_round(1, judgements_table(found)) == found
