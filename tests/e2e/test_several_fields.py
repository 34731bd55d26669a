"""A form of several fields on the real thing: each has its model, and people are shown one prediction of all."""

import csv
import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from labelloop.domain.next_step import Phase
from labelloop.domain.records import ClosedRound
from labelloop.domain.tasks import Role
from labelloop.domain.values import Choice, Rating, Span, Spans, Value
from labelloop.rules import Rules
from sync.api.client import LabelStudio
from sync.api.wire import WireTask
from sync.codecs.region_codec import from_regions, to_regions
from tests.core.opened_project import OpenedProject
from tests.e2e.command_line import command
from tests.e2e.test_browser import SUBMIT, log_in
from tests.e2e.world import World, is_predicted, of_role, settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FORM = """<View><Text name="text" value="$text"/>
<Choices name="意图" toName="text" choice="single" required="true">
<Choice value="music"/><Choice value="weather"/><Choice value="alarm"/></Choices>
<Labels name="slots" toName="text"><Label value="Artist"/><Label value="City"/><Label value="Time"/></Labels>
<Rating name="clarity" toName="text" maxRating="3"/></View>"""
SAID = {
    ("music", "Artist"): (
        "play something by {}",
        "put on the new song of {}",
        "我想听{}的歌",
        "some music of {} please",
    ),
    ("weather", "City"): (
        "what is the weather like in {}",
        "will it rain in {} today",
        "{}今天天气怎么样",
        "forecast for {}",
    ),
    ("alarm", "Time"): ("wake me up at {}", "set an alarm for {}", "明天{}叫我起床", "alarm at {} please"),
}
NAMES = {
    "Artist": ("Adele", "Queen", "王菲", "Miles Davis", "Bach", "周杰伦", "Nina Simone", "Abba", "Prince", "Sade"),
    "City": ("Berlin", "北京", "New York", "Rome", "Oslo", "上海", "Lima", "Cairo", "Delhi", "Kyoto"),
    "Time": (
        "seven",
        "half past six",
        "八点",
        "noon",
        "ten to nine",
        "六点半",
        "five",
        "midnight",
        "8:30",
        "quarter to two",
    ),
}
LEARNERS = ("linear", "tagger")
RULES = Rules(round_size=12, round_growth=0, monitor_size=16, monitor_share=0.4, queue_rounds=3, learners=LEARNERS)


def forms() -> Iterator[tuple[str, dict[str, Value]]]:
    """Yield each text with what is true of it."""
    for (intent, slot), ways in SAID.items():
        for way, name in itertools.product(ways, NAMES[slot]):
            start = way.index("{}")
            text = way.format(name)
            spans = Spans(frozenset({Span(start, start + len(name), slot)}))
            yield text, {"意图": Choice(intent), "slots": spans, "clarity": Rating(3 if name.isascii() else 2, of=3)}


TRUTH = dict(forms())


@pytest.fixture(scope="module")
def form(world: World) -> OpenedProject:
    """Take a form through two rounds."""
    view = world.project_of("A form", FORM, [{"text": text} for text in TRUTH], RULES)
    for number in (1, 2):
        world.work_until_round(view, number, lambda person: submit(view, person))
        world.wait(lambda: settled(view), "its models")
    return view


def submit(view: OpenedProject, person: LabelStudio) -> WireTask:
    """Let a person say what is true of all fields of their next task."""
    task = person.next_task(view.id)
    assert task is not None
    shown = task.predictions[0] if task.predictions else None
    truth = TRUTH[str(task.data["text"])]
    fields = [one.field for one in view.state.fields]
    regions = [region for field in fields for region in to_regions(field, truth[field.name], task.data)]
    person.annotate(task.id, regions, parent_prediction=shown.id if shown else None, lead_time=5.0)
    return task


def said_of(view: OpenedProject, result: list[object], data: Mapping[str, object]) -> dict[str, Value]:
    """Return what a prediction says, by field; a field of which it has no region is not in it."""
    there = {region["from_name"] for region in result if isinstance(region, dict)}
    fields = [one.field for one in view.state.fields if one.field.name in there]
    return {field.name: value for field in fields if (value := from_regions(field, result, data)) is not None}


def test_every_field_is_looped_with_a_model_of_its_own(form: OpenedProject) -> None:
    """Three fields, each with the learner that can learn it, its figures and its verdict after each round."""
    fields = form.state.by_field
    assert [one.field.name for one in fields] == ["意图", "slots", "clarity"]
    for one, learner in zip(fields, ("linear", "tagger", "linear"), strict=True):
        assert one.deployed is not None
        assert one.deployed.learner == learner
        assert one.looped.verdict(1) is not None
        assert one.looped.verdict(2) is not None
    assert fields[0].looped.evaluations[-1].agreement == pytest.approx(1.0, abs=0.3)


