"""The page that compares two versions: by how much, on which tasks, and what is known of each."""

import re

import numpy as np
import pytest
from flask.testing import FlaskClient

from labelloop.domain.lookup import newest
from labelloop.domain.records import Fit
from labelloop.state.load import load
from labelloop.stats.agreement import paired_difference
from labelloop.steps.compare_versions import compare_versions
from labelloop.steps.evaluate import agreement_by_task
from tests.pages.world import NOON, World

COMPARED = "/projects/12/versions/compare?version=v1&version=v2"


def said(right: set[int], tasks: int = 40) -> dict[int, tuple[str, ...]]:
    """Return what a version says that is right on these of so many audit tasks, and what two people do, who agree."""
    return {5 * n: ("Good" if n in right else "Bad", "Good", "Good") for n in range(1, tasks + 1)}


@pytest.fixture
def two(world: World) -> World:
    """Return a project in which v1 serves, wrong on 2 of 40 tasks, and v2, with 10 off, was measured beside it."""
    world.connect(tasks=200)
    world.audited(12, said(set(range(3, 41))))
    world.fitted(12, said(set(range(1, 31))), number=1, version="v2", learner="contrastive")
    return world


def cells(page: str, after: str) -> list[list[str]]:
    """Return the rows of the table that comes after these words, as text."""
    table = page.partition(after)[2].partition("</table>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    found = [re.findall(r"<t[hd](?: [^>]*)?>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in found]


def test_the_difference_is_that_of_the_promotion_rule(client: FlaskClient, two: World) -> None:
    """Paired on the tasks that both were measured on, with its interval and its standard error."""
    state = load(two.book, 12)
    measured = [newest(state.looped.evaluations, version=version) for version in ("v1", "v2")]
    columns = [agreement_by_task(two.book, one) for one in measured if one]
    expected = paired_difference(*(np.array([column[id_] for id_ in columns[0]]) for column in columns))
    found = compare_versions(two.book, state, "v1", "v2")
    assert found.difference == expected
    assert (expected.mean, expected.n) == (0.2, 40)
    page = client.get(COMPARED).text
    assert "v1 agrees with people 20.0 points more than v2:" in page
    assert "on 40 audit tasks." in page
    assert f"the standard error is {100 * expected.standard_error:.1f} points" in page
    assert "cannot be told" not in page
    assert (
        "v2 agrees with people 20.0 points less than v1:"
        in client.get("/projects/12/versions/compare?version=v2&version=v1").text
    )


def test_the_tasks_are_listed_on_which_the_two_differ(client: FlaskClient, two: World) -> None:
    """With the text, both answers and people's, who are not named, and a way into Label Studio."""
    page = client.get(COMPARED).text
    rows = cells(page, '<table class="cards tasks">')[1:]
    assert len(rows) == 12
    assert rows[0] == ["#5", "text 5", "Good ×2", "Bad", "Good", "v2"]
    assert [row[5] for row in rows].count("v1") == 10
    assert "On 12 of 40 tasks. v1 is closer to people on 10, v2 on 2." in page
    assert "/projects/12/data?task=5" in page
    assert "Annotator" not in page


def test_each_version_has_what_is_known_of_it(client: FlaskClient, two: World) -> None:
    """Learner, labels, agreement, size on disk, and the round that it was made from."""
    facts = {row[0]: row[1:] for row in cells(client.get(COMPARED).text, '<table class="compared">')}
    assert facts["Learner"] == ["linear", "contrastive"]
    assert facts["Agreement"][0].startswith("95 %")
    assert re.fullmatch(r"0\.0 MB", facts["Size on disk"][0])
    assert [re.sub(r"-\w{12}$", "", one) for one in facts["Made from"]] == ["round-1", "round-1"]
    artifact = load(two.book, 12).version("v2").artifact
    assert 1000 < two.book.artifacts.size(artifact) < 3000


def test_champion_and_challenger_are_marked_and_chosen(client: FlaskClient, two: World) -> None:
    """So that one click compares them; the form leads to the page."""
    page = client.get("/projects/12/versions").text
    assert re.findall(r'value="(v\d)" aria-label="Choose v\d to compare"( checked)?', page) == [
        ("v2", " checked"),
        ("v1", " checked"),
    ]
    chips = dict(re.findall(r'(v\d) <span class="chip (\w+)">', page))
    assert chips == {"v1": "champion", "v2": "challenger"}
    assert 'action="/projects/12/versions/compare"' in page


def test_few_tasks_are_said_and_no_difference(client: FlaskClient, world: World) -> None:
    """Of 19 tasks nothing is claimed."""
    world.connect(tasks=200)
    world.audited(12, said(set(range(1, 20)), 19))
    world.fitted(12, said(set(), 19), number=1, version="v2", learner="contrastive")
    page = client.get(COMPARED).text
    assert "Both were measured on 19 audit tasks: too few to compare." in page
    assert "points more" not in page


def test_versions_of_different_rounds_are_compared_on_common_tasks_with_a_warning(
    client: FlaskClient, world: World
) -> None:
    """People may have changed what they say."""
    world.connect(tasks=300)
    world.audited(12, said(set(range(1, 41))), number=1)
    world.audited(12, said(set(range(1, 51)), 60), number=2)
    page = client.get(COMPARED).text
    assert "never measured after the same round: v1 after round 1, v2 after round 2" in page
    assert "on 40 audit tasks" in page
    assert "They give the same answer to every audit task." in page
    assert "The 95 % interval contains 0" in page


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("version=v1", 400, "Choose two versions of one field"),
        ("", 400, "Choose two versions of one field"),
        ("version=v1&version=v2&version=v1", 400, "Choose two versions of one field"),
        ("version=v1&version=v1", 400, "Choose two different versions"),
        ("version=v1&version=<b>", 400, "&#39;&lt;b&gt;&#39;; there are: v1, v2"),
        ("version=v1&version=v3", 400, "v3 was never measured"),
    ],
)
def test_what_cannot_be_compared_is_said_on_the_page(
    client: FlaskClient, two: World, query: str, status: int, says: str
) -> None:
    """With the versions to choose from below it."""
    if "v3" in query:
        two.record(Fit(12, 1, "finetune", "v3", "", 25, 1.5, created_at=NOON), "fit-v3")
    answer = client.get(f"/projects/12/versions/compare?{query}")
    assert answer.status_code == status
    assert says in answer.text
    assert 'id="v2"' in answer.text


def test_versions_of_two_fields_are_not_compared(client: FlaskClient, world: World) -> None:
    """They answer different questions."""
    world.connect(fields=("mood", "tone"))
    world.round(12, 1, (0.6, 0.7), fields=("mood", "tone"))
    answer = client.get(COMPARED)
    assert answer.status_code == 400
    assert "answer different fields (mood and tone)" in answer.text
    assert " checked" not in client.get("/projects/12/versions").text


def test_the_page_speaks_chinese(client: FlaskClient, two: World) -> None:
    """With its own punctuation."""
    page = client.get(f"{COMPARED}&lang=zh").text
    assert "在 40 个审核任务上，v1 与人的一致率比 v2 高 20.0 个百分点" in page
    assert "40 个任务中有 12 个。v1 更接近人的有 10 个，v2 更接近人的有 2 个。" in page
