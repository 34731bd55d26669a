"""Spans on people's screen: what is pushed is highlighted on the right characters, what is drawn comes back right."""

import re
from typing import TYPE_CHECKING, Any

import pytest

from labelloop.domain.predictions import Prediction
from labelloop.domain.queue import QueueItem
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Annotation, Origin
from labelloop.domain.values import Span, Spans
from sync.api.client import LabelStudio
from sync.codecs.region_codec import task_text
from sync.config.label_config import parse
from sync.pull import state
from sync.push import push
from tests.e2e.field_kinds import ON_PAGE, ON_TALK, ON_TEXT, Data, as_dialogue, as_page, marked

if TYPE_CHECKING:
    from playwright.sync_api import Page

SUBMIT = 'button[aria-label="Submit current annotation"]'
# Combining marks, a family of joined emoji, Chinese, Arabic, CRLF, runs of spaces, a tab, what looks like HTML.
HARD = (
    "e\u0301\u0301a 👨‍👩‍👧‍👦 [Ada 👩‍🚀|Person] x\u200by [王小明|Person]在[北京|Place]。\r\n"
    "قالت [سارة حسن|Person] في [القاهرة|Place] 🏝️ a  b\t[O'Brien & <Co>|Person] cafe\u0301 [Zoë|Person] 🙂 end"
)
DRAWN = "end"
HIGHLIGHTED = """() => [document, ...[...document.querySelectorAll('iframe')].map(frame => frame.contentDocument)]
  .flatMap(page => page ? [...page.querySelectorAll('.htx-highlight')] : []).map(mark => mark.textContent)"""
DRAW = """wanted => {
  const frame = [...document.querySelectorAll('iframe')].find(one => one.contentDocument?.body?.textContent);
  const page = frame ? frame.contentDocument : document;
  const walk = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode, at = node.data.indexOf(wanted);
    if (at < 0 || !(frame || node.parentElement.closest('[class*=richtext], [data-testid^=phrase]'))) continue;
    const range = page.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + wanted.length);
    page.getSelection().removeAllRanges();
    page.getSelection().addRange(range);
    node.parentElement.dispatchEvent(new MouseEvent('mouseup', {bubbles: true, view: page.defaultView}));
    return node.data;
  }
}"""

SHOWN = [
    pytest.param(ON_TEXT, lambda text: {"text": text}, id="text"),
    pytest.param(ON_PAGE, as_page, id="html"),
    pytest.param(ON_TALK.replace("<Paragraphs", '<Paragraphs saveTextResult="no"'), as_dialogue, id="dialogue"),
]


@pytest.mark.parametrize(("config", "show"), SHOWN)
def test_pushed_spans_are_highlighted_on_the_right_characters_and_come_back_accepted(
    studio: LabelStudio, page: "Page", config: str, show: Any
) -> None:
    """Emoji, Chinese, Arabic, combining marks, line ends and overlapping spans: the screen shows what the span says."""
    field = parse(config).fields[0]
    data, text, value = hard_case(field, show)
    project, task = project_with(studio, config, data)
    push(studio, project, config, [field], "v1", [QueueItem(task, 0.5, {field.name: Prediction(value, 0.9, 0.9)})])

    open_task(page, studio, project, task)
    page.wait_for_function(f"count => ({HIGHLIGHTED})().length >= count", arg=len(value.spans))

    seen = page.evaluate(HIGHLIGHTED)
    for span in value.spans:
        # overlapping spans and line ends split a highlight into several
        assert plain(text[span.start : span.end]) in plain("".join(seen)), span
        assert any(plain(mark) == plain(text[span.start : span.end]) for mark in seen) or overlaps(span, value), span

    accepted = submitted(page, studio, field, project, task)
    assert accepted.value == value
    assert accepted.origin is Origin.ACCEPTED
    page.goto("about:blank")
    studio.sdk.projects.delete(project)


@pytest.mark.parametrize(("config", "show"), SHOWN)
def test_a_span_that_a_person_draws_is_read_on_the_right_characters(
    studio: LabelStudio, page: "Page", config: str, show: Any
) -> None:
    """However many characters outside of the basic plane stand before it."""
    field = parse(config).fields[0]
    data, text, _ = hard_case(field, show)
    project, task = project_with(studio, config, data)
    open_task(page, studio, project, task)
    page.locator(".lsf-label").first.click()
    page.wait_for_function(DRAW, arg=DRAWN)  # once the text is on the screen
    page.wait_for_function(f"() => ({HIGHLIGHTED})().length > 0")

    drawn = submitted(page, studio, field, project, task)
    start = text.index(DRAWN)
    assert drawn.value == Spans(frozenset({Span(start, start + len(DRAWN), "Person")}))
    assert drawn.origin is Origin.MANUAL
    page.goto("about:blank")
    studio.sdk.projects.delete(project)


def hard_case(field: Field, show: Any) -> tuple[Data, str, Spans]:
    """Return a task's data, what is read of it, and spans in that, some of them overlapping."""
    # a page has no CRLF: browsers make it LF before they count
    sentence, value = marked(HARD if field.reads != "hypertext" else HARD.replace("\r\n", "\n"))
    data = show(sentence)
    text = task_text(field, data)
    shift = text.index(sentence)
    spans = {Span(span.start + shift, span.end + shift, span.label) for span in value.spans}
    around = Span(shift + 4, shift + sentence.index("北京"), "Place")
    return data, text, Spans(frozenset(spans | {around}))


def project_with(studio: LabelStudio, config: str, data: Data) -> tuple[int, int]:
    """Return the ids of a new project and its only task."""
    project = studio.create_project("Spans", config).id
    (task,) = studio.import_tasks(project, [{"data": dict(data)}])
    return project, task


def open_task(page: "Page", studio: LabelStudio, project: int, task: int) -> None:
    """Open the task where its predictions are shown."""
    page.goto(f"{studio.url}/projects/{project}/data?task={task}")
    page.wait_for_selector(SUBMIT, timeout=60_000)
    page.wait_for_selector(".lsf-label")


def submitted(page: "Page", studio: LabelStudio, field: Field, project: int, task: int) -> Annotation:
    """Submit what the screen shows and return the annotation as the loop takes it in."""
    with page.expect_response(lambda answer: "/annotations" in answer.url and answer.request.method == "POST"):
        page.click(SUBMIT)
    (found,) = studio.tasks(project, [task])
    return state([field], found).annotations[-1]


def overlaps(span: Span, value: Spans) -> bool:
    """Return whether another span shares characters with this one."""
    return any(other != span and other.start < span.end and span.start < other.end for other in value.spans)


def plain(text: str) -> str:
    """Return the text without line ends, which are elements on the screen."""
    return re.sub(r"[\r\n]", "", text)
