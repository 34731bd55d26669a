"""What Label Studio stores when a person changes the parent of a pre-annotated child, and what is read of it."""

from typing import TYPE_CHECKING

from labelloop.domain.asked import answers_where_asked
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Choice, Choices, Rating, Value
from sync.api.client import LabelStudio
from sync.codecs.region_codec import read_answer, to_regions
from sync.config.label_config import fields_with_conditions
from tests.e2e.test_browser_spans import SUBMIT, open_task
from workers.local.label_studio import RunningLabelStudio

if TYPE_CHECKING:
    from playwright.sync_api import Page

AFTER = 'visibleWhen="choice-selected" whenTagName="{}" whenChoiceValue="{}"'
CONFIG = f"""<View><Text name="t" value="$text"/><Labels name="ner" toName="t"><Label value="City"/></Labels>
<Choices name="mood" toName="t"><Choice value="bad" alias="b"/><Choice value="good"/></Choices>
<Choices name="why" toName="t" choice="multiple" {AFTER.format("mood", "bad")}>
  <Choice value="late"/><Choice value="rude"/></Choices>
<View {AFTER.format("why", "late")}><Rating name="stars" toName="t"/></View></View>"""


def test_a_person_who_changes_the_parent_leaves_no_answer_of_the_children(
    label_studio: RunningLabelStudio, page: "Page"
) -> None:
    """Label Studio drops the choices and stores the stars that nobody sees any more; neither counts."""
    found, _ = fields_with_conditions(CONFIG)
    fields = {field.name: field for field in found}
    said: dict[str, Value] = {"mood": Choice("b"), "why": Choices(frozenset({"late"})), "stars": Rating(4)}
    regions = [region for name, value in said.items() for region in to_regions(fields[name], value)]
    with LabelStudio(label_studio.url, label_studio.token) as studio:
        project = studio.create_project("Conditions", CONFIG).id
        kept, changed = studio.import_tasks(project, [{"data": {"text": f"It came late {n}."}} for n in range(2)])
        rows = [{"task": task, "result": regions, "score": 0.5, "model_version": "v1"} for task in (kept, changed)]
        studio.import_predictions(project, rows)

        answers = {}
        for task in (kept, changed):
            open_task(page, studio, project, task)
            if task == changed:
                page.locator(".lsf-choice__item:has-text('good'), label:has-text('good')").first.click()
            with page.expect_response(lambda got: "/annotations" in got.url and got.request.method == "POST"):
                page.click(SUBMIT)
            (stored,) = studio.tasks(project, [task])[0].annotations
            answers[task] = {name: read_answer(field, stored.regions) for name, field in fields.items()}
        page.goto("about:blank")
        studio.sdk.projects.delete(project)

    assert answers[kept] == {**answers[kept], **said} == answers_where_asked(fields, answers[kept])
    assert answers[changed] == {**answers[changed], "why": Choices(frozenset()), "stars": Rating(4)}
    counted = answers_where_asked(fields, answers[changed])
    assert counted["mood"] == Choice("good")
    assert counted["why"] is Unanswered.NOT_ASKED
    assert counted["stars"] is Unanswered.CONDITION_UNMET
