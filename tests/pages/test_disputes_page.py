"""The page of disputes: where people differ, what the lead decides, and what becomes of it."""

import re
from html import unescape

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from labelloop.domain.action_record import Action
from labelloop.domain.adjudication_record import REASONS, Adjudication
from labelloop.state.load import load
from labelloop.state.round_content import judged_now
from ml_backend.pages.dispute_texts import DISPUTES
from ml_backend.pages.page_texts import LANGUAGES, texts
from tests.pages.conftest import Open
from tests.pages.test_project_pages import HOSTILE, LONG
from tests.pages.world import World

PAGE = "/projects/12/disputes"
GOOD, BAD = '["Good"]', '["Bad"]'


@pytest.fixture
def split(world: World) -> World:
    """Return a project in which people differ on two tasks for learning and an audit task (5), and agree on another."""
    world.connect()
    world.differ(12, {1: ("Good", "Bad", "Bad"), 2: ("Good", "Bad"), 3: ("Good", "Good"), 5: ("Bad", "Good")})
    return world


def decide(client: FlaskClient, path: str = PAGE, **form: str) -> TestResponse:
    found = re.search(r'name="token" value="(\w+)"', client.get(path).text)
    assert found
    return client.post(path, data={"token": found[1], "reason": "slip", "note": "", **form})


def listed(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'<article class="dispute" id="task-(\d+)"', page)]


def article(page: str, task: int) -> str:
    return unescape(page.partition(f'id="task-{task}"')[2].partition("</article>")[0])


def decisions(world: World) -> list[tuple[int, str, str, str, str]]:
    found = world.book.ledger.all(Adjudication, 12)
    return [(one.task_id, one.value, one.reason, one.note, one.who) for one in found]


def labels(world: World) -> dict[int, str]:
    return {one.task.id: str(one.label) for one in judged_now(world.book, load(world.book, 12)).tasks}


def test_tasks_on_which_people_differ_lowest_agreement_first(client: FlaskClient, split: World) -> None:
    """With the text and everybody's answer, but nobody's name or number; the audit task has no answer to pick."""
    page = client.get(PAGE).text
    assert listed(page) == [2, 5, 1]
    first = article(page, 1)
    for shown in ("text 1", "33 %", "Annotator A, B", "Annotator C", "Bad", "Good", "data?task=1"):
        assert shown in first
    assert re.findall(r'name="answer" value="(.*?)" required', first) == [BAD, GOOD, ""]
    audit = article(page, 5)
    assert 'type="radio"' not in audit
    assert "audit task" in audit
    assert not re.search(r"70[123]", page)


def test_a_decision_settles_the_label_and_moves_the_task_to_the_second_list(client: FlaskClient, split: World) -> None:
    """With the visitor's name, the reason and the note; the log has it."""
    assert labels(split) == {1: "Bad", 2: "None", 3: "Good", 5: "None"}
    answer = decide(client, task="2", answer=GOOD, reason="ambiguous task", note=" Irony?\r\n讽刺 ")
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert decisions(split) == [(2, GOOD, "ambiguous task", "Irony?\n讽刺", "labelloop")]
    assert labels(split) == {1: "Bad", 2: "Good", 3: "Good", 5: "None"}
    page = client.get(PAGE).text
    assert listed(page) == [5, 1]
    assert "Task 2 is decided" in page
    assert "Decided (1)" in page
    second = client.get(f"{PAGE}?show=decided").text
    assert listed(second) == [2]
    for shown in ("Decision: <b", "Good", "The task is ambiguous", "Irony?\n讽刺", "by labelloop"):
        assert shown in article(second, 2)
    assert [one.action for one in split.book.ledger.all(Action, 12)] == ["adjudicate"]
    assert "decided a dispute" in client.get("/projects/12/log").text