def test_people_are_shown_one_prediction_of_all_fields_and_audit_tasks_stay_blind(
    world: World, form: OpenedProject
) -> None:
    """The newest publication, as Label Studio has stored it."""
    audit, name = of_role(form, Role.MONITOR), form.state.published_name
    assert world.context.label_studio.project(form.id).model_version == name
    shown = 0
    for task in itertools.chain.from_iterable(world.context.label_studio.task_pages(form.id)):
        for prediction in task.predictions:
            if prediction.model_version != name:
                continue
            said = said_of(form, prediction.result, task.data)
            assert not said if task.id in audit else {"意图", "clarity"} <= said.keys()
            shown += "slots" in said
    assert shown > 0, "spans too"


def test_the_ml_backend_answers_for_all_fields_at_once(world: World, form: OpenedProject) -> None:
    """One entry a task, under the name of the publication, with regions of each field."""
    settings = world.services.settings
    auth = (settings.backend_user, settings.backend_password.get_secret_value())
    audit = of_role(form, Role.MONITOR)
    tasks = list(itertools.chain.from_iterable(world.context.label_studio.task_pages(form.id)))[:40]
    body = {
        "tasks": [{"id": task.id, "data": task.data} for task in tasks],
        "project": f"{form.id}.1",
        "label_config": FORM,
        "params": {"context": None},
    }

    def reply() -> dict[str, Any]:
        answer = httpx.post(f"{settings.backend_url}/predict", json=body, auth=auth, timeout=60)
        said: dict[str, Any] = answer.raise_for_status().json()
        return said

    world.wait(lambda: reply()["model_version"] == form.state.published_name, "the hot swap")
    for task, entry in zip(tasks, reply()["results"], strict=True):
        assert bool(entry) is (task.id not in audit)
        if entry:
            assert {"意图", "clarity"} <= said_of(form, entry["result"], task.data).keys()


def test_a_round_has_a_column_for_each_field(form: OpenedProject) -> None:
    """`input_text,<field>,<field>…`, each label as it was given."""
    record = form.ledger.newest(ClosedRound, form.id, number=1)
    assert record is not None
    with form.book.artifacts.folder(record.artifact) as folder:
        lines = (Path(folder) / "data_labeled_1.csv").read_text("utf-8").splitlines()
    rows = list(csv.DictReader(lines))
    assert list(rows[0])[:4] == ["input_text", "意图", "slots", "clarity"]
    for row in rows:
        truth = TRUTH[row["input_text"]]
        assert (row["意图"], row["clarity"]) == (str(truth["意图"]), str(truth["clarity"]))


def test_an_annotator_sees_all_of_it_and_submits_it_with_one_click(
    world: World, form: OpenedProject, browser: "Browser", tmp_path: Path
) -> None:
    """A radio button, a highlighted span and stars are there at once; what is submitted is the answer of each field."""
    audit = of_role(form, Role.MONITOR)
    state = form.state
    assert state.queue is not None
    task = next(t for t in state.queue.order if t not in audit and t not in state.tasks.annotators)
    page = log_in(world, browser, world.accounts[0].email, world.accounts[0].password)
    page.goto(f"{world.services.label_studio.url}/projects/{form.id}/data?task={task}")
    page.wait_for_selector(SUBMIT, timeout=60_000)
    page.wait_for_selector("input:checked")
    page.wait_for_selector(".htx-highlight")
    page.screenshot(path=tmp_path / "form.png", full_page=True)
    with page.expect_response(lambda answer: "/annotations" in answer.url and answer.request.method == "POST"):
        page.click(SUBMIT)
    (stored,) = world.context.label_studio.tasks(form.id, [task])
    said = said_of(form, stored.annotations[-1].result or [], stored.data)
    assert {"意图", "clarity"} <= said.keys()


