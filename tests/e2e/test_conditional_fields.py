"""A field that is asked only after a certain answer: learned from, measured and predicted where it is asked."""

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from labelloop.domain.records import ClosedRound
from labelloop.domain.tasks import Role
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Choice, Value
from labelloop.rules import Rules
from labelloop.state.answers import answer_counts
from labelloop.state.round_content import closed_round
from sync.api.client import LabelStudio
from sync.codecs.region_codec import to_regions
from sync.pull import state
from tests.core.opened_project import OpenedProject
from tests.e2e.command_line import command
from tests.e2e.test_browser import SUBMIT, log_in
from tests.e2e.world import World, of_role, rounds, settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FORM = """<View><Text name="text" value="$text"/>
<Choices name="mood" toName="text" required="true"><Choice value="good"/><Choice value="bad" alias="差"/></Choices>
<View visibleWhen="choice-selected" whenTagName="mood" whenChoiceValue="bad">
<Choices name="why" toName="text"><Choice value="late"/><Choice value="rude"/></Choices></View></View>"""
SAID = {
    (None, "good"): (
        "I love the {}",
        "what a wonderful {}",
        "the {} was great 🙂",
        "so happy about the {}",
        "{}太好了",
    ),
    ("late", "差"): ("the {} came hours late", "my {} arrived far too late", "still waiting for the {}", "{}又迟到了"),
    ("rude", "差"): ("the {} people were rude", "so rude at the {}", "the {} staff shouted at me", "{}态度恶劣"),
}
THINGS = ("parcel", "hotel", "phone", "lesson", "coffee", "房间", "train", "pizza", "车", "ticket")
RULES = Rules(round_size=12, round_growth=0, monitor_size=16, monitor_share=0.4, queue_rounds=3, learners=("linear",))


def forms() -> Iterator[tuple[str, dict[str, Value]]]:
    """Yield each text with what is true of it."""
    for (why, mood), ways in SAID.items():
        for way, thing in itertools.product(ways, THINGS):
            yield way.format(thing), {"mood": Choice(mood), **({"why": Choice(why)} if why else {})}


TRUTH = dict(forms())


@pytest.fixture(scope="module")
def form(world: World) -> OpenedProject:
    """Take a form through two rounds; one answer is left behind where its condition does not hold."""
    view = world.project_of("A conditional field", FORM, [{"text": text} for text in TRUTH], RULES)
    leave_behind = True
    for number in (1, 2):
        for person in itertools.islice(itertools.cycle(world.people), 200):
            if rounds(view) >= number:
                break
            leave_behind &= not submit(view, person, leave_behind=leave_behind)
        world.wait(lambda number=number: rounds(view) >= number and settled(view), f"round {number}")  # type: ignore[misc]
    return view


def submit(view: OpenedProject, person: LabelStudio, *, leave_behind: bool) -> bool:
    """Let a person say what is true of their next task; return whether more was left behind."""
    task = person.next_task(view.id)
    assert task is not None
    truth = TRUTH[str(task.data["text"])]
    left = {"why": Choice("late")} if leave_behind and "why" not in truth else {}
    shown = task.predictions[0].id if task.predictions and task.predictions[0].result else None
    fields = {one.field.name: one.field for one in view.state.fields}
    regions = [region for name, value in {**truth, **left}.items() for region in to_regions(fields[name], value)]
    person.annotate(task.id, regions, parent_prediction=shown, lead_time=5.0)
    return bool(left)


def choices(result: object) -> dict[str, str]:
    """Return the choice that a prediction or annotation makes, by control."""
    assert isinstance(result, list)
    return {region["from_name"]: region["value"]["choices"][0] for region in result}


def test_a_child_is_learned_from_and_measured_where_its_parent_asks_for_it(form: OpenedProject) -> None:
    """Of all judged tasks only those that people called bad; silence about the others is no answer."""
    mood, why = form.state.by_field
    for one in (mood, why):
        assert one.deployed is not None
        assert one.looped.verdict(2) is not None
    everything, asked = closed_round(form.book, mood, 2), closed_round(form.book, why, 2)
    assert everything is not None
    assert asked is not None
    bad = {task.task.id for task in everything.tasks if task.consensus.value == Choice("差")}
    assert {task.task.id for task in asked.tasks} == bad < {task.task.id for task in everything.tasks}
    measured = why.looped.evaluations[-1]
    assert 0 < measured.n < mood.looped.evaluations[-1].n


