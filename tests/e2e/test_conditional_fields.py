"""An assessment in eleven questions, most of them conditional, from its first task to the file of its answers."""

import csv
import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from labelloop.domain.next_step import Phase
from labelloop.domain.records import ClosedRound
from labelloop.domain.tasks import Role
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Choice
from labelloop.rules import Rules
from labelloop.state.answers import answer_counts
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import closed_round
from sync.api.client import LabelStudio
from sync.api.wire import WireTask
from sync.codecs.region_codec import to_regions
from sync.pull import state
from tests.core.opened_project import OpenedProject
from tests.e2e.assessment import FORM, NO, QUESTIONS, UNCLEAR, YES, stored, texts
from tests.e2e.command_line import command
from tests.e2e.test_browser import SUBMIT, is_saved, log_in
from tests.e2e.world import World, is_predicted, of_role, settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHECKED = ".lsf-main-view .ant-radio-wrapper-checked"
TRUTH = texts()
NAMES = [question.name for question in QUESTIONS]
PARENTS = {question.name: question.after for question in QUESTIONS if question.after}
RULES = Rules(
    round_size=24,
    round_growth=0,
    monitor_size=16,
    monitor_share=0.4,
    queue_rounds=2,
    learners=("linear",),
    fields=("all",),
)


@pytest.fixture(scope="module")
def form(world: World) -> OpenedProject:
    """Take an assessment through two rounds; one answer is left behind where its condition does not hold."""
    view = world.project_of("An assessment", FORM, [{"text": text} for text in TRUTH], RULES)
    left_behind: list[int] = []

    def judge(person: LabelStudio) -> WireTask:
        leave_behind = {} if left_behind else {"refuses": YES}
        task = submit(view, person, leave_behind)
        if leave_behind and TRUTH[str(task.data["text"])]["answers"] != NO:
            left_behind.append(task.id)
        return task

    for number in (1, 2):
        world.work_until_round(view, number, judge)
        world.wait(lambda: settled(view), "its models")
    return view


def submit(view: OpenedProject, person: LabelStudio, leave_behind: Mapping[str, str] | None = None) -> WireTask:
    """Let a person say what is true of their next task, with answers left behind unless people are asked for them."""
    task = person.next_task(view.id)
    assert task is not None
    said = {**(leave_behind or {}), **TRUTH[str(task.data["text"])]}
    shown = task.predictions[0].id if task.predictions and task.predictions[0].result else None
    fields = {one.field.name: one.field for one in view.state.fields}
    regions = [
        region for name, label in said.items() for region in to_regions(fields[name], Choice(stored(name, label)))
    ]
    person.annotate(task.id, regions, parent_prediction=shown, lead_time=40.0)
    return task


def by_name(form: OpenedProject) -> dict[str, ProjectState]:
    """Return the project as each of its fields sees it."""
    return {one.field.name: one for one in form.state.by_field}


def choices(result: object) -> dict[str, str]:
    """Return the choice that a prediction or annotation makes, by control."""
    assert isinstance(result, list)
    return {region["from_name"]: region["value"]["choices"][0] for region in result}


def assert_asked(predicted: list[dict[str, str]]) -> None:
    """Assert that each prediction answers every question that is asked after its other answers, and no other."""
    assert {said["answers"] for said in predicted} >= {YES, NO}
    for said in predicted:
        asked = [name for name in NAMES if name not in PARENTS or said.get(PARENTS[name][0]) == stored(*PARENTS[name])]
        assert said.keys() == set(asked)


def test_every_question_has_a_model_and_a_verdict_from_where_it_is_asked(form: OpenedProject) -> None:
    """Silence where nobody was asked is no answer."""
    fields = by_name(form)
    assert list(fields) == NAMES
    for name, one in fields.items():
        found = closed_round(form.book, one, 2)
        assert found is not None
        assert {task.task.text for task in found.tasks} <= {text for text, said in TRUTH.items() if name in said}
        assert one.deployed is not None
        assert one.looped.verdict(2) is not None
    measured = {name: one.looped.evaluations[-1].n for name, one in fields.items()}
    assert all(measured[name] <= measured[parent] for name, (parent, _) in PARENTS.items())


