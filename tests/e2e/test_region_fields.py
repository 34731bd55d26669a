"""Entities, how each person feels, and what they like: learned about regions and their pairs, and pre-annotated."""

import csv
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from labelloop.domain.next_step import Phase
from labelloop.domain.relations import Relation, Relations
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Origin, Role
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import ByRegion, Choice, FieldKind, Rating, Span, Spans, Value
from labelloop.rules import Rules
from labelloop.state.answers import answer_counts
from labelloop.state.round_content import closed_round
from sync.api.client import LabelStudio
from sync.codecs.form_codec import merged_regions, read_field
from sync.codecs.region_codec import validate
from sync.pull import state
from tests.core.opened_project import OpenedProject
from tests.e2e.command_line import command
from tests.e2e.test_browser import SUBMIT, log_in
from tests.e2e.test_browser_regions import assert_relation_is_listed
from tests.e2e.test_browser_spans import HIGHLIGHTED
from tests.e2e.world import World, is_predicted, of_role, rounds, settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FORM = """<View><Text name="text" value="$text"/>
<Labels name="who" toName="text"><Label value="Person"/><Label value="Place"/></Labels>
<Choices name="心情" toName="text" perRegion="true" whenLabelValue="Person" required="true">
<Choice value="happy"/><Choice value="sad"/></Choices>
<Rating name="strength" toName="text" perRegion="true" whenLabelValue="Person" maxRating="3"/>
<Relations><Relation value="likes"/><Relation value="avoids"/></Relations></View>"""
SAID = {
    "happy": (
        "{} was so happy in {}",
        "what a lovely time {} had in {}",
        "{} loved {} 🙂",
        "{}很喜欢{}",
        "{} adored {}",
    ),
    "sad": ("{} was so sad in {}", "what an awful time {} had in {}", "{} hated {} 🙁", "{}很讨厌{}", "{} detested {}"),
}
PERSONS = ("Ada", "王小明", "Bob", "Eva")
PLACES = ("Oslo", "北京", "Rome")
SAYS_ALL = {"who", "心情", "strength", "relation"}
LEARNERS = ("linear", "tagger")
RULES = Rules(round_size=14, round_growth=0, monitor_size=16, monitor_share=0.4, queue_rounds=3, learners=LEARNERS)


def forms() -> Iterator[tuple[str, dict[str, Value]]]:
    """Yield each text with what is true of it."""
    for mood, ways in SAID.items():
        for way, who, where in itertools.product(ways, PERSONS, PLACES):
            text = way.format(who, where)
            person, place = (
                Span(at, at + len(name), label)
                for name, label in ((who, "Person"), (where, "Place"))
                for at in [text.index(name)]
            )
            yield (
                text,
                {
                    "who": Spans(frozenset({person, place})),
                    "心情": ByRegion.of(FieldKind.CHOICE, {person: Choice(mood)}),
                    "strength": ByRegion.of(FieldKind.RATING, {person: Rating(3 if "so" in way else 2, of=3)}),
                    "relations": Relations(
                        frozenset({person, place}),
                        frozenset({Relation(person, place, "likes")} if mood == "happy" else ()),
                    ),
                },
            )


TRUTH = dict(forms())


@pytest.fixture(scope="module")
def form(world: World) -> OpenedProject:
    """Take the form through two rounds; once what was said of two regions is left behind that were deleted."""
    view = world.project_of("Entities and moods", FORM, [{"text": text} for text in TRUTH], RULES)
    leave_behind = True
    for number in (1, 2):
        for person in itertools.islice(itertools.cycle(world.people), 200):
            if rounds(view) >= number:
                break
            submit(view, person, leave_behind=leave_behind)
            leave_behind = False
        world.wait(lambda number=number: rounds(view) >= number and settled(view), f"round {number}")  # type: ignore[misc]
    return view


def submit(view: OpenedProject, person: LabelStudio, *, leave_behind: bool = False) -> int:
    """Let a person say what is true of their next task, and return it."""
    task = person.next_task(view.id)
    assert task is not None
    truth, fields = TRUTH[str(task.data["text"])], fields_of(view)
    regions = merged_regions((fields[name], value) for name, value in truth.items())
    if leave_behind:
        regions = [region for region in regions if region.get("from_name") not in ("who", "strength")]
    shown = task.predictions[0].id if task.predictions and task.predictions[0].result else None
    person.annotate(task.id, regions, parent_prediction=shown, lead_time=5.0)
    return task.id


def fields_of(view: OpenedProject) -> dict[str, Field]:
    """Return the looped fields by name."""
    return {one.field.name: one.field for one in view.state.fields}


