"""A project with several fields: each has models and figures of its own; tasks, rounds and the queue are shared."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from labelloop.domain.field_need import FieldRanking, chosen_by_need
from labelloop.domain.field_texts import joint_inputs, text_for
from labelloop.domain.next_step import Step, next_step
from labelloop.domain.records import ClosedRound, Decision, Fit, Verdict
from labelloop.domain.rounds import Round
from labelloop.domain.schema import fields_from_json, fields_json
from labelloop.domain.tasks import INPUT_BREAK, Role
from labelloop.errors import NotFound
from labelloop.rules import Rules
from labelloop.state.deployed_fields import deployed_fields
from labelloop.state.load import load
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import closed_round, fields_judged_now
from labelloop.steps.close_round import close_round
from labelloop.steps.fit import fit
from labelloop.steps.order_queue import order_queue, record_publication
from labelloop.stores.artifacts import Artifacts
from labelloop.stores.book import Book
from labelloop.stores.ledger import Ledger, open_engine
from labelloop.stores.rebuild import rebuild
from tests.core.form import REPLY, RULES, TOPICS, Form, reply, topics, turn
from tests.core.made_up import FIELD, LABELS, MODELS, MadeUp, truth

BEFORE = Path(__file__).parents[1] / "data" / "one_field_round"


@pytest.fixture
def form(tmp_path: Path) -> Form:
    """A form of three fields with 120 tasks."""
    made = Form(tmp_path, RULES)
    made.change_fields(FIELD, TOPICS, REPLY)
    made.import_tasks(range(1, 121))
    return made


@pytest.fixture
def turned(form: Form) -> Form:
    """The same after a round in which all audit tasks were judged by two people."""
    form.say(form.untouched(24))
    for person in (1, 2):
        form.say(form.of(Role.MONITOR), person)
    turn(form)
    return form


def test_each_field_reads_its_own_part_of_a_task() -> None:
    """The text of a task holds every input once; a field whose part is empty has no text."""
    inputs = joint_inputs([FIELD, TOPICS, REPLY])
    whole = INPUT_BREAK.join(("a text", "an answer"))
    assert [one.key for one in inputs] == ["text", "answer"]
    assert [text_for(field, inputs, whole) for field in (FIELD, TOPICS, REPLY)] == ["a text", "a text", "an answer"]
    assert text_for(REPLY, inputs, "") == ""
    both = replace(REPLY, inputs=("answer", "text"))
    assert text_for(both, inputs, whole) == INPUT_BREAK.join(("an answer", "a text"))
    assert text_for(FIELD, joint_inputs([FIELD]), f"as it{INPUT_BREAK}is") == f"as it{INPUT_BREAK}is"


def test_fields_are_written_as_json_and_read_back() -> None:
    """One alone is written as it always was."""
    assert fields_json([FIELD]) == FIELD.to_json()
    assert fields_from_json(fields_json([FIELD])) == (FIELD,)
    assert fields_from_json(fields_json([FIELD, TOPICS])) == (FIELD, TOPICS)


def test_every_field_has_its_own_versions_figures_and_verdict(turned: Form) -> None:
    """Version numbers run through the project; each of them belongs to one field."""
    state = turned.view.state
    fits = turned.view.ledger.all(Fit, 7)
    assert [(fit_.version, fit_.field) for fit_ in fits] == [("v1", "mood"), ("v2", "主题"), ("v3", "reply")]
    for one, version in zip(state.by_field, ("v1", "v2", "v3"), strict=True):
        assert one.looped.deployed_version == version
        assert [found.version for found in one.looped.evaluations] == [version]
        assert one.looped.evaluations[0].n == len(turned.of(Role.MONITOR))
        assert one.looped.verdict(1) is not None
        assert one.looped.evaluations[0].agreement == pytest.approx(1.0, abs=0.3)
    assert state.deployed_versions == "v1+v2+v3"
    assert next_step(turned.view.progress()) is Step.PUBLISH
    assert {one.field for one in turned.view.ledger.all(Decision, 7)} == {"mood", "主题", "reply"}
    assert {one.field for one in turned.view.ledger.all(Verdict, 7)} == {"mood", "主题", "reply"}


def test_one_queue_shows_what_the_versions_of_all_fields_say(turned: Form) -> None:
    """A task chosen for one field serves all; audit tasks stay blind."""
    head = order_queue(*turned.view.now(), context=MODELS)
    assert head is not None
    assert record_publication(*turned.view.now(), head)

    assert (head.publication.name, head.publication.version) == ("v1+v2+v3", "v1+v2+v3")
    audit = set(turned.of(Role.MONITOR))
    shown = [item for item in head.items if item.task_id not in audit]
    assert len(shown) == len({item.task_id for item in shown}) == 20
    assert all(set(item.predictions) == {"mood", "主题", "reply"} for item in shown)
    assert {item.chosen_for for item in shown} == {"mood", "主题", "reply"}
    assert not any(item.predictions or item.chosen_for for item in head.items if item.task_id in audit)
    queue = turned.view.state.queue
    assert queue is not None
    assert queue.chosen_for == {item.task_id: item.chosen_for for item in shown}
    assert next_step(turned.view.progress()) is None


def test_a_round_has_one_row_a_task_and_a_column_for_each_field(turned: Form) -> None:
    """`input_text,<field>,<field>…`, then without loss, then where the labels come from; read back for each field."""
    record = turned.view.ledger.newest(ClosedRound, 7, number=1)
    assert record is not None
    content = turned.book.artifacts.read(record.artifact, "data_labeled_1.csv").decode()
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert list(rows[0])[:4] == ["input_text", "mood", "主题", "reply"]
    assert len(rows) == 24 + len(turned.of(Role.MONITOR))
    for row in rows:
        task = int(row["task_id"])
        assert (row["mood"], row["reply"]) == (truth(task), reply(task).label)
        assert set(row["主题"].split("|")) == set(topics(task).labels)
        assert row["annotators"] == ("1 2" if task in turned.of(Role.MONITOR) else "1")
    assert (record.train, record.new_train, record.audit) == (24, 24, len(turned.of(Role.MONITOR)))
    for one in turned.view.state.by_field:
        closed = closed_round(turned.book, one, 1)
        assert closed is not None
        assert closed == replace(fields_judged_now(*turned.view.now()).by_field[one.field.name], number=1)


def test_a_field_that_somebody_never_fills_costs_the_others_nothing(form: Form) -> None:
    """It has no model and its annotations no value; the others go on."""
    form.say(form.untouched(24), leave_out=("reply",))
    for person in (1, 2):
        form.say(form.of(Role.MONITOR), person, leave_out=("reply",))
    turn(form)

    mood, _, replies = form.view.state.by_field
    assert mood.looped.deployed_version == "v1"
    assert replies.looped.deployed is None
    assert replies.looped.fits[0].failure == "Round 1 holds no settled label to learn from."
    head = order_queue(*form.view.now(), context=MODELS)
    assert head is not None
    assert head.publication.name == "v1+v2"
    assert all(set(item.predictions) <= {"mood", "主题"} for item in head.items)


def test_a_project_of_one_field_goes_on_when_others_are_added(tmp_path: Path) -> None:
    """What was recorded belongs to the field that was looped then; the new fields begin with the next round."""
    world = Form(tmp_path, RULES)
    world.add(range(1, 121))
    world.judge(world.untouched(12))
    world.judge_audit()
    turn(world)
    before = world.view.ledger.all(Fit, 7)
    assert [one.field for one in before] == [""]

    world.change_fields(FIELD, TOPICS)
    world.say(world.untouched(12))
    mood, topic = world.view.state.by_field
    assert (mood.looped.deployed_version, topic.looped.deployed) == ("v1", None)
    assert closed_round(world.book, topic, 1) == Round(1, ())
    closed = closed_round(world.book, mood, 1)
    assert closed is not None
    assert len(closed.training) == 12
    turn(world)

    mood, topic = world.view.state.by_field
    assert [one.version for one in mood.looped.versions] == ["v1", "v2"]
    assert [one.version for one in topic.looped.versions] == ["v3"]

    world.change_field(TOPICS)  # the first is looped no more
    state = world.view.state
    assert [one.version for one in state.looped.versions] == ["v3"]
    assert [one.version for one in state.former[0].versions] == ["v1", "v2"]
    assert state.version("v1").version == "v1"


def test_a_ledger_of_several_fields_is_rebuilt_from_its_manifests(turned: Form, tmp_path: Path) -> None:
    """Every record finds its field again, and every task its role."""
    artifacts = Artifacts(str(tmp_path / "artifacts"))
    engine = open_engine(f"sqlite:///{tmp_path / 'anew.sqlite'}")
    found = rebuild(artifacts, Ledger(engine))
    anew = load(Book(Ledger(engine), artifacts), 7)
    assert found.damaged == ()
    assert [one.looped.versions for one in anew.by_field] == [o.looped.versions for o in turned.view.state.by_field]
    assert [one.looped.verdicts for one in anew.by_field] == [o.looped.verdicts for o in turned.view.state.by_field]
    touched = {task for task, state in turned.states.items() if state.annotations}
    assert anew.tasks.roles.keys() == touched


def test_a_server_finds_what_every_field_answers_with(turned: Form) -> None:
    """The versions in the order of the fields, the field that each was fitted for, and their common name."""
    found = deployed_fields(turned.view.ledger, 7)
    assert found is not None
    assert [one.version for one in found.fits] == ["v1", "v2", "v3"]
    assert [found.fitted_field(one) for one in found.fits] == [FIELD, TOPICS, REPLY]
    assert (found.name, found.versions) == ("v1+v2+v3", ("v1", "v2", "v3"))


def test_a_field_that_is_not_looped_is_told_with_the_nearest_name(form: Form) -> None:
    """Those that there are, in one sentence."""
    state: ProjectState = form.view.state
    assert state.focused("主题").field == TOPICS
    with pytest.raises(NotFound, match=r"no field 'moood' \(did you mean mood\?\); it loops: mood, 主题, reply"):
        state.focused("moood")


def test_a_field_at_human_level_takes_fewer_places() -> None:
    """Places in proportion to the weights, and none is lost."""
    rankings = [FieldRanking("a", range(100), 1.0), FieldRanking("b", range(100, 200), 0.25)]
    chosen = chosen_by_need(rankings, 50)
    assert len(chosen) == 50
    assert sum(name == "b" for name in chosen.values()) == 10
    assert dict(chosen_by_need([FieldRanking("a", [1, 2]), FieldRanking("b", [2, 1])], 9)).keys() == {1, 2}


def test_an_annotation_counts_once_whatever_number_of_fields_it_answers(form: Form) -> None:
    """In the counts that are compared with Label Studio's, and in who has touched a task."""
    form.say([1, 2])
    form.say([2], person=2)
    assert form.view.mirror.counts().annotations == 3
    assert form.view.state.tasks.annotators == {1: frozenset({1}), 2: frozenset({1, 2})}
    assert form.view.state.tasks.without_answer == {}
    form.say([3], leave_out=("mood", "主题", "reply"))
    assert LABELS


def test_a_project_of_one_field_writes_the_files_it_always_wrote(tmp_path: Path) -> None:
    """Byte for byte as before there could be several; nor does its record name the field."""
    world = MadeUp(tmp_path, Rules(round_size=10, monitor_size=20))
    world.add(range(1, 61))
    world.judge(world.untouched(12))
    world.judge_audit()
    world.judge(world.untouched(2), person=2, value="odd")
    record = close_round(*world.view.now())
    assert record is not None
    written = dict(world.book.artifacts.files(record.artifact))
    assert written == {path.name: path.read_bytes() for path in BEFORE.iterdir()}
    (fitted,) = fit(*world.view.now(), 1, context=MODELS)
    assert "field" not in world.book.artifacts.manifest(fitted.artifact)["record"]