def test_people_are_shown_all_answers_at_once_and_a_question_only_where_it_is_asked(
    world: World, form: OpenedProject
) -> None:
    """In the newest publication, and in what the ML backend answers; audit tasks come blank."""
    name, audit = form.state.published_name, of_role(form, Role.MONITOR)
    tasks = list(itertools.chain.from_iterable(world.context.label_studio.task_pages(form.id)))
    pushed = {task.id: one.result for task in tasks for one in task.predictions if one.model_version == name}
    assert not any(pushed[task] for task in audit & pushed.keys())
    assert_asked([choices(result) for result in pushed.values() if result])

    settings = world.services.settings
    auth = (settings.backend_user, settings.backend_password.get_secret_value())
    body = {
        "tasks": [{"id": task.id, "data": task.data} for task in tasks if task.id not in audit],
        "project": f"{form.id}.1",
        "label_config": FORM,
        "params": {"context": None},
    }
    reply = httpx.post(f"{settings.backend_url}/predict", json=body, auth=auth, timeout=60).raise_for_status().json()
    assert_asked([choices(entry["result"]) for entry in reply["results"] if entry])


def test_a_lead_reads_all_questions_in_one_table(world: World, form: OpenedProject) -> None:
    """In `status`: a line for each, how many were not asked, and that one answer stands where nobody was."""
    refuses = by_name(form)["refuses"]
    counts = answer_counts(form.book, refuses)
    assert counts.count(Unanswered.CONDITION_UNMET) == 1
    assert counts.count(Unanswered.NOT_ASKED) > 0
    assert counts.count(Unanswered.CONDITION_UNKNOWN) == counts.count(Unanswered.EMPTY) == 0
    shown = " ".join(command(world, "status", str(form.id)).split())
    assert f"refuses in {counts.count(Unanswered.NOT_ASKED)} annotations" in shown
    assert "refuses: 1 answer given though it was not asked, which does not count." in shown
    assert "--field 'source is new'" in shown
    assert all(f" {one.deployed_version} " in shown for one in (state.looped for state in by_name(form).values()))
    verdicts = json.loads(command(world, "verdict", str(form.id), "--json"))
    assert [one["field"] for one in verdicts["fields"]] == NAMES
    preview = command(world, "connect", str(form.id), "--dry-run")
    for name, (parent, label) in PARENTS.items():
        assert f"Looped: {name} (yes, no, unclear), where {parent} is {stored(parent, label)}." in preview


def test_an_annotator_who_changes_the_parent_leaves_no_child(
    world: World, form: OpenedProject, browser: "Browser", tmp_path: Path
) -> None:
    """All answers are pre-selected on the screen; after another click on a parent its children are not asked."""
    audit, name = of_role(form, Role.MONITOR), form.state.published_name
    task, said = next(
        (task.id, choices(one.result))
        for task in itertools.chain.from_iterable(world.context.label_studio.task_pages(form.id))
        if task.id not in audit and not task.annotations
        for one in task.predictions
        if one.model_version == name and "refuses" in choices(one.result)
    )
    page = log_in(world, browser, world.accounts[0].email, world.accounts[0].password)
    page.goto(f"{world.services.label_studio.url}/projects/{form.id}/data?task={task}")
    page.wait_for_selector(SUBMIT, timeout=60_000)
    page.wait_for_function(f"() => document.querySelectorAll('{CHECKED}').length === {len(said)}", timeout=60_000)
    page.screenshot(path=tmp_path / "asked.png", full_page=True)
    page.locator(f"label:has-text('{UNCLEAR}')").first.click()
    page.wait_for_selector("text=refuses?", state="hidden")
    page.screenshot(path=tmp_path / "not asked.png", full_page=True)
    with page.expect_response(is_saved):
        page.click(SUBMIT)
    page.close()

    (kept,) = world.context.label_studio.tasks(form.id, [task])
    (annotation,) = kept.annotations
    children = {"refuses", "says why"}
    assert choices(annotation.regions) == {"answers": UNCLEAR} | {
        name: label for name, label in said.items() if name not in children | {"answers"}
    }
    fields = [one.field for one in form.state.fields]
    found = {one.field: one for one in state(fields, kept).annotations}
    assert found["answers"].value == Choice(UNCLEAR)
    assert all((found[name].value, found[name].unanswered) == (None, Unanswered.NOT_ASKED) for name in children)


