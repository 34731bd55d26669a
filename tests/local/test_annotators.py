"""Simulated people work in Label Studio as themselves, and say what real raters said."""

import stat
from collections.abc import Iterator

import pytest

from labelloop.domain.tasks import Origin
from labelloop.domain.values import Choice
from labelloop.errors import UserError
from sync.api.client import LabelStudio
from sync.api.wire import WireTask
from sync.codecs.region_codec import from_regions, origin, to_regions
from sync.config.label_config import parse
from workers.demo.accounts import Annotator, annotators, create_annotator
from workers.demo.annotators import SimulatedAnnotator, lead_time, opinion
from workers.demo.demo_project import prepare_project
from workers.demo.example import DemoText, Example
from workers.demo.messages import MESSAGES
from workers.demo.tweets import LABELS, TWEETS
from workers.local.label_studio import RunningLabelStudio

# Three raters who never agree, so that every opinion tells whose it is.
RATED = [DemoText(f"tweet-{n}", f"text {n} 🙂 文字", LABELS) for n in range(8)]
BY_TEXT = {rated.text: rated for rated in RATED}
SENTIMENT = parse(TWEETS.label_config).fields[0]


@pytest.fixture
def admin(label_studio: RunningLabelStudio) -> Iterator[LabelStudio]:
    """Yield the administrator's client."""
    with LabelStudio(label_studio.url, label_studio.token) as client:
        yield client


@pytest.fixture
def project(admin: LabelStudio) -> Iterator[int]:
    """Yield the demo's project with six of the tweets, two people to each task; it is deleted afterwards."""
    project_id = prepare_project(admin, TWEETS, RATED, 6)
    admin.update_project(project_id, maximum_annotations=2, sampling="Uncertainty sampling")
    yield project_id
    admin.sdk.projects.delete(project_id)


def tasks_of(client: LabelStudio, project_id: int) -> list[WireTask]:
    return [task for page in client.task_pages(project_id) for task in page]


def test_the_project_is_found_again_and_grows(admin: LabelStudio, project: int) -> None:
    """Preparing twice makes one project and no doubles; a larger number only adds tasks."""
    assert prepare_project(admin, TWEETS, RATED, 6) == project
    assert prepare_project(admin, TWEETS, RATED, 7) == project

    ids = [task.data["text"] for task in tasks_of(admin, project)]
    assert len(ids) == len(set(ids)) == 7


def test_two_simulated_people_label_every_task_as_themselves(
    admin: LabelStudio, project: int, people: list[Annotator], label_studio: RunningLabelStudio
) -> None:
    """Each gets each task once from the queue, answers by their own account, and gives another rater's opinion."""
    clients = [LabelStudio(label_studio.url, person.token) for person in people]
    at_work = [
        SimulatedAnnotator(person, client, project, SENTIMENT, BY_TEXT)
        for person, client in zip(people, clients, strict=True)
    ]
    while sum(person.label_one() for person in at_work):
        pass
    users = [client.whoami() for client in clients]
    for client in clients:
        client.close()

    assert [user.email for user in users] == ["simulated1@example.com", "simulated2@example.com"]
    for task in tasks_of(admin, project):
        tweet = BY_TEXT[str(task.data["text"])]
        said = {a.annotator_id: from_regions(SENTIMENT, a.regions) for a in task.annotations}
        assert said == {user.id: Choice(opinion(tweet, n)) for n, user in enumerate(users, 1)}
        assert len(set(said.values())) == 2
        assert {a.lead_time for a in task.annotations} == {lead_time(tweet, 1), lead_time(tweet, 2)}


def test_a_pre_annotation_is_accepted_or_corrected_but_never_believed(
    admin: LabelStudio, project: int, people: list[Annotator], label_studio: RunningLabelStudio
) -> None:
    """The opinion is the rater's; what the screen would record of the pre-annotation is recorded."""
    rows = [
        {"task": task.id, "result": to_regions(SENTIMENT, Choice("neutral")), "score": 0.5, "model_version": "v1"}
        for task in tasks_of(admin, project)[1:]
    ]
    blind = tasks_of(admin, project)[0].id
    admin.import_predictions(project, [*rows, {"task": blind, "result": [], "score": 0.1, "model_version": "v1"}])
    admin.update_project(project, model_version="v1")

    with LabelStudio(label_studio.url, people[0].token) as client:
        person = SimulatedAnnotator(people[0], client, project, SENTIMENT, BY_TEXT)
        while person.label_one():
            pass

    for task in tasks_of(admin, project):
        (annotation,) = task.annotations
        rater = opinion(BY_TEXT[str(task.data["text"])], 1)
        accepted = Origin.ACCEPTED if rater == "neutral" else Origin.CORRECTED
        assert from_regions(SENTIMENT, annotation.regions) == Choice(rater)
        assert annotation.parent_prediction is not None
        assert origin(SENTIMENT, annotation) == (Origin.MANUAL if task.id == blind else accepted)


def test_accounts_are_made_once_and_kept_from_others(
    people: list[Annotator], label_studio: RunningLabelStudio, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Going on with a demo uses the same accounts; their file is for its owner only; a lost file is said plainly."""
    kept = next(tmp_path_factory.getbasetemp().glob("people*/a.json"))

    assert annotators(kept, label_studio.url, label_studio.token, 2) == people
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with pytest.raises(UserError, match="has an account in this Label Studio already"):
        create_annotator(label_studio.url, label_studio.token, 1)


def test_opinions_are_drawn_from_all_raters() -> None:
    """No annotator stands for the same place in the list at every tweet."""
    tweets = [DemoText(f"tweet-{n}", "", tuple(map(str, range(20)))) for n in range(400)]

    assert len({opinion(tweet, 1) for tweet in tweets}) == 20
    assert all(opinion(tweet, 1) != opinion(tweet, 2) for tweet in tweets)


@pytest.mark.parametrize("example", [MESSAGES, TWEETS], ids=lambda example: example.name)
def test_an_example_asks_for_one_of_its_labels(example: Example) -> None:
    """The configuration is a required single choice among the labels."""
    (field,) = parse(example.label_config).fields
    assert (field.name, field.labels) == (example.field, example.labels)