def test_an_audit_task_gets_a_reason_and_a_note_alone(client: FlaskClient, split: World) -> None:
    """Whoever sends an answer of it all the same is refused."""
    before = labels(split)
    assert decide(client, task="5", answer="", reason="gap in the guideline", note="why").status_code == 303
    refused = decide(client, task="5", answer=GOOD)
    assert refused.status_code == 400
    assert "it measures, so nobody may decide on its label" in refused.text
    assert decisions(split) == [(5, "", "gap in the guideline", "why", "labelloop")]
    assert labels(split) == before
    assert "no label, it measures" in client.get(f"{PAGE}?show=decided").text


def test_the_later_decision_counts(client: FlaskClient, split: World) -> None:
    """Two leads, or one who thinks again: the page stays at the list that it was."""
    assert decide(client, task="2", answer=GOOD).status_code == 303
    assert decide(client, f"{PAGE}?show=decided", task="2", answer=BAD).location == f"{PAGE}?show=decided"
    assert labels(split)[2] == "Bad"
    assert len(decisions(split)) == 2
    assert listed(client.get(f"{PAGE}?show=decided").text) == [2]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"task": "2", "answer": '["Odd"]'}, "Nobody gives this answer of task 2"),
        ({"task": "2", "answer": "{{ 7 * 7 }}"}, "Nobody gives this answer of task 2"),
        ({"task": "2"}, "choose one and send it again"),
        ({"task": "2", "answer": GOOD, "reason": "whim"}, "Say why people differ"),
        ({"task": "2", "answer": GOOD, "note": "n" * 2001}, "The note has 2,001 characters"),
        ({"task": "3", "answer": GOOD}, "Task 3 of project 12 is not in dispute"),
        ({"task": "4", "answer": GOOD}, "Task 4 of project 12 is not in dispute"),
        ({"task": "77", "answer": GOOD}, "Task 77 of project 12 is not in dispute"),
        ({"task": "9" * 18, "answer": GOOD}, "is not in dispute"),
        ({"task": "9" * 30, "answer": GOOD}, "choose one and send it again"),
        ({"task": "²", "answer": GOOD}, "choose one and send it again"),
        ({"task": "", "answer": GOOD}, "choose one and send it again"),
        ({}, "choose one and send it again"),
    ],
)
def test_a_form_that_cannot_be_is_refused_in_a_sentence(
    client: FlaskClient, split: World, form: dict[str, str], words: str
) -> None:
    """Unknown answers, tasks that are not in dispute, another project's (77); nothing is recorded."""
    split.connect(13, "Other")
    split.differ(13, {77: ("Good", "Bad")})
    answer = decide(client, **form)
    assert answer.status_code == 400
    assert words in answer.text
    assert decisions(split) == []
    assert split.book.ledger.all(Action, 12) == []


def test_what_was_typed_is_kept_when_a_form_is_refused(client: FlaskClient, split: World) -> None:
    """The reason and the note, at their task."""
    answer = decide(client, task="2", answer='["Odd"]', reason="ambiguous task", note="<b>typed</b>")
    assert "&lt;b&gt;typed&lt;/b&gt;" in answer.text.partition('id="task-2"')[2].partition("</article>")[0]
    assert 'value="ambiguous task" selected' in article(answer.text, 2)
    assert "selected" not in article(answer.text, 1)


def test_a_dispute_that_ended_meanwhile_is_refused(client: FlaskClient, split: World) -> None:
    """Somebody has changed their answer since the page was opened."""
    found = re.search(r'name="token" value="(\w+)"', client.get(PAGE).text)
    assert found
    split.differ(12, {2: ("Good", "Good")})
    form = {"token": found[1], "task": "2", "answer": GOOD, "reason": "slip"}
    assert client.post(PAGE, data=form).status_code == 400
    assert decisions(split) == []


def test_a_form_without_our_token_is_refused(client: FlaskClient, split: World, open_pages: Open) -> None:
    """And a stranger sees the log-in."""
    client.get(PAGE)
    assert client.post(PAGE, data={"task": "2", "answer": GOOD, "reason": "slip"}).status_code == 403
    stranger = open_pages(stranger=True)
    assert stranger.get(PAGE).status_code == 401
    assert decisions(split) == []


