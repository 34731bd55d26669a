"""What stands behind a proposed guideline on its page: the TRAIN tasks of each rule, as far as records know."""

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from labelloop.domain.guideline_records import Guideline
from labelloop.domain.refinement import Edit, Evidence, Refinement
from labelloop.domain.tasks import fingerprint
from labelloop.domain.value_cells import value_json
from labelloop.domain.values import Choice
from ml_backend.pages.guideline_texts import WORDS
from tests.pages.test_disputes_page import decide
from tests.pages.world import NOON, World

GOOD, BAD = (value_json(Choice(label)) for label in ("Good", "Bad"))
EDIT = Edit("Bad", "Dark, and <b>irony</b>.")
AUDIT = {5 * n: ("Good", "Good", "Good") for n in range(1, 7)}


def example(task: int, right: str, before: str, after: str | None = None, gain: float = 0.0) -> Evidence:
    """Return what a fit keeps of an example, which is the text of this task."""
    return Evidence(fingerprint(f"text {task}"), right, before, after, gain)


def propose(world: World, number: int, found: Refinement | None, **changes: object) -> None:
    """Record a proposal of the first round."""
    proposed = Guideline(
        *(12, number, 1, "prompt", "llm", "proposed", "tried"),
        *(0, 20, 0.5, 0.7, 0.1, 0.01),
        created_at=NOON,
    )
    files = {"guideline.md": f"# Guideline\n\n## Bad\nDark {number}.\n".encode()}
    if found:
        files["refinement.json"] = found.to_json().encode()
    world.record(replace(proposed, **changes), f"guideline-{number}", files)  # type: ignore[arg-type]


@pytest.fixture
def learned(world: World) -> World:
    """Return a project after a round with six TRAIN tasks and six audit tasks."""
    world.connect()
    world.audited(12, AUDIT, learned=dict.fromkeys((1, 2, 3, 4, 6, 7), "Bad"))
    return world


def lists(page: str) -> dict[str, list[str]]:
    """Return the lines below each heading of the tasks behind a proposal, as text."""
    part = page.partition('<details class="behind" open>')[2].partition("</details>")[0]
    found = re.findall(r'<p class="dim">([^<]*) \(\d+[^<]*\)</p>\s*<ul>(.*?)</ul>', part, re.DOTALL)
    return {
        heading: [re.sub(r"<[^>]+>", "", item) for item in re.findall(r"<li>(.*?)</li>", items, re.DOTALL)]
        for heading, items in found
    }


def test_each_rule_has_the_tasks_that_it_was_made_from_and_that_it_changes(client: FlaskClient, learned: World) -> None:
    """The errors of the searched half, and of the half that it was tried on what becomes better or worse."""
    evidence = (
        example(1, BAD, GOOD),
        example(2, BAD, ""),
        example(3, BAD, GOOD, BAD, 1.0),
        example(4, BAD, BAD, "", -1.0),
    )
    propose(learned, 1, Refinement("file", "", "proposed", edits=(EDIT,), after=0.7, evidence=evidence))
    page = client.get("/guideline/12").text
    assert lists(page) == {
        "Made from these errors": ["#1 text 1 people: Bad LLM: Good", "#2 text 2 people: Bad LLM: left to people"],
        "Answers that become better with it": ["#3 text 3 people: Bad LLM before: Good after: Bad"],
        "Answers that become worse with it": ["#4 text 4 people: Bad LLM before: Bad after: left to people"],
    }
    assert "Rule of <bdi>Bad</bdi>" in page
    assert "Dark, and &lt;b&gt;irony&lt;/b&gt;." in page
    assert "/projects/12/data?task=3" in page


