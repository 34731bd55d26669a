"""What the lead of a form sees and does: every command shows all fields, or the named one."""

import json
from pathlib import Path

import pytest

from labelloop.domain.tasks import Role
from labelloop.steps.order_queue import order_queue, record_publication
from tests.cli.conftest import Run
from tests.core.certified_form import attempt, certify_all, predicted
from tests.core.conditional_form import ConditionalForm
from tests.core.form import REPLY, RULES, TOPICS, Form, turn
from tests.core.made_up import FIELD, MODELS


@pytest.fixture
def form(data_dir: Path) -> Form:
    """A form of three fields after two rounds, with its queue."""
    made = Form(data_dir, RULES)
    made.change_fields(FIELD, TOPICS, REPLY)
    made.import_tasks(range(1, 121))
    for person in (1, 2):
        made.say(made.of(Role.MONITOR), person)
    for _ in range(2):
        made.say(made.untouched(14))
        turn(made)
    head = order_queue(*made.view.now(), context=MODELS)
    assert head is not None
    assert record_publication(*made.view.now(), head)
    return made


@pytest.mark.usefixtures("form")
def test_status_has_a_line_for_each_field_and_all_there_is_to_one(run: Run) -> None:
    """Labels, model, agreement, verdict, and for how many of the next tasks each is the reason."""
    shown = run("status", "7")
    assert shown.status == 0
    for name in ("mood", "主题", "reply"):
        assert sum(line.startswith(name) for line in shown.out.splitlines()) == 1
    assert "--field reply" in shown.out
    one = run("status", "7", "--field", "主题")
    assert "Field 主题 (choices), one of mood, 主题, reply" in one.out
    assert "Model: v" in one.out
    wrong = run("status", "7", "--field", "moo")
    assert (wrong.status, "did you mean mood?" in wrong.err) == (2, True)


@pytest.mark.usefixtures("form")
def test_a_script_reads_a_list_of_fields(run: Run) -> None:
    """Its first has the keys that a project of one field has always had."""
    found = json.loads(run("status", "7", "--json").out)
    assert [one["field"] for one in found["fields"]] == ["mood", "主题", "reply"]
    assert [one["kind"] for one in found["fields"]] == ["choice", "choices", "choice"]
    assert all(one["deployed"] and one["verdict"] and one["agreement"] for one in found["fields"])
    assert sum(one["chosen"] for one in found["fields"]) == 20
    assert found["deployed"] == found["fields"][0]["deployed"]
    assert found["published"] == "+".join(one["deployed"] for one in found["fields"])


@pytest.mark.usefixtures("form")
def test_versions_and_verdicts_are_those_of_all_fields_or_of_one(run: Run) -> None:
    """Each version says which field it answers; each verdict too."""
    versions = json.loads(run("versions", "7", "--json").out)
    assert [one["name"] for one in versions] == ["v1", "v2", "v3", "v4", "v5", "v6"]
    assert [one["field"] for one in versions] == ["mood", "主题", "reply"] * 2
    assert [one["name"] for one in json.loads(run("versions", "7", "--field", "reply", "--json").out)] == ["v3", "v6"]
    brief = run("verdict", "7").out.splitlines()
    assert [line.split()[:2] for line in brief[1:4]] == [["mood", "2"], ["主题", "2"], ["reply", "2"]]
    assert len(brief) == 5
    assert "Next: " in run("verdict", "7", "--field", "reply").out
    said = run("verdict", "7", "--all").out
    assert all(f"Project 7, {name}, round 2" in said for name in ("mood", "主题", "reply"))
    found = json.loads(run("verdict", "7", "--json").out)
    assert [one["field"] for one in found["fields"]] == ["mood", "主题", "reply"]
    assert json.loads(run("verdict", "7", "--field", "主题", "--json").out)["field"] == "主题"


def test_a_version_is_deployed_for_the_field_it_was_fitted_for(run: Run, form: Form) -> None:
    """The other fields go on as they are; without a version the field must be named."""
    before = form.view.state.deployed_versions.split("+")
    old = next(one.version for one in form.view.state.by_field[1].looped.versions if one.version != before[1])
    assert run("deploy", "7", old, "--pin").status == 0
    assert form.view.state.deployed_versions.split("+") == [before[0], old, before[2]]
    assert "--field" in run("rollback", "7").err
    assert run("rollback", "7", "--field", "主题").status == 2, "it is pinned"
    assert run("deploy", "7", "--unpin", "--field", "主题").status == 0
    assert run("rollback", "7", "--field", "主题").status == 0
    assert form.view.state.deployed_versions.split("+") == before


def test_what_is_done_for_one_field_asks_for_its_name(run: Run, form: Form) -> None:
    """A guideline and doubtful labels are each field's."""
    for command in ("relabel", "guideline"):
        refused = run(command, "7")
        assert (refused.status, "name one with --field" in refused.err) == (2, True)
    assert "mood" in run("guideline", "7", "--field", "mood").out
    assert form.view.state.attempt is None


def test_status_tells_of_an_attempt_once_and_of_the_certificate_of_each_field(run: Run, form: Form) -> None:
    """And what a release would take where one was not granted."""
    attempt(form, n=42)
    mood, _, reply = versions = form.view.state.deployed_versions.split("+")
    opened = run("status", "7").out
    assert "Next: publish" in opened
    assert f"Certifying {'+'.join(versions)}: 0 of 42 tasks labelled (attempt 1)" in opened
    form.say(form.of(Role.CERTIFY))
    certify_all(form, refused=("reply",))
    said = run("status", "7").out
    assert f"mood: Certificate 1 for {mood}: granted" in said
    assert f"reply: Certificate 1 for {reply}: not granted" in said
    assert "a release asks people about every task that is left, for reply" in said
    assert "finish the data set under it: labelloop release 7" in said
    found = json.loads(run("status", "7", "--json").out)
    assert [one["certificate"]["granted"] for one in found["fields"]] == [True, True, False]
    predicted(form)
    release = json.loads(run("status", "7", "--json").out)["release"]
    assert (release["version"], release["chunks"], release["predicted"]) == ("+".join(versions[:2]), 3, 3)
    assert release["waiting"] > 0


def test_status_says_where_people_answer_a_refused_field_that_is_not_asked_everywhere(run: Run, data_dir: Path) -> None:
    """Where the models' other labels do not ask for it, nobody is asked."""
    form = ConditionalForm(data_dir, tasks=160, labels=40)
    attempt(form, n=42, max_error=0.3)
    form.say(form.of(Role.CERTIFY))
    certify_all(form, refused=("child",))
    said = run("status", "7").out
    assert "a release asks people about the tasks in which the labels of the others ask for it, for child" in said
