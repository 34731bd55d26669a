"""What counts as no answer on a real Label Studio: connect, status and doctor say how much, and what to do."""

import json
from pathlib import Path
from typing import Any

import httpx

from labelloop.domain.tasks import Role
from labelloop.stores.book import Book
from sync.api.client import LabelStudio
from tests.cli.conftest import Run
from tests.sync.stub_backend import StubBackend
from workers.demo.accounts import Annotator
from workers.jobs.loop import collect
from workers.local.label_studio import RunningLabelStudio

BEFORE = """<View><Text name="t" value="$text"/>
<Choices name="kind" toName="t"><Choice value="bug"/><Choice value="wish"/></Choices>
<View visibleWhen="choice-selected" whenTagName="kind" whenChoiceValue="bug">
<Choices name="about" toName="t" choice="multiple"><Choice value="price"/><Choice value="speed"/></Choices></View>
</View>"""
AFTER = BEFORE.replace('"wish"/>', '"wish"/><Choice value="praise"/><Choice value="thanks"/>').replace(
    '<Choice value="bug"/>', ""
)


def said(*labels: object) -> list[dict[str, Any]]:
    return [{"from_name": "kind", "to_name": "t", "type": "choices", "value": {"choices": list(labels)}}]


def test_what_is_lost_is_told(
    run: Run, client: LabelStudio, backend: StubBackend, label_studio: RunningLabelStudio
) -> None:
    """Unreadable answers, empty Submits, hidden fields, tasks without a text, labels that stopped counting."""
    project = client.create_project("what is lost", BEFORE).id
    texts: list[object] = [4711, 2.5, True, ["first", "second"], "words", "more words", "", "  "]
    ids = client.import_tasks(project, [{"data": {"text": text}} for text in texts])
    for task in ids[:3]:
        client.annotate(task, said("bug"))
    client.annotate(ids[3], said("wish"))
    client.annotate(ids[4], said(None))
    client.annotate(ids[5], [])
    client.annotate(ids[6], said("wish"))
    token = {"Authorization": f"Token {label_studio.token}"}
    skip = httpx.post(
        f"{label_studio.url}/api/tasks/{ids[7]}/annotations/", json={"was_cancelled": True}, headers=token
    )
    assert skip.status_code == 201

    connected = run("connect", str(project))
    assert connected.status == 0, connected.err
    for words in (
        f"Unanswered: 1 annotation that cannot be read (task {ids[4]}).",
        f"Unanswered: 1 annotation submitted or stored without an answer (task {ids[5]}).",
        "2 tasks without a text (with 2 annotations)",
        "Looped: about (price, speed), where kind is bug.",
    ):
        assert words in connected.out

    collect(project)
    shown = run("status", str(project))
    assert "Not asked, as the condition did not hold: about in 3 annotations." in shown.out
    assert "about: whether it was asked nobody can tell in 1 annotation, since" in " ".join(shown.out.split())
    conditional = json.loads(run("status", str(project), "--json").out)["conditional_fields"]
    assert conditional == {"about": {"not asked": 3, "condition not met": 0, "condition unknown": 1}}
    assert "about in 3 annotations" in run("doctor", str(project)).out
    client.update_project(project, label_config=AFTER)
    collect(project)
    shown = run("status", str(project))
    answers = json.loads(run("status", str(project), "--json").out)["answers"]
    assert answers == {
        "unreadable": 1,
        "contradictory": 0,
        "empty": 1,
        "unknown_labels": {"bug": 3},
        "tasks_without_text": 2,
        "annotations_without_text": 2,
        "tasks_left_out": {},
        "hidden_controls": answers["hidden_controls"],
    }
    assert "only after another answer" in answers["hidden_controls"]["about"]
    told = run("doctor", str(project))
    for words in (
        "cannot be read",
        "without an answer",
        "3 are bug",
        "2 tasks without a text",
        "not asked of every task",
    ):
        assert words in shown.out
        assert words in told.out

    client.sdk.projects.delete(project)
    gone = run("doctor", str(project))
    assert f"labelloop disconnect {project}" in gone.out
    closed = run("round", "close", str(project), "--now")
    assert closed.status == 2
    assert f"labelloop disconnect {project}" in closed.err
    assert run("disconnect", str(project)).status == 0


def test_an_empty_submit_of_an_audit_task_asks_one_more_annotator(
    run: Run,
    client: LabelStudio,
    backend: StubBackend,
    book: Book,
    people: list[Annotator],
    label_studio: RunningLabelStudio,
    tmp_path: Path,
) -> None:
    """It takes nobody's place: Label Studio gives the task to somebody else, and the doctor advises `required`."""
    project = client.create_project("empty Submit", BEFORE).id
    client.import_tasks(project, [{"data": {"text": f"words {n}"}} for n in range(8)])
    (tmp_path / "rules.toml").write_text("monitor_size = 1\n", "utf-8")
    assert run("connect", str(project), "--rules", str(tmp_path / "rules.toml")).status == 0
    collect(project)
    (audit,) = [task for task, role in book.ledger.roles(project).items() if role is Role.MONITOR]
    client.set_overlap(audit, 2)  # as it is published
    for person, answer in zip(people, ([], said("bug")), strict=True):
        with LabelStudio(label_studio.url, person.token) as annotator:
            annotator.annotate(audit, answer)
        collect(project)
    (task,) = client.tasks(project, [audit])
    assert (task.overlap, task.is_labeled) == (3, False)
    assert json.loads(run("status", str(project), "--json").out)["labels"]["monitor"] == 0
    assert 'required="true"' in run("doctor", str(project)).out

    client.annotate(audit, said("wish"))
    collect(project)
    assert json.loads(run("status", str(project), "--json").out)["labels"]["monitor"] == 1
    assert client.tasks(project, [audit])[0].overlap == 3
