"""Answers about regions, and relations between them, on people's screen: what is pushed comes back as it was."""

from typing import TYPE_CHECKING

import pytest

from labelloop.domain.relations import Relation
from labelloop.domain.values import Spans
from sync.api.client import LabelStudio
from sync.codecs.region_answers import RegionAnswers, marks_of, read_region_answers, to_region_answers
from sync.codecs.region_codec import task_text
from sync.codecs.relation_codec import ReadRelations, read_relations, to_relations
from tests.e2e.test_browser_spans import SUBMIT, open_task
from tests.sync.test_region_answers import OBJECTS, SAID, config, fields, spans_in
from workers.local.label_studio import RunningLabelStudio

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.parametrize("kind", OBJECTS)
def test_what_is_said_about_regions_is_accepted_as_it_was_pushed(
    label_studio: RunningLabelStudio, page: "Page", kind: str
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
        with page.expect_response(lambda got: "/annotations" in got.url and got.request.method == "POST"):
            page.click(SUBMIT)
        (accepted,) = studio.tasks(project, [task])[0].annotations
        page.goto("about:blank")
        studio.sdk.projects.delete(project)

    for name, said in SAID.items():
        read = read_region_answers(every[name], [every["ner"]], accepted.regions, data)
        assert read == RegionAnswers(dict(zip(spans, said, strict=True))), name
    ids = {str(region["id"]): frozenset({span}) for span, region in marks.items()}
    assert read_relations(accepted.regions, ids) == ReadRelations(frozenset({related}))