def test_what_is_said_of_regions_is_learned_and_measured(form: OpenedProject) -> None:
    """Each field has a version, figures and a verdict of its own."""
    for one in form.state.by_field:
        assert one.deployed is not None
        assert one.looped.verdict(2) is not None
        assert one.looped.evaluations[-1].n > 0
    _, moods, _, related = form.state.by_field
    assert related.field.kind_in_words == "relations"
    assert related.looped.evaluations[-1].human_agreement == 1.0
    closed = closed_round(form.book, moods, 2)
    assert closed is not None
    assert all(task.consensus.value == TRUTH[task.task.text]["心情"] for task in closed.tasks)
    assert moods.looped.evaluations[-1].human_agreement == 1.0


def test_an_answer_without_its_region_is_counted_and_told(world: World, form: OpenedProject) -> None:
    """It is nobody's, and the annotation marks nothing."""
    moods = form.state.by_field[1]
    counts = answer_counts(form.book, moods)
    assert counts.count(Unanswered.CONDITION_UNMET) == 1
    told = command(world, "status", str(form.id))
    assert "心情" in told
    assert "relations" in told
    assert answer_counts(form.book, form.state.by_field[3]).count(Unanswered.CONDITION_UNMET) <= 1
    assert "relations" in command(world, "verdict", str(form.id))


def test_predictions_say_of_each_shown_person_how_they_feel(world: World, form: OpenedProject) -> None:
    """In the newest publication and in what the ML backend answers: of persons only, under the region's id."""
    name, audit = form.state.published_name, of_role(form, Role.MONITOR)
    tasks = list(itertools.chain.from_iterable(world.context.label_studio.task_pages(form.id)))
    pushed = [one.result for task in tasks for one in task.predictions if one.model_version == name and one.result]
    assert_about_persons(form, pushed)

    settings = world.services.settings
    auth = (settings.backend_user, settings.backend_password.get_secret_value())
    body = {
        "tasks": [{"id": task.id, "data": task.data} for task in tasks],
        "project": f"{form.id}.1",
        "label_config": FORM,
        "params": {"context": None},
    }
    reply = httpx.post(f"{settings.backend_url}/predict", json=body, auth=auth, timeout=60).raise_for_status().json()
    results = dict(zip([task.id for task in tasks], reply["results"], strict=True))
    assert not any(results[task] for task in audit)
    assert all(validate(FORM, entry) is None for entry in results.values() if entry)
    assert_about_persons(form, [entry["result"] for entry in results.values() if entry])


def assert_about_persons(form: OpenedProject, results: "list[list[object]]") -> None:
    """Assert that many results say something of a person, some of what they like, and none of what is not there."""
    fields, about, related = fields_of(form), 0, 0
    for result in results:
        marked, moods = (read_field(fields[name], fields, result) for name in ("who", "心情"))
        assert isinstance(marked, Spans)
        persons = {span for span in marked.spans if span.label == "Person"}
        assert (set(moods.by_span) if isinstance(moods, ByRegion) else set()) == persons
        about += bool(persons)
        ids = {region["id"] for region in result if region["type"] == "labels"}  # type: ignore[index]
        ends = [(one["from_id"], one["to_id"]) for one in result if one["type"] == "relation"]  # type: ignore[index]
        assert all(ids.issuperset(pair) for pair in ends)
        related += bool(ends)
    assert about > len(results) / 2 > 0
    assert related > len(results) / 8


def test_an_annotator_sees_it_at_the_region_and_submits_it_with_one_click(
    world: World, form: OpenedProject, browser: "Browser", tmp_path: Path
) -> None:
    """A click on the person shows the answer about them, an arrow what they like; all that is sent was accepted."""
    audit, name = of_role(form, Role.MONITOR), form.state.published_name
    fields = fields_of(form)
    task, shown = next(
        (task, one)
        for task in itertools.chain.from_iterable(world.context.label_studio.task_pages(form.id))
        if task.id not in audit and not task.annotations
        for one in task.predictions
        if one.model_version == name and {r.get("from_name", r["type"]) for r in one.result} >= SAYS_ALL  # type: ignore[attr-defined,index]
    )
    said = read_field(fields["心情"], fields, shown.result)
    assert isinstance(said, ByRegion)
    (person, mood), *_ = said.by_span.items()
    page = log_in(world, browser, world.accounts[0].email, world.accounts[0].password)
    page.goto(f"{world.services.label_studio.url}/projects/{form.id}/data?task={task.id}")
    page.wait_for_selector(SUBMIT, timeout=60_000)
    page.wait_for_function(f"() => ({HIGHLIGHTED})().length > 1")
    page.screenshot(path=tmp_path / "regions.png", full_page=True)
    page.locator(".htx-highlight", has_text=str(task.data["text"])[person.start : person.end]).first.click()
    page.wait_for_selector(f"label:has-text('{mood}') input:checked", state="attached")
    assert_relation_is_listed(page, "likes", tmp_path / "relations.png")
    with page.expect_response(lambda answer: "/annotations" in answer.url and answer.request.method == "POST"):
        page.click(SUBMIT)
    page.close()
    (stored,) = world.context.label_studio.tasks(form.id, [task.id])
    found = {one.field: one for one in state(list(fields.values()), stored).annotations}
    assert found["心情"].value == said
    assert found["relations"].value == read_field(fields["relations"], fields, shown.result)
    assert {one.origin for one in found.values()} == {Origin.ACCEPTED}


