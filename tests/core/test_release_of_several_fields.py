"""A release of several fields: one row a task, and of each field a label with its origin, or why there is none."""

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from labelloop.domain.release_labels import SKIPPED
from labelloop.domain.release_row import Source
from labelloop.domain.tasks import INPUT_BREAK
from labelloop.domain.values import Choice, Value
from labelloop.errors import UserError
from labelloop.export.facts import Facts, read_facts
from labelloop.export.form_facts import FormFacts, read_released
from labelloop.export.formats import Format, release_files
from labelloop.steps.order_queue import order_queue, record_publication
from labelloop.steps.people_release import write_people_release
from labelloop.stores.release_files import SUMMARY_FILE
from sync.label_studio_export import form_json
from tests.core.form import REPLY, RULES, TOPICS, Form, answers
from tests.core.made_up import FIELD, MODELS, truth
from workers.admin.relabel import unsettled_of_all_fields


class Split(Form):
    """A form on which a second person says otherwise."""

    def contradict(self, task: int, person: int = 2, **said: Value) -> None:
        """Let a person answer as the first did, but for what they are told to say."""
        self.say_all(task, person, answers(task) | said)


@pytest.fixture
def split(tmp_path: Path) -> Split:
    """Twelve labelled tasks of which people are split on the reply of one."""
    made = Split(tmp_path, RULES)
    made.change_fields(FIELD, TOPICS, REPLY)
    made.import_tasks(range(1, 41))
    made.say(range(1, 13))
    made.contradict(2, reply=Choice("yes"))
    return made


def released(world: Form) -> FormFacts:
    """Release what people said, and return what there is to export."""
    write_people_release(*world.view.now())
    facts = read_released(*world.view.now())
    assert isinstance(facts, FormFacts)
    return facts


def test_a_row_has_the_labels_that_people_gave_of_each_field(split: Split) -> None:
    """A field without one is empty, with the reason beside it; nothing is lost on the way into the file and back."""
    split.say([20], leave_out=("mood", "主题"))
    facts = released(split)
    assert (facts.release.tasks, facts.release.by_people, facts.release.left_out) == (13, 13, 27)
    assert [task.task_id for task in facts.tasks] == [*range(1, 13), 20]
    for task in facts.tasks:
        said = {name: value for name, value in answers(task.task_id).items() if name in task.labels}
        assert {name: row.value for name, row in task.labels.items()} == said
        assert all(row.source is Source.PEOPLE for row in task.labels.values())
    by_id = {task.task_id: task for task in facts.tasks}
    assert by_id[2].missing == {"reply": "tie between no, yes"}
    assert by_id[20].missing.keys() == {"mood", "主题"}
    assert by_id[1].labels["reply"].text == "yes indeed 1"
    assert by_id[1].text.split(INPUT_BREAK)[1] == "yes indeed 1"
    assert facts.left_out["reply"] == {"nobody has labelled it": 27, "tie between no, yes": 1}
    assert facts.left_out["mood"] == {"nobody has labelled it": 27, SKIPPED: 1}


def test_tables_begin_with_the_text_and_a_column_for_each_field(split: Split) -> None:
    """Then what says each field without loss, where the labels come from, and the task's own columns."""
    facts = released(split)
    files = release_files(facts, (Format.CSV, Format.JSON_LINES, Format.PARQUET, Format.HUGGING_FACE))
    rows = list(csv.DictReader(io.StringIO(files["data.csv"].decode(), newline="")))
    assert list(rows[0])[:4] == ["input_text", "mood", "主题", "reply"]
    of_reply = ["reply.labels", "reply.kind", "reply.source", "reply.round", "reply.input_text", "reply.missing"]
    assert [name for name in rows[0] if name.startswith("reply.")] == of_reply
    assert list(rows[0])[-6:] == ["task_id", "role", "people", "annotators", "annotations", "shown"]
    first, second = rows[:2]
    assert (first["mood"], first["主题"], first["主题.labels"]) == (truth(1), "odd|第三", '["odd", "第三"]')
    assert (first["reply"], first["reply.source"], first["reply.missing"]) == ("yes", "people", "")
    assert (second["reply"], second["reply.labels"], second["reply.missing"]) == ("", "", "tie between no, yes")
    assert (second["people"], second["annotators"]) == ("2", "1 2")
    line = json.loads(files["data.jsonl"].splitlines()[1])
    assert (line["reply"], line["mood.labels"], line["annotators"]) == (None, [truth(2)], [1, 2])
    table = pq.read_table(io.BytesIO(files["data.parquet"]))
    assert table.column_names == list(rows[0])
    assert files["data/train-00000-of-00001.parquet"] == files["data.parquet"]
    with pytest.raises(UserError, match="mood is a field of kind choice, 主题 is"):
        release_files(facts, (Format.CONLL,))


