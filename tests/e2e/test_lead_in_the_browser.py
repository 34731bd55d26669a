"""A lead's whole way in the browser, on the real thing: from a project of Label Studio to a file of released labels."""

import csv
import itertools
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from labelloop.domain.next_step import Phase
from labelloop.domain.records import Fit
from labelloop.domain.release_row import ReleaseRow, Source
from labelloop.domain.tasks import Role, Task
from labelloop.steps.predict_tasks import answer
from labelloop.stores.release_files import RELEASE_FILE, read_release
from sync.api.client import LabelStudio
from tests.core.opened_project import OpenedProject
from tests.e2e.lead import PATIENCE_MS, Lead, logged_in
from tests.e2e.world import CONFIG, TRUTH, World, has_content, of_role, settled
from tests.pages.every_page import PARTS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TITLE = "Lead in the browser"
ROUND_SIZE, DRAWN = 10, 20
SAID = {f"{text}!": mood for text, mood in TRUTH.items()}
"""Texts of its own: what an LLM once said of a text is remembered, whoever asks next."""
OTHER = {"happy": "angry", "angry": "happy"}
NOTE = "Does thanks count, where it is meant the other way?"
RULE = "What is said counts, not what may be meant. 以字面为准。"


class Opinions:
    """What people say: the truth, but for one task that two are given, of which the second says the opposite."""

    def __init__(self) -> None:
        self.said: defaultdict[str, list[str]] = defaultdict(list)
        self.disputed = ""

    def __call__(self, _: LabelStudio, text: str) -> str:
        """Say what somebody thinks of a text, and remember it."""
        if self.said[text] and not self.disputed:
            self.disputed = text
        label = OTHER[SAID[text]] if text == self.disputed else SAID[text]
        self.said[text].append(label)
        return label


def test_a_lead_takes_a_project_from_its_connection_to_a_released_file(
    world: World, browser: "Browser", tmp_path: Path
) -> None:
    """Every step of theirs in Chromium, with their own account; people label meanwhile, and no page complains."""
    people = Opinions()
    with logged_in(browser, world.services, tmp_path) as lead:
        view = connects(world, lead)
        sees_rounds_close(world, lead, view, people)
        lets_another_version_serve_and_goes_back(world, lead, view)
        settles_a_dispute(lead, people)
        edits_the_guideline(lead)
        certifies(world, lead, view, people)
        rows = releases(world, lead, view, people)
        assert lead.look_around(every_page(view)) == []
        assert lead.complaints == []
        assert lead.hosts == {urlsplit(world.services.settings.pages_address).netloc}
    assert_is_what_was_said(world, view, rows, people)


def every_page(view: OpenedProject) -> list[str]:
    """Return the paths of the pages, of the project and of the whole."""
    of_project = [f"/projects/{view.id}{part}" for part in PARTS]
    return ["/projects", "/connect", f"/connect/{view.id}", "/system", *of_project, f"/guideline/{view.id}"]


def connects(world: World, lead: Lead) -> OpenedProject:
    """Choose the project, see what becomes of it, connect it, and let it have one quick learner."""
    world.leave()
    studio = world.context.label_studio
    project = studio.create_project(TITLE, CONFIG).id
    studio.import_tasks(project, [{"data": {"text": text}} for text in SAID])
    lead.go("Connect a project")
    lead.page.click(f"a[href$='/connect/{project}']")
    lead.page.fill("[name=round_size]", str(ROUND_SIZE))
    lead.keep("what becomes of it")
    lead.press("Connect", "is connected")
    view = world.view(project)
    world.first_queue(view)
    lead.go("Rules")
    lead.page.fill("[name=rule-learners]", "linear")
    lead.page.click("main form button.main")
    lead.press("Yes, do it", "The rules are changed")
    return view


def sees_rounds_close(world: World, lead: Lead, view: OpenedProject, people: Opinions) -> None:
    """Keep the page of the project open while people label: it follows by itself."""
    lead.go("Overview")
    lead.page.evaluate("window.opened = 'once'")
    for number in (1, 2):
        world.label_until_round(view, number, says=people)
        lead.page.get_by_text(f"Towards round {number + 1}").wait_for(timeout=PATIENCE_MS)
        lead.keep(f"round {number} has closed")
        world.wait(lambda: settled(view), f"the model of round {number}")
        lead.page.get_by_text(f"Model {view.state.deployed_versions}:").wait_for(timeout=PATIENCE_MS)
        lead.keep(f"its model {number}")
    assert lead.page.evaluate("window.opened") == "once", "it was not loaded again"


def lets_another_version_serve_and_goes_back(world: World, lead: Lead, view: OpenedProject) -> None:
    """What annotators are shown before they answer follows."""
    lead.go("Versions")
    served = view.state.deployed_versions
    *_, other = (version for version in view.ledger.versions(view.id) if version != served)
    assert is_shown(world, view, served)
    lead.press(f"Let it serve: {other}", "Yes, do it")
    lead.press("Yes, do it", f"{other} serves from now on")
    world.wait(lambda: settled(view) and is_shown(world, view, other), f"{other} in Label Studio")
    lead.press("Roll back", "Yes, do it")
    lead.press("Yes, do it", f"{served} serves from now on")
    world.wait(lambda: settled(view) and is_shown(world, view, served), f"{served} in Label Studio again")