def related_by_people(world: World, form: OpenedProject) -> dict[str, set[tuple[str, str]]]:
    """Return what Label Studio holds of each labelled text: from which part a relation leads, and its label."""
    fields, found = fields_of(form), dict[str, set[tuple[str, str]]]()
    for task in itertools.chain.from_iterable(world.context.label_studio.task_pages(form.id)):
        text = str(task.data["text"])
        for annotation in task.annotations[-1:]:
            said = read_field(fields["relations"], fields, annotation.result or [])
            related = said.relations if isinstance(said, Relations) else frozenset[Relation]()
            found[text] = {(text[one.head.start : one.head.end], one.label) for one in related}
    assert any(found.values())
    return found


def test_what_people_said_is_exported_and_opens_again(
    world: World, form: OpenedProject, browser: "Browser", tmp_path: Path
) -> None:
    """A column lists the relations; a new project that imports the file shows them between its regions."""
    command(world, "release", str(form.id), "--people-only")
    command(world, "export", str(form.id), str(tmp_path / "out"), "--format", "csv,label-studio")
    given = related_by_people(world, form)
    with (tmp_path / "out" / "data.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            cell = row["relations.relations"]
            listed = {(one["from"]["text"], one["label"]) for one in json.loads(cell)} if cell else set()
            assert listed == given[row["input_text"]]
    tasks = json.loads((tmp_path / "out" / "label-studio.json").read_text("utf-8"))
    again = next(one for one in tasks if any(r["type"] == "relation" for r in one["annotations"][0]["result"]))
    studio = world.context.label_studio
    project = studio.create_project("Imported again", FORM)
    (task,) = studio.import_tasks(project.id, [again])
    page = log_in(world, browser, world.accounts[0].email, world.accounts[0].password)
    page.goto(f"{world.services.label_studio.url}/projects/{project.id}/data?task={task}")
    page.wait_for_function(f"() => ({HIGHLIGHTED})().length > 1", timeout=60_000)
    assert_relation_is_listed(page, "likes", tmp_path / "imported again.png")
    page.close()
    studio.sdk.projects.delete(project.id)


def test_each_field_is_certified_and_the_models_regions_are_released_with_what_they_say_of_them(
    world: World, form: OpenedProject, tmp_path: Path
) -> None:
    """A certificate for the regions, for what is said of each, and for how they are related."""
    project, names = str(form.id), ["who", "心情", "strength", "relations"]
    wish = ("--max-error", "0.5", "--confidence", "0.5", "--n", "14")
    plan = json.loads(command(world, "certify", project, *wish, "--dry-run", "--json"))["plan"]
    assert [one["field"] for one in plan["fields"]] == names
    assert plan["left_to_people"] == {}
    command(world, "certify", project, *wish, "--anyway")
    world.wait(lambda: settled(form), "the blind queue")
    for person in itertools.islice(itertools.cycle(world.people), 14):
        submit(form, person)
    world.wait(lambda: form.state.phase is not Phase.CERTIFY, "the certificates")
    found = {one.field.name: one.attempt.certificate for one in form.state.attempted if one.attempt}
    assert list(found) == names
    assert all(one and one.granted for one in found.values()), found

    command(world, "release", project)
    world.wait(lambda: is_predicted(form), "the predictions")
    left = set(form.state.waiting)
    for person in itertools.islice(itertools.cycle(world.people), len(TRUTH)):
        if not left:
            break
        left.discard(submit(form, person))
    world.wait(lambda: form.state.is_released and settled(form), "the release")
    command(world, "export", project, str(tmp_path / "out"), "--format", "csv,label-studio")
    with (tmp_path / "out" / "data.csv").open(newline="", encoding="utf-8") as file:
        ours = [row for row in csv.DictReader(file) if row["who.source"] == "model"]
    assert ours
    for row in ours:
        marked = {(one["start"], one["end"]) for one in json.loads(row["who.spans"]) if one["label"] == "Person"}
        felt = json.loads(row["心情.regions"] or "[]")
        assert {(one["start"], one["end"]) for one in felt} == marked
        assert {row[f"{name}.source"] for name in names if not row.get(f"{name}.missing")} == {"model"}
    assert any(json.loads(row["relations.relations"] or "[]") for row in ours)
    tasks = json.loads((tmp_path / "out" / "label-studio.json").read_text("utf-8"))
    assert len(tasks) == len(TRUTH)
    written = json.loads(command(world, "write-back", project, "--json"))
    assert written["written"] == sum(not row.get(f"{name}.missing") for row in ours for name in names)
    command(world, "write-back", project, "--remove")