def test_twenty_disputes_to_a_page(client: FlaskClient, world: World) -> None:
    """With ways on and back; whatever number is asked for."""
    world.connect(tasks=60)
    world.differ(12, dict.fromkeys(range(1, 46), ("Good", "Bad")))
    pages = [client.get(f"{PAGE}?page={number}").text for number in (1, 2, 3, 4)]
    assert [listed(page)[:1] + listed(page)[-1:] for page in pages] == [[1, 20], [21, 40], [41, 45], []]
    assert ["More</a>" in page for page in pages] == [True, True, False, False]
    for odd in ("0", "-1", "x", "9" * 40):
        assert client.get(f"{PAGE}?page={odd}").status_code == 200


def test_each_field_has_disputes_of_its_own(client: FlaskClient, world: World) -> None:
    """And decisions."""
    world.connect(fields=("mood", "tone"))
    world.differ(12, {1: ("Good", "Bad")}, field="tone")
    assert listed(client.get(PAGE).text) == []
    assert listed(client.get(f"{PAGE}?field=tone").text) == [1]
    assert decide(client, f"{PAGE}?field=tone", task="1", answer=BAD).location == f"{PAGE}?field=tone"
    assert [one.field for one in world.book.ledger.all(Adjudication, 12)] == ["tone"]
    assert client.get(f"{PAGE}?field=nothing").status_code == 404
    assert client.get("/projects/99/disputes").status_code == 404


def test_before_people_differ_the_page_says_so(client: FlaskClient, world: World) -> None:
    """And a project out of the loop shows its disputes, without forms."""
    world.connect()
    assert "No task on which people differ" in client.get(PAGE).text
    assert "Nothing is decided yet" in client.get(f"{PAGE}?show=decided").text
    world.differ(12, {1: ("Good", "Bad")})
    world.disconnect(12)
    page = client.get(PAGE).text
    assert listed(page) == [1]
    assert "<textarea" not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_people_wrote_is_shown_as_text(client: FlaskClient, world: World, language: str) -> None:
    """Texts, labels and notes, on both lists and on the guideline's page."""
    names = (*(name.replace("\u0000", "") for name in HOSTILE), LONG)
    world.connect(labels=names)
    world.differ(
        12,
        {n: (name, names[n % len(names)]) for n, name in enumerate(names, 1)},
        texts=dict(enumerate(names, 1)),
    )
    for path in (PAGE, f"{PAGE}?show=decided", "/guideline/12"):
        page = client.get(f"{path}{'&' if '?' in path else '?'}lang={language}").text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "7 * 7" in page or "show" in path or "guideline" in path
        for task in (1, 2, 5):
            decide(client, task=str(task), answer="", reason="gap in the guideline", note=HOSTILE[task - 1])


def test_gaps_stand_on_the_page_of_the_guideline(client: FlaskClient, split: World) -> None:
    """With text, answers and note, so that a rule can be written; other reasons do not."""
    assert "Gaps that disputes showed" not in client.get("/guideline/12").text
    decide(client, task="1", answer=BAD, reason="gap in the guideline", note="Say what irony is.")
    decide(client, task="5", answer="", reason="gap in the guideline")
    decide(client, task="2", answer=GOOD, note="a mere slip")
    page = client.get("/guideline/12").text
    found = re.findall(r'<article class="gap">(.*?)</article>', page, re.DOTALL)
    assert ["text 5" in found[0], "audit task" in found[0], "text 1" in found[1], "audit task" in found[1]] == [
        *(True, True, True, False)
    ]
    assert "Say what irony is." in found[1]
    assert re.sub(r"<[^>]+>", "", found[1]).count("Annotator A, B: Bad; Annotator C: Good") == 1
    assert "a mere slip" not in page
    assert "分歧所揭示的缺漏" in client.get("/guideline/12?lang=zh").text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_words(language: str) -> None:
    """And every text is there in both languages, with the same values."""
    assert all(texts(language)(f"reason {reason}") for reason in REASONS)
    assert DISPUTES[language].keys() == DISPUTES["en"].keys()
    for name, text in DISPUTES[language].items():
        assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", DISPUTES["en"][name])