def test_the_card_has_a_part_for_each_field(split: Split) -> None:
    """Labels with shares, how good they are, and why other tasks have none."""
    card = release_files(released(split), (Format.CSV,))["README.md"].decode()
    for said in (
        "Release 1 of 3 fields, `mood` (choice), `主题` (choices), `reply` (choice), made on",
        "12 texts, each with a label of at least one field. 28 tasks of the project",
        "## mood\n\n12 texts with a label: 12 by people.",
        "## reply\n\n11 texts with a label: 11 by people.",
        "| tie between no, yes | 1 |",
        "| 第三 | 4 | 4 | 0 |",
        "People gave every label; the versions above",
        "| `<field>.missing` | why there is no label, if so |",
    ):
        assert said in card, said
    assert "None" not in card


def test_label_studio_gets_what_people_said_of_all_fields_in_one_annotation(split: Split) -> None:
    """With regions of each, and the origin of each label."""
    facts = released(split)
    tasks = json.loads(form_json([one.field for one in facts.fields], facts.tasks))
    first, second = tasks[:2]
    (annotation,) = first["annotations"]
    assert [region["from_name"] for region in annotation["result"]] == ["mood", "主题", "reply"]
    assert first["data"] == {"text": facts.tasks[0].labels["mood"].text, "answer": "yes indeed 1"}
    assert [region["from_name"] for region in second["annotations"][0]["result"]] == ["mood", "主题"]
    assert second["meta"]["labelloop"]["mood"]["annotators"] == [1, 2]


def test_what_has_not_changed_is_not_released_again(split: Split) -> None:
    """A label of any field makes another release."""
    first = write_people_release(*split.view.now())
    assert write_people_release(*split.view.now()) == first
    split.contradict(2, person=3)
    second = write_people_release(*split.view.now())
    assert (second.number, second.tasks) == (2, 12)
    page = json.loads(split.book.artifacts.read(second.artifact, SUMMARY_FILE))
    assert [(one["field"], one["tasks"]) for one in page["fields"]] == [("mood", 12), ("主题", 12), ("reply", 12)]
    assert page["fields"][2]["label_shares"][0]["by_people"] == 6


def test_a_release_of_the_one_field_from_before_is_exported_as_it_was(tmp_path: Path) -> None:
    """Also when the project has come to loop others."""
    world = Form(tmp_path, RULES)
    world.add(range(1, 21))
    world.judge(world.untouched(5))
    write_people_release(*world.view.now())
    before = release_files(read_facts(*world.view.now()), (Format.CSV,))
    world.change_fields(TOPICS, FIELD)
    facts = read_released(*world.view.now())
    assert isinstance(facts, Facts)
    assert facts.field == FIELD
    assert release_files(facts, (Format.CSV,)) == before


def test_people_are_asked_again_about_a_task_that_any_field_leaves_unsettled(split: Split) -> None:
    """Whichever field it is, and until every one has settled."""
    found = unsettled_of_all_fields(*split.view.now())
    assert found == {2: "reply: tie between no, yes"}
    head = order_queue(*split.view.now(), context=MODELS, again=list(found))
    assert head is not None
    assert head.again == ((2, 3),)
    record_publication(*split.view.now(), head)
    queue = split.view.state.queue
    assert queue is not None
    assert dict(queue.people_needed) == {2: 3}
    split.contradict(2, person=3)
    queue = split.view.state.queue
    assert queue is not None
    assert not queue.people_needed
    assert unsettled_of_all_fields(*split.view.now()) == {}