def test_a_round_has_an_empty_cell_where_nobody_was_asked(form: OpenedProject) -> None:
    """Neither a label nor "none"."""
    record = form.ledger.newest(ClosedRound, form.id, number=2)
    assert record is not None
    with form.book.artifacts.folder(record.artifact) as folder:
        assert_truth((Path(folder) / "data_labeled_2.csv").read_text("utf-8"))


def test_what_people_said_is_released_with_a_column_for_each_question(
    world: World, form: OpenedProject, tmp_path: Path
) -> None:
    """The file that the team wanted; an empty cell where a question was not asked."""
    said = command(world, "release", str(form.id), "--people-only")
    assert all(f"{name}: " in said for name in NAMES)
    command(world, "export", str(form.id), str(tmp_path / "out"), "--format", "csv")
    assert_truth((tmp_path / "out" / "data.csv").read_text("utf-8-sig"), but=1)


def test_every_question_is_certified_and_the_assessment_is_finished(
    world: World, form: OpenedProject, tmp_path: Path
) -> None:
    """A row is the models' or a person's; the models leave a question empty where their own answers do not ask it."""
    project, wish = str(form.id), ("--max-error", "0.5", "--confidence", "0.5", "--n", "14")
    plan = command(world, "certify", project, *wish, "--dry-run")
    assert "not certified" not in plan
    assert "answers: certified for v" in plan
    fewer = json.loads(command(world, "certify", project, *wish, "--without", "answers", "--dry-run", "--json"))["plan"]
    below = {"answers", "correct", "complete", "harmful", "refuses", "says why"}
    assert fewer["left_to_people"].keys() == below
    assert [one["field"] for one in fewer["fields"]] == [name for name in NAMES if name not in below]
    command(world, "certify", project, *wish, "--anyway")
    world.wait(lambda: settled(form), "the blind queue")
    for person in itertools.islice(itertools.cycle(world.people), 14):
        assert not any(prediction.result for prediction in submit(form, person).predictions)
    world.wait(lambda: form.state.phase is not Phase.CERTIFY, "the certificates")
    found = {name: one.attempt.certificate for name, one in by_name(form).items() if one.attempt}
    assert list(found) == NAMES
    granted = {name for name, one in found.items() if one and one.granted}
    assert granted > {name for name in NAMES if name not in PARENTS}, found

    wanted = json.loads(command(world, "release", project, "--dry-run", "--json"))
    assert sum(wanted["tasks"].values()) == len(TRUTH)
    command(world, "release", project)
    world.wait(lambda: is_predicted(form), "the predictions")
    left = set(form.state.waiting)
    for person in itertools.islice(itertools.cycle(world.people), len(TRUTH)):
        if not left:
            break
        left.discard(submit(form, person).id)
    world.wait(lambda: form.state.is_released and settled(form), "the release")
    command(world, "export", project, str(tmp_path / "out"), "--format", "csv")
    rows = list(csv.DictReader((tmp_path / "out" / "data.csv").read_text("utf-8-sig").splitlines()))
    assert len(rows) == len(TRUTH)
    ours = [row for row in rows if row["answers.source"] == "model"]
    assert ours
    for row in ours:
        asked = [name for name in NAMES if name not in PARENTS or row[PARENTS[name][0]] == stored(*PARENTS[name])]
        assert [name for name in NAMES if row[name]] == asked
        assert {row[f"{name}.source"] for name in asked} == {"model"}
        assert all(row[f"{name}.missing"].startswith("it was not asked") for name in NAMES if name not in asked)
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert card.count("**Certificate 1:** at most 50.0%") == len(granted)


def assert_truth(content: str, *, but: int = 0) -> None:
    """Assert that a file has a column for each question with what is true, but for so many rows."""
    rows = list(csv.DictReader(content.splitlines()))
    assert list(rows[0])[: len(NAMES) + 1] == ["input_text", *NAMES]
    wrong = [
        row
        for row in rows
        for truth in [TRUTH[row["input_text"]]]
        if any(row[name] != (stored(name, truth[name]) if name in truth else "") for name in NAMES)
    ]
    assert len(wrong) <= but, wrong