def test_people_are_shown_a_child_only_with_the_parent_that_asks_for_it(world: World, form: OpenedProject) -> None:
    """In the newest publication, and in what the ML backend answers."""
    name, audit = form.state.published_name, of_role(form, Role.MONITOR)
    tasks = list(itertools.chain.from_iterable(world.context.label_studio.task_pages(form.id)))
    pushed = [one for task in tasks for one in task.predictions if one.model_version == name and one.result]
    assert_asked([choices(one.result) for one in pushed])

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


def assert_asked(predicted: list[dict[str, str]]) -> None:
    """Assert that each prediction has a mood, and a reason exactly where that is bad."""
    moods = {said["mood"] for said in predicted}
    assert moods == {"good", "差"}
    assert all(("why" in said) is (said["mood"] == "差") for said in predicted)


def test_what_was_left_behind_is_counted_and_told(world: World, form: OpenedProject) -> None:
    """In `status`: how many were not asked, and that one answer stands where nobody was."""
    why = form.state.by_field[1]
    counts = answer_counts(form.book, why)
    assert counts.count(Unanswered.CONDITION_UNMET) == 1
    assert counts.count(Unanswered.NOT_ASKED) > 0
    assert counts.count(Unanswered.CONDITION_UNKNOWN) == counts.count(Unanswered.EMPTY) == 0
    shown = command(world, "status", str(form.id))
    assert f"why: not asked in {counts.count(Unanswered.NOT_ASKED)} annotations; 1 hold" in " ".join(shown.split())


def test_an_annotator_who_changes_the_parent_leaves_no_child(
    world: World, form: OpenedProject, browser: "Browser", tmp_path: Path
) -> None:
    """Both are pre-selected on the screen; after another click on the parent the child is gone, and is not asked."""
    audit, name = of_role(form, Role.MONITOR), form.state.published_name
    task = next(
        task
        for task in itertools.chain.from_iterable(world.context.label_studio.task_pages(form.id))
        if task.id not in audit and not task.annotations
        if any("why" in choices(one.result) for one in task.predictions if one.model_version == name)
    )
    page = log_in(world, browser, world.accounts[0].email, world.accounts[0].password)
    page.goto(f"{world.services.label_studio.url}/projects/{form.id}/data?task={task.id}")
    page.wait_for_selector(SUBMIT, timeout=60_000)
    page.wait_for_selector("label:has-text('rude')")
    assert page.locator("input:checked").count() >= 2
    page.screenshot(path=tmp_path / "asked.png", full_page=True)
    page.locator("label:has-text('good')").first.click()
    page.wait_for_selector("label:has-text('rude')", state="hidden")
    page.screenshot(path=tmp_path / "not asked.png", full_page=True)
    with page.expect_response(lambda answer: "/annotations" in answer.url and answer.request.method == "POST"):
        page.click(SUBMIT)
    page.close()
    (stored,) = world.context.label_studio.tasks(form.id, [task.id])
    (said,) = stored.annotations
    assert choices(said.regions) == {"mood": "good"}
    fields = [one.field for one in form.state.fields]
    found = {one.field: one for one in state(fields, stored).annotations}
    assert found["mood"].value == Choice("good")
    assert (found["why"].value, found["why"].unanswered) == (None, Unanswered.NOT_ASKED)


def test_a_round_has_an_empty_cell_where_nobody_was_asked(form: OpenedProject) -> None:
    """Neither a label nor "none"."""
    record = form.ledger.newest(ClosedRound, form.id, number=2)
    assert record is not None
    with form.book.artifacts.folder(record.artifact) as folder:
        lines = (Path(folder) / "data_labeled_2.csv").read_text("utf-8").splitlines()
    for row in csv.DictReader(lines):
        truth = TRUTH[row["input_text"]]
        assert (row["mood"], row["why"]) == (str(truth["mood"]), str(truth.get("why", "")))