def test_what_people_said_is_released_and_imported_again(world: World, form: OpenedProject, tmp_path: Path) -> None:
    """One row a task with a column for each field; Label Studio takes one annotation that says them all."""
    told = command(world, "release", str(form.id), "--people-only")
    assert all(f"{name}: " in told for name in ("意图", "slots", "clarity"))
    command(world, "export", str(form.id), str(tmp_path / "out"), "--format", "csv,conll,label-studio")
    lines = (tmp_path / "out" / "data.csv").read_text("utf-8").splitlines()
    rows = list(csv.DictReader(lines))
    assert list(rows[0])[:4] == ["input_text", "意图", "slots", "clarity"]
    given = said_by_people(world, form)
    assert {row["input_text"] for row in rows} == given.keys()
    for row in rows:
        said = given[row["input_text"]]
        assert (row["意图"], row["clarity"]) == (str(said["意图"]), str(said["clarity"]))
        assert [Span(s["start"], s["end"], s["label"]) for s in json.loads(row["slots.spans"])] == spans_of(said)
    assert "B-City" in (tmp_path / "out" / "data.conll").read_text("utf-8")

    tasks = json.loads((tmp_path / "out" / "label-studio.json").read_text("utf-8"))
    studio = world.context.label_studio
    again = studio.create_project("A form again", FORM)
    ids = studio.import_tasks(again.id, tasks)
    for task in studio.tasks(again.id, ids):
        (annotation,) = task.annotations
        assert said_of(form, annotation.result or [], task.data) == given[str(task.data["text"])]


def said_by_people(world: World, form: OpenedProject) -> dict[str, dict[str, Value]]:
    """Return what Label Studio holds of each text that people labelled: the truth, or what one accepted unread."""
    pages = itertools.chain.from_iterable(world.context.label_studio.task_pages(form.id))
    labelled = [task for task in pages if task.annotations]
    return {str(t.data["text"]): said_of(form, t.annotations[-1].result or [], t.data) for t in labelled}


def spans_of(said: Mapping[str, Value]) -> list[Span]:
    """Return the spans that are said to be in a text."""
    found = said["slots"]
    assert isinstance(found, Spans)
    return sorted(found.spans)


def test_all_fields_are_certified_at_once_and_the_data_set_is_finished(
    world: World, form: OpenedProject, tmp_path: Path
) -> None:
    """People label the drawn tasks once, blank; then each field has its certificate, and the release says whose."""
    project, wish = str(form.id), ("--max-error", "0.4", "--confidence", "0.9", "--n", "20")
    plan = command(world, "certify", project, *wish, "--dry-run")
    assert "error at most 40.0% in each of 3 fields, in all at once with probability 90.00%" in plan
    fewer = json.loads(command(world, "certify", project, *wish, "--without", "clarity", "--dry-run", "--json"))["plan"]
    assert [one["field"] for one in fewer["fields"]] == ["意图", "slots"]
    assert "left out of this attempt" in fewer["left_to_people"]["clarity"]
    command(world, "certify", project, *wish, "--anyway")
    drawn = of_role(form, Role.CERTIFY)
    world.wait(lambda: settled(form), "the blind queue")
    assert len(drawn) == 20
    for person in itertools.islice(itertools.cycle(world.people), len(drawn)):
        task = submit(form, person)
        assert task.id in drawn
        assert not any(prediction.result for prediction in task.predictions)
    world.wait(lambda: form.state.phase is not Phase.CERTIFY, "the certificates")
    found = {one.field.name: one.attempt.certificate for one in form.state.attempted if one.attempt}
    granted = [one.version for one in found.values() if one and one.granted]
    assert list(found) == ["意图", "slots", "clarity"]
    assert granted, found
    assert {one.delta for one in found.values() if one} == {0.1 / 3}

    wanted = json.loads(command(world, "release", project, "--dry-run", "--json"))
    assert sum(wanted["tasks"].values()) == len(TRUTH)
    assert wanted["tasks"]["by_model"] <= min(one["by_model"] for one in wanted["fields"].values())
    command(world, "release", project)
    world.wait(lambda: is_predicted(form), "the predictions")
    left = set(form.state.waiting)
    for person in itertools.islice(itertools.cycle(world.people), len(TRUTH)):
        if not left:
            break
        left.discard(submit(form, person).id)
    world.wait(lambda: form.state.is_released and settled(form), "the release")

    command(world, "export", project, str(tmp_path / "out"), "--format", "csv")
    rows = list(csv.DictReader((tmp_path / "out" / "data.csv").read_text("utf-8").splitlines()))
    assert len(rows) == len(TRUTH)
    versions = {row[f"{name}.version"] for row in rows for name in found if row[f"{name}.source"] == "model"}
    assert versions <= set(granted)
    for row in rows:
        for name in ("意图", "clarity"):
            assert row[f"{name}.source"] == "model" or row[name] == str(TRUTH[row["input_text"]][name])
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert card.count("**Certificate 1:** at most 40.0%") == len(granted)

    ours = sum(row[f"{name}.source"] == "model" for row in rows for name in found)
    assert json.loads(command(world, "write-back", project, "--json")) == {"written": ours, "left_alone": {}}
    assert json.loads(command(world, "write-back", project, "--remove", "--json"))["removed"] <= ours
