"""Numbers, dates, rankings and the task's own choices on people's screen: what is pushed is shown, and accepted."""

from typing import TYPE_CHECKING

import pytest

from labelloop.domain.predictions import Prediction
from labelloop.domain.queue import QueueItem
from labelloop.domain.tasks import Origin
from labelloop.domain.values import Choice, Choices, Moment, Number, Ranking, Value
from sync.api.client import LabelStudio
from sync.config.label_config import parse
from sync.push import push
from tests.e2e.test_browser_spans import SUBMIT, project_with, submitted

if TYPE_CHECKING:
    from playwright.sync_api import Page

TEXT = '<Text name="text" value="$text"/>'
LIST = '<List name="list" value="$items" title="All"/>'
OFFERS = [{"value": "one"}, {"value": "two", "html": "<b>Two!</b>"}, {"value": "three", "alias": "3"}]
ITEMS = [{"id": "a", "title": "Aa"}, {"id": 2, "title": "Bb", "body": "y"}, {"id": "还", "html": "<b>z</b>"}]
TREE = [
    {"value": "one", "html": "<b>1</b>", "children": [{"value": "a", "selected": True}, {"value": "b", "alias": "B"}]},
    {"value": "two", "children": [{"value": "all", "children": [{"value": "deep"}]}]},
    {"value": "还"},
]
TALK = [{"author": "Ada", "text": "hi"}]
DATA = {"text": "hi", "offers": OFFERS, "items": ITEMS, "tree": TREE, "talk": TALK}
TYPED = "() => [...document.querySelectorAll('.lsf-main-view input')].map(one => one.value)"
TICKED = "() => [...document.querySelectorAll('.lsf-main-view input:checked')].map(one => one.name)"
ORDER = """() => [...document.querySelectorAll('.htx-ranker-column')].map(
  column => [...column.querySelectorAll('[data-ranker-id]')].map(item => item.dataset.rankerId))"""

NUMBER = '<Number name="c" toName="text" min="0" step="0.5"/>'
TIME = '<DateTime name="c" toName="text"/>'
DAY = '<DateTime name="c" toName="text" only="date" format="%d.%m.%Y"/>'
SOME = '<Choices name="c" toName="text" value="$offers" choice="multiple"/>'
ORDERED = '<Ranker name="c" toName="list"/>'
SORTED = '<Ranker name="c" toName="list"><Bucket name="good"/><Bucket name="bad"/></Ranker>'
BUCKETS = (("_", ("2",)), ("good", ("还", "a")), ("bad", ()))
NESTED = '<Choices name="c" toName="text" value="$tree" choice="multiple" allowNested="true"/>'
OF_PAGE = '<HyperText name="page" value="$text"/>' + NESTED.replace('toName="text"', 'toName="page"')
OF_TALK = '<Paragraphs name="talk" value="$talk"/>' + NESTED.replace('toName="text"', 'toName="talk"')
ONE_NESTED = NESTED.replace("multiple", "single")
INNERMOST = Choices(frozenset({"one > B", "two > all > deep"}))
BOXES = ["b", "two", "all", "deep"]
SHOWN = [
    pytest.param(NUMBER, Number(7.5), TYPED, ["7.5"], id="number"),
    pytest.param(TIME, Moment("2024-05-17T09:07", 15), TYPED, ["2024-05-17", "09:07"], id="time"),
    pytest.param(DAY, Moment("2024-05-17"), TYPED, ["2024-05-17"], id="date"),
    pytest.param(SOME, Choices(frozenset({"two", "3"})), TICKED, ["two", "three"], id="options"),
    pytest.param(NESTED, INNERMOST, TICKED, BOXES, id="nested"),
    pytest.param(OF_PAGE, INNERMOST, TICKED, BOXES, id="nested-of-page"),
    pytest.param(OF_TALK, INNERMOST, TICKED, BOXES, id="nested-of-dialogue"),
    pytest.param(ONE_NESTED, Choice("one > B"), TICKED, ["b"], id="one-nested"),
    pytest.param(ORDERED, Ranking((("c", ("还", "a", "2")),)), ORDER, [["还", "a", "2"]], id="ranking"),
    pytest.param(SORTED, Ranking(BUCKETS), ORDER, [["2"], ["还", "a"], []], id="buckets"),
]


@pytest.mark.parametrize(("control", "value", "seen", "shown"), SHOWN)
def test_a_pushed_answer_is_on_the_screen_and_comes_back_accepted(
    studio: LabelStudio, page: "Page", control: str, value: Value, seen: str, shown: object
) -> None:
    """The widget shows what the prediction says; a submit without a change stores it as it was."""
    config = f"<View>{TEXT}{LIST}{control}</View>"
    (field,) = parse(config).fields
    project, task = project_with(studio, config, DATA)
    push(studio, project, config, [field], "v1", [QueueItem(task, 0.5, {field.name: Prediction(value, 0.9, 0.9)})])

    page.goto(f"{studio.url}/projects/{project}/data?task={task}")
    page.wait_for_selector(SUBMIT, timeout=60_000)
    wait_for(page, seen, shown)
    accepted = submitted(page, studio, field, project, task)
    assert (accepted.value, accepted.origin) == (value, Origin.ACCEPTED)
    page.goto("about:blank")
    studio.sdk.projects.delete(project)


def test_of_nested_choices_those_that_have_none_below_are_the_answer(studio: LabelStudio, page: "Page") -> None:
    """A tick ticks all below; what the task marks as selected is ticked where no prediction is shown."""
    config = f"<View>{TEXT}{NESTED}</View>"
    (field,) = parse(config).fields
    project, task = project_with(studio, config, DATA)
    page.goto(f"{studio.url}/projects/{project}/data?task={task}")
    page.wait_for_selector(SUBMIT, timeout=60_000)
    wait_for(page, TICKED, ["a"])
    page.click("input[name='one']")
    wait_for(page, TICKED, ["one", "a", "b"])
    made = submitted(page, studio, field, project, task)
    assert (made.value, made.origin) == (Choices(frozenset({"one > a", "one > B"})), Origin.MANUAL)
    page.goto("about:blank")
    studio.sdk.projects.delete(project)


def wait_for(page: "Page", seen: str, shown: object) -> None:
    """Wait until the screen shows it."""
    page.wait_for_function(f"shown => JSON.stringify(({seen})()) === JSON.stringify(shown)", arg=shown)