def test_no_audit_task_is_ever_listed(client: FlaskClient, learned: World) -> None:
    """Not even where its text is the same: the lead who read it there might write it into the guideline."""
    evidence = (example(5, BAD, GOOD), example(1, BAD, GOOD))
    propose(learned, 1, Refinement("file", "", "proposed", edits=(EDIT,), after=0.7, evidence=evidence))
    page = client.get("/guideline/12").text
    assert lists(page) == {"Made from these errors": ["#1 text 1 people: Bad LLM: Good"]}
    assert "Examples of no task that the round still has: 1" in page
    assert "text 5" not in page


@pytest.mark.parametrize("found", [None, Refinement("file", "", "proposed", edits=(EDIT,), after=0.7)])
def test_that_records_do_not_know_is_said(client: FlaskClient, learned: World, found: Refinement | None) -> None:
    """Proposals of older releases have no tasks on record: nothing is made up for them."""
    propose(learned, 1, found)
    page = client.get("/guideline/12").text
    assert "The record does not tell which tasks are behind this proposal" in page
    assert lists(page) == {}
    assert "记录没有说明这项提议背后有哪些任务" in client.get("/guideline/12?lang=zh").text


def test_a_proposal_that_was_not_tried_claims_no_effect(client: FlaskClient, learned: World) -> None:
    """Its errors are known, what it changes is not."""
    propose(learned, 1, Refinement("file", "", "proposed", edits=(EDIT,), evidence=(example(1, BAD, GOOD),)))
    page = client.get("/guideline/12").text
    assert "It was not tried to the end, so nothing is known of its effect." in page
    assert list(lists(page)) == ["Made from these errors"]
    assert "None becomes better" not in page


def test_tasks_are_listed_with_the_rules_whose_label_they_speak_of(client: FlaskClient, learned: World) -> None:
    """The task's own text takes the rest; where that is not changed they come last."""
    only_good = example(1, GOOD, "", GOOD, 1.0)
    for number, edits, heading in (
        (1, (EDIT,), "Tasks that speak of no label with a new rule"),
        (2, (EDIT, Edit("", "What mood?")), "The task itself"),
    ):
        found = Refinement("file", "", "proposed", edits=edits, after=0.7, evidence=(only_good,))
        propose(learned, number, found)
        page = client.get(f"/guideline/12?evidence={number}").text
        assert lists(page.partition(heading)[0]) == {}
        rest = page.partition(heading)[2]
        assert "Answers that become better with it" in rest
        assert "text 1" in rest


def test_the_newest_proposal_is_open_and_others_are_a_click_away(client: FlaskClient, learned: World) -> None:
    """Each look reads the round of one proposal."""
    for number, task in ((1, 1), (2, 2)):
        found = Refinement("file", "", "rejected", edits=(EDIT,), after=0.7, evidence=(example(task, BAD, GOOD),))
        propose(learned, number, found)
    assert "text 2" in str(lists(client.get("/guideline/12").text))
    page = client.get("/guideline/12").text
    assert 'evidence=1#guideline-1">Show the tasks behind it' in page
    assert "text 1" in str(lists(client.get("/guideline/12?evidence=1").text))
    assert client.get("/guideline/12?evidence=x").status_code == 200


def test_a_gap_leaves_the_page_when_it_is_decided_anew(client: FlaskClient, world: World) -> None:
    """The newest decision counts: a dispute that is a slip after all needs no rule."""
    world.connect()
    world.differ(12, {1: ("Good", "Bad"), 2: ("Good", "Bad")})
    for task in ("1", "2"):
        decide(client, task=task, answer="", reason="gap in the guideline", note=f"note {task}")
    assert re.findall(r"note \d", client.get("/guideline/12").text) == ["note 2", "note 1"]
    again = "/projects/12/disputes?show=decided"
    assert decide(client, again, task="2", answer="", reason="slip").status_code == 303
    assert re.findall(r"note \d", client.get("/guideline/12").text) == ["note 1"]


def test_both_languages_say_the_same_things() -> None:
    """With the same values in them."""
    assert WORDS["zh"].keys() == WORDS["en"].keys()
    for name, text in WORDS["zh"].items():
        assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", WORDS["en"][name])
