"""Answers about regions, and relations between them, on people's screen: what is pushed comes back as it was."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from labelloop.domain.predictions import Prediction
from labelloop.domain.queue import QueueItem
from labelloop.domain.relations import Relation
from labelloop.domain.tasks import Origin
from labelloop.domain.values import ByRegion, Choice, FieldKind, Span, Spans, Value
from sync.api.client import LabelStudio
from sync.codecs.region_answers import RegionAnswers, marks_of, read_region_answers, to_region_answers
from sync.codecs.region_codec import task_text
from sync.codecs.relation_codec import read_relations, to_relations
from sync.config.label_config import parse
from sync.pull import state
from sync.push import push
from tests.e2e.field_kinds import as_dialogue, as_page
from tests.e2e.test_browser_spans import HIGHLIGHTED, SUBMIT, open_task, project_with
from tests.sync.test_region_answers import OBJECTS, SAID, config, fields, spans_in
from workers.local.label_studio import RunningLabelStudio

if TYPE_CHECKING:
    from playwright.sync_api import Page


MORE_OBJECTS = {
    "html": ('<HyperText name="t" value="$page"/>', "HyperTextLabels", as_page),
    "dialogue": (
        '<Paragraphs name="t" value="$talk" layout="dialogue" saveTextResult="no"/>',
        "ParagraphLabels",
        as_dialogue,
    ),
}
MOODS = """<{0} name="who" toName="t"><Label value="Person"/><Label value="Place"/></{0}>
<Choices name="心情" toName="t" perRegion="true" whenLabelValue="Person">
<Choice value="happy"/><Choice value="sad"/></Choices>"""
HAPPY = "🙂 王小明 was happy in Oslo."


@pytest.mark.parametrize("kind", OBJECTS)
def test_what_is_said_about_regions_is_accepted_as_it_was_pushed(
    label_studio: RunningLabelStudio, page: "Page", kind: str, tmp_path: Path
) -> None:
    """Label Studio keeps the ids of the regions, and adds their place and text, which are no answers."""
    every, data = fields(kind), OBJECTS[kind][2]
    spans = spans_in(task_text(every["ner"], data))
    marks = marks_of(every["ner"], Spans(frozenset(spans)), data)
    pushed: list[dict[str, object]] = [dict(region) for region in marks.values()]
    for name, said in SAID.items():
        pushed += to_region_answers(every[name], dict(zip(spans, said, strict=True)), marks)
    related = Relation(*spans, "知道")
    pushed += to_relations({related}, marks)

    with LabelStudio(label_studio.url, label_studio.token) as studio:
        project = studio.create_project("Regions", config(kind)).id
        (task,) = studio.import_tasks(project, [{"data": dict(data)}])
        row = {"task": task, "result": pushed, "score": 0.5, "model_version": "v1"}
        studio.import_predictions(project, [row])
        open_task(page, studio, project, task)
        assert_relation_is_listed(page, related.label, tmp_path / "relations.png")
        with page.expect_response(lambda got: "/annotations" in got.url and got.request.method == "POST"):
            page.click(SUBMIT)
        (accepted,) = studio.tasks(project, [task])[0].annotations
        page.goto("about:blank")
        studio.sdk.projects.delete(project)

    for name, said in SAID.items():
        read = read_region_answers(every[name], [every["ner"]], accepted.regions, data)
        assert read == RegionAnswers(dict(zip(spans, said, strict=True))), name
    ids = {str(region["id"]): frozenset({span}) for span, region in marks.items()}
    assert read_relations(accepted.regions, ids) == frozenset({related})


@pytest.mark.parametrize("kind", MORE_OBJECTS)
def test_what_is_said_of_a_region_is_shown_with_it_and_comes_back_accepted(
    studio: LabelStudio, page: "Page", kind: str
) -> None:
    """On pages and dialogues, as on texts: a click on the person shows the answer."""
    shown, tag, show = MORE_OBJECTS[kind]
    config = f"<View>{shown}{MOODS.format(tag)}</View>"
    fields = {field.name: field for field in parse(config).fields}
    data: Any = show(HAPPY)
    text = task_text(fields["who"], data)
    person, place = (
        Span(text.index(name), text.index(name) + len(name), label)
        for name, label in (("王小明", "Person"), ("Oslo", "Place"))
    )
    said: dict[str, Value] = {
        "who": Spans(frozenset({person, place})),
        "心情": ByRegion.of(FieldKind.CHOICE, {person: Choice("happy")}),
    }
    project, task = project_with(studio, config, data)
    predictions = {name: Prediction(value, 0.9, 0.9) for name, value in said.items()}
    assert push(studio, project, config, list(fields.values()), "v1+v2", [QueueItem(task, 0.5, predictions)]) == 1

    open_task(page, studio, project, task)
    page.wait_for_function(f"() => ({HIGHLIGHTED})().length >= 2")
    page.locator('.lsf-outliner-item, [class*="outliner-item"]', has_text="王小明").first.click()
    page.wait_for_selector("label:has-text('happy') input:checked", state="attached")
    with page.expect_response(lambda answer: "/annotations" in answer.url and answer.request.method == "POST"):
        page.click(SUBMIT)
    (found,) = studio.tasks(project, [task])
    taken = {one.field: one for one in state(list(fields.values()), found).annotations}
    assert {name: one.value for name, one in taken.items()} == said
    assert {one.origin for one in taken.values()} == {Origin.ACCEPTED}
    page.goto("about:blank")
    studio.sdk.projects.delete(project)


def assert_relation_is_listed(page: "Page", label: str, picture: Path) -> None:
    """Assert that an arrow with this label is drawn, and a relation listed; Label Studio remembers the panel."""
    page.wait_for_selector(f".relations-overlay text:text-is('{label}')", state="attached")
    page.locator(".lsf-panel-tabs__tab:visible", has_text="Relations").first.click()
    page.wait_for_selector(".lsf-relations__item:visible")
    page.screenshot(path=picture, full_page=True)
    page.locator(".lsf-panel-tabs__tab:visible", has_text="Regions").first.click()