def is_shown(world: World, view: OpenedProject, version: str) -> bool:
    """Return whether people are shown the answers of a version alone."""
    return {name.split(".")[0] for name in shown_to_people(world, view)} == {version}


def shown_to_people(world: World, view: OpenedProject) -> set[str]:
    """Return whose pre-annotations Label Studio shows on the tasks that nobody has labelled."""
    studio = world.context.label_studio
    name = studio.project(view.id).model_version
    return {
        one.model_version or ""
        for page in studio.task_pages(view.id)
        for task in page
        for one in task.predictions
        if not task.annotations and one.model_version == name and has_content(view, one.result)
    }


def settles_a_dispute(lead: Lead, people: Opinions) -> None:
    """Say that the guideline leaves the task open, and find it on the page of the guideline."""
    assert people.disputed, "two people have judged the same task"
    lead.go("Disputes")
    dispute = lead.page.locator("article.dispute", has_text=people.disputed)
    dispute.locator("[name=reason]").select_option("gap in the guideline")
    dispute.locator("[name=note]").fill(NOTE)
    dispute.get_by_role("button").click()
    lead.page.locator(".done").wait_for()
    lead.keep("decided")
    lead.go("Guideline")
    gap = lead.page.locator("article.gap").inner_text()
    assert people.disputed in gap
    assert NOTE in gap
    assert all(label in gap for label in OTHER)


def edits_the_guideline(lead: Lead) -> None:
    """Close the gap in words; they are the guideline from then on."""
    lead.page.get_by_text("Edit", exact=True).click()
    text = lead.page.input_value("[name=text]")
    lead.page.fill("[name=text]", f"{text}\n{RULE}")
    lead.press("Make this the current one", RULE)
    assert RULE in lead.page.inner_text("#current")


def certifies(world: World, lead: Lead, view: OpenedProject, people: Opinions) -> None:
    """Look at the plan, have tasks drawn, and find the certificate when people have labelled them blind."""
    lead.go("Release")
    lead.go("Plan a certificate")
    lead.page.fill("[name=max_error]", "20")
    lead.page.fill("[name=n]", str(DRAWN))
    lead.page.get_by_role("button", name="Show the plan").click()
    start = lead.page.get_by_role("button", name="Freeze the model and draw the tasks")
    start.wait_for(timeout=PATIENCE_MS)
    lead.keep("plan")
    assert lead.look_around([lead.page.url.partition(world.services.settings.pages_address)[2]]) == []
    if lead.page.locator("[name=anyway]").count():
        lead.page.check("[name=anyway]")
    start.click()
    lead.page.get_by_text(f"{DRAWN} tasks are drawn").wait_for()
    lead.keep("drawn")
    drawn = of_role(view, Role.CERTIFY)
    assert len(drawn) == DRAWN
    world.wait(lambda: settled(view), "the blind queue")
    done = [world.label(view, person, people) for person in itertools.islice(itertools.cycle(world.people), DRAWN)]
    assert {task.id for task in done if task} == drawn
    certificate = lead.page.locator("section.field", has_text="Attempt 1")
    certificate.get_by_text("granted", exact=True).wait_for(timeout=PATIENCE_MS)
    lead.keep("granted")
    curve = list(csv.DictReader(lead.take("Download as CSV").decode("utf-8-sig").splitlines()))
    assert int(curve[-1]["tasks"]) == DRAWN


def releases(world: World, lead: Lead, view: OpenedProject, people: Opinions) -> list[ReleaseRow]:
    """Order the release, let people label what the model leaves to them, and take a file of it along."""
    lead.go("Release under the certificate")
    lead.press("Yes, do it", "The release is ordered")
    world.wait(
        lambda: view.state.phase is Phase.ROUNDS or (not view.state.looped.missing_chunks and settled(view)),
        "the predictions",
    )
    waiting, done = set(view.state.waiting), set[int]()
    for person in itertools.islice(itertools.cycle(world.people), 4 * len(waiting)):
        if done < waiting and (task := world.label(view, person, people)):
            done.add(task.id)
    lead.page.get_by_role("link", name=RELEASE_FILE).wait_for(timeout=PATIENCE_MS)
    lead.keep("released")
    return read_release(lead.take(RELEASE_FILE))


def assert_is_what_was_said(world: World, view: OpenedProject, rows: list[ReleaseRow], people: Opinions) -> None:
    """Assert that each row is what people said of its text, or what the certified version says of it."""
    by_model = {row.task_id: row for row in rows if row.source is Source.MODEL}
    by_people = [row for row in rows if row.source is Source.PEOPLE]
    (version,) = {row.version for row in by_model.values()}
    (fit,) = (one for one in view.ledger.all(Fit, view.id) if one.version == version)
    asked = [Task(row.task_id, row.text) for row in by_model.values()]
    again = answer(view.book, fit, asked, context=world.context.models)

    assert version == view.state.deployed_versions
    assert {id_: given.value for id_, given in again.items()} == {id_: row.value for id_, row in by_model.items()}
    assert {row.text for row in by_people} == {text for text, said in people.said.items() if len(set(said)) == 1}
    assert all({str(row.value)} == set(people.said[row.text]) for row in by_people)
    assert {row.text for row in rows} == set(SAID) - {people.disputed}
