"""Wiring a project of a real Label Studio, taking it off again, and what the doctor says of it."""

import httpx
import pytest

from labelloop.domain.queue import QueueItem
from labelloop.domain.schema import Field
from labelloop.errors import NothingToLearn, UserError
from labelloop.finding import Level
from sync.api.api_errors import SSRF_ADVICE
from sync.api.client import LabelStudio
from sync.api.wire import WireProject, WireWebhook
from sync.check_wiring import check_wiring
from sync.push import push
from sync.wire_project import unwire, wire
from sync.wiring import ACTIONS, TITLE, Wiring
from tests.sync.conftest import CONFIG, choice
from tests.sync.stub_backend import PASSWORD, USER, StubBackend
from workers.local.label_studio import RunningLabelStudio

SETTINGS = (
    "show_collab_predictions",
    "sampling",
    "min_annotations_to_start_training",
    "maximum_annotations",
    "model_version",
)


@pytest.fixture
def wiring(backend: StubBackend) -> Wiring:
    """Return the wiring to the stub."""
    return Wiring(f"{backend.url}/", USER, PASSWORD, "s3cret")


def settings(client: LabelStudio, project: WireProject) -> dict[str, object]:
    now = client.project(project.id)
    return {name: getattr(now, name) for name in SETTINGS}


def problems(client: LabelStudio, project: WireProject, wiring: Wiring, version: str | None = None) -> list[str]:
    return [finding.what for finding in check_wiring(client, project.id, wiring, model_version=version)]


def test_a_connected_project_is_wired_as_the_loop_needs_it(
    client: LabelStudio, project: WireProject, wiring: Wiring, backend: StubBackend
) -> None:
    """One backend, one webhook with the secret, no automatic one, the queue's sampling, no live predictions."""
    client.update_project(project.id, maximum_annotations=3, min_annotations_to_start_training=5)

    wired = wire(client, project.id, wiring)

    (made,) = client.backends(project.id)
    assert (made.id, made.url, made.title, made.state) == (wired.backend_id, backend.url, TITLE, "CO")
    assert (made.auth_method, made.basic_auth_user) == ("BASIC_AUTH", USER)
    (webhook,) = client.webhooks(project.id)
    assert (webhook.id, webhook.url) == (wired.webhook_id, f"{backend.url}/webhook/{project.id}")
    assert webhook.headers == {"X-LabelLoop-Secret": "s3cret"}
    assert set(webhook.actions) == set(ACTIONS)
    assert settings(client, project) == {
        "show_collab_predictions": True,
        "sampling": "Uncertainty sampling",
        "min_annotations_to_start_training": 0,
        "maximum_annotations": 1,
        "model_version": "",
    }
    assert check_wiring(client, project.id, wiring, model_version=None) == []


def test_the_doorbell_rings_without_content(
    client: LabelStudio, project: WireProject, wiring: Wiring, backend: StubBackend
) -> None:
    """The address says which project, the header that it is Label Studio; the body has no task and no token."""
    wire(client, project.id, wiring)
    backend.rung.clear()
    (task,) = client.import_tasks(project.id, [{"data": {"text": "private"}}])
    client.annotate(task, [choice("good")])
    client.sdk.tasks.delete(task)
    path = f"/webhook/{project.id}"
    assert backend.rung == [
        (path, "s3cret", {"action": action}) for action in ("TASKS_CREATED", "ANNOTATION_CREATED", "TASKS_DELETED")
    ]


def test_connecting_again_changes_nothing(client: LabelStudio, project: WireProject, wiring: Wiring) -> None:
    """Not the ids, not the settings, not the published version."""
    wired = wire(client, project.id, wiring)
    before = client.webhooks(project.id), settings(client, project)
    assert wire(client, project.id, wiring) == wired
    assert (client.webhooks(project.id), settings(client, project)) == before


def test_connecting_again_repairs(
    client: LabelStudio, project: WireProject, field: Field, wiring: Wiring, backend: StubBackend
) -> None:
    """Whatever somebody changed meanwhile is put right, and the published version survives."""
    wired = wire(client, project.id, wiring)
    ids = client.import_tasks(project.id, [{"data": {"text": "a"}}])
    push(client, project.id, CONFIG, [field], "v3", [QueueItem(ids[0], 0.0)])
    client.update_project(project.id, sampling="Sequential sampling")
    client.update_webhook(
        wired.webhook_id, url=f"{backend.url}/webhook/{project.id}", headers={}, actions=["TASKS_CREATED"]
    )
    client.add_webhook(project.id, url=f"{backend.url}/webhook", headers={}, actions=ACTIONS)
    assert len(problems(client, project, wiring, "v3")) == 3

    assert wire(client, project.id, wiring) == wired

    assert problems(client, project, wiring, "v3") == []
    assert client.project(project.id).model_version == "v3"


def test_an_address_that_label_studio_takes_for_no_address_is_explained(
    client: LabelStudio, project: WireProject
) -> None:
    """Its webhooks want a host with a dot; it would only say "Enter a valid URL"."""
    with pytest.raises(UserError, match="has no dot"):
        wire(client, project.id, Wiring("http://ml-backend:9090", USER, PASSWORD, "s3cret"))


def test_a_backend_that_moved_is_found_by_its_title(client: LabelStudio, project: WireProject, wiring: Wiring) -> None:
    """A new address replaces the old one instead of being a second backend, and the old doorbell goes with it."""
    wired = wire(client, project.id, wiring)
    with StubBackend() as elsewhere:
        moved = Wiring(elsewhere.url, USER, PASSWORD, "s3cret")
        assert "but the ML backend is at" in problems(client, project, moved)[0]
        assert wire(client, project.id, moved) == wired
        assert problems(client, project, moved) == []
        assert len(client.webhooks(project.id)) == 1


def test_what_was_labelled_keeps_its_number_of_people(
    client: LabelStudio, project: WireProject, wiring: Wiring
) -> None:
    """Only a project that nobody has begun gets one person for each task."""
    (task,) = client.import_tasks(project.id, [{"data": {"text": "a"}}])
    client.update_project(project.id, maximum_annotations=2)
    client.annotate(task, [choice("good")])
    wire(client, project.id, wiring)
    assert client.project(project.id).maximum_annotations == 2


@pytest.mark.parametrize("step", ["add_webhook", "update_project"])
def test_a_failure_leaves_the_project_as_it_was(
    client: LabelStudio, project: WireProject, field: Field, wiring: Wiring, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whatever the step that failed: settings, version, backends and webhooks are those from before."""
    ids = client.import_tasks(project.id, [{"data": {"text": "a"}}])
    push(client, project.id, CONFIG, [field], "old", [QueueItem(ids[0], 0.0)])
    client.update_project(project.id, sampling="Uniform sampling", maximum_annotations=4)
    before = settings(client, project)
    sound = client.update_project

    def fail(*_: object, **changes: object) -> WireProject:
        if changes.get("sampling") == "Uniform sampling":
            return sound(project.id, **changes)
        if step == "update_project":
            sound(project.id, **changes)
        raise UserError("the step failed")

    monkeypatch.setattr(client, step, fail)
    with pytest.raises(UserError, match="the step failed"):
        wire(client, project.id, wiring)

    assert settings(client, project) == before
    assert client.backends(project.id) == []
    assert client.webhooks(project.id) == []


def test_a_zombie_backend_is_removed(
    client: LabelStudio, project: WireProject, wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one of its two switches set, Label Studio refuses the backend with 403 and keeps its row all the same."""
    sound = client.add_backend

    def half(project_id: int, *, url: str, title: str, user: str, password: str) -> None:
        sound(project_id, url=url, title=title, user=user, password=password)
        raise UserError(SSRF_ADVICE)

    monkeypatch.setattr(client, "add_backend", half)
    with pytest.raises(UserError, match="LABEL_STUDIO_SSRF_PROTECTION_ENABLED"):
        wire(client, project.id, wiring)
    assert client.backends(project.id) == []
    assert client.webhooks(project.id) == []
    assert client.project(project.id).model_version == ""


def test_a_backend_that_does_not_answer_or_knows_another_password_is_not_connected(
    client: LabelStudio, project: WireProject, backend: StubBackend
) -> None:
    """Label Studio tries it first, and its words reach the user."""
    with pytest.raises(UserError, match="authentication parameters"):
        wire(client, project.id, Wiring(backend.url, USER, "wrong", "s"))
    with pytest.raises(UserError, match="Can't connect to ML backend"):
        wire(client, project.id, Wiring("http://127.0.0.1:9", USER, PASSWORD, "s"))
    assert client.backends(project.id) == []


def test_a_backend_without_a_password_is_connected_without_one(client: LabelStudio, project: WireProject) -> None:
    """On loopback, to try things out: Label Studio itself fails on an empty password."""
    with StubBackend(password="") as backend:
        wiring = Wiring(backend.url, USER, "", "")
        assert wire(client, project.id, wiring) == wire(client, project.id, wiring)
        assert problems(client, project, wiring) == []


def test_a_second_backend_is_refused(client: LabelStudio, project: WireProject, wiring: Wiring) -> None:
    """Label Studio only asks the first; whose it is and how to remove it is said, and nothing was changed."""
    before = settings(client, project)
    with StubBackend() as other:
        client.add_backend(project.id, url=other.url, title="Old model", user=USER, password=PASSWORD)
        with pytest.raises(UserError, match=rf"Old model \({other.url}\).*Settings > Model"):
            wire(client, project.id, wiring)
        assert [backend.title for backend in client.backends(project.id)] == ["Old model"]
        assert "Another ML backend is connected" in " ".join(problems(client, project, wiring))
    assert settings(client, project) == {**before, "model_version": "Old model"}


def test_nothing_learnable_is_refused(client: LabelStudio, wiring: Wiring) -> None:
    """The reasons are those of the configuration's controls."""
    config = '<View><Text name="t" value="$t"/><Ranker name="order" toName="t"/></View>'
    project = client.create_project("nothing to learn", config)
    with pytest.raises(NothingToLearn, match="order: a Ranker puts the items of a List in order"):
        wire(client, project.id, wiring)
    assert any("order: a Ranker" in problem for problem in problems(client, project, wiring))
    client.sdk.projects.delete(project.id)


def test_disconnecting_removes_what_connecting_made(client: LabelStudio, project: WireProject, wiring: Wiring) -> None:
    """Other people's webhooks stay; a second time does nothing."""
    wire(client, project.id, wiring)
    other = client.add_webhook(project.id, url="http://127.0.0.1:9/other", headers={}, actions=ACTIONS)
    for _ in range(2):
        unwire(client, project.id, wiring)
        assert client.backends(project.id) == []
        assert client.webhooks(project.id) == [other]


def test_the_doctor_finds_what_is_out_of_step(client: LabelStudio, project: WireProject, wiring: Wiring) -> None:
    """Each finding names the problem; all of them at once, none of them raised."""
    assert [
        "not connected" in problem or "webhook is missing" in problem for problem in problems(client, project, wiring)
    ].count(True) == 2
    wire(client, project.id, wiring)
    client.update_project(
        project.id, sampling="Sequential sampling", show_collab_predictions=False, min_annotations_to_start_training=1
    )
    said = " | ".join(problems(client, project, wiring, "v7.2"))
    for words in ("handed out by Sequential", "not shown pre-annotations", "starts training", "(none), but v7.2"):
        assert words in said
    client.update_project(project.id, show_collab_predictions=True)
    client.update_project(project.id, model_version=TITLE)
    assert "shows live predictions" in " | ".join(problems(client, project, wiring, "v7.2"))


def test_the_doctor_notices_a_dead_backend_and_a_silent_webhook(
    client: LabelStudio, project: WireProject, label_studio: RunningLabelStudio
) -> None:
    """A backend that stopped, a webhook that somebody switched off, each with advice."""
    with StubBackend() as backend:
        wiring = Wiring(backend.url, USER, PASSWORD, "s")
        wired = wire(client, project.id, wiring)
    httpx.patch(
        f"{label_studio.url}/api/webhooks/{wired.webhook_id}/",
        json={"is_active": False},
        headers={"Authorization": f"Token {label_studio.token}"},
    ).raise_for_status()
    dead, silent = check_wiring(client, project.id, wiring, model_version=None)
    assert "cannot use the ML backend" in dead.what
    assert silent.what == "The webhook is switched off."
    assert {finding.level for finding in (dead, silent)} == {Level.FAULT}


def test_connecting_names_the_switches(
    client: LabelStudio, project: WireProject, wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A webhook whose address Label Studio would refuse is silent; saving it unchanged brings that to light."""
    wired = wire(client, project.id, wiring)
    saved: list[int] = []

    def refuse(webhook_id: int, **_: object) -> WireWebhook:
        saved.append(webhook_id)
        raise UserError(f"URL resolves to a reserved network address. {SSRF_ADVICE}")

    monkeypatch.setattr(client, "update_webhook", refuse)
    with pytest.raises(UserError, match="LABEL_STUDIO_SSRF_PROTECTION_ENABLED"):
        wire(client, project.id, wiring)
    assert saved == [wired.webhook_id]
    assert problems(client, project, wiring) == []


def test_the_doctor_says_when_label_studio_cannot_be_asked(label_studio: RunningLabelStudio, wiring: Wiring) -> None:
    """Nobody there, a dead token, a missing project: one finding each, with advice."""
    for url, token, words in (
        ("http://127.0.0.1:9", "t", "Is it running"),
        (label_studio.url, "dead", "Personal Access Token"),
        (label_studio.url, label_studio.token, "labelloop disconnect 999999"),
    ):
        with LabelStudio(url, token, attempts=1) as client:
            (finding,) = check_wiring(client, 999_999, wiring, model_version=None)
        assert finding.level is Level.FAULT
        assert words in finding.advice


def test_the_doctor_warns_of_another_version(
    client: LabelStudio, project: WireProject, wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not tried may still work, so it is a warning."""
    wire(client, project.id, wiring)
    monkeypatch.setattr(client, "version", lambda: "1.30.0")
    (finding,) = check_wiring(client, project.id, wiring, model_version=None)
    assert finding.level is Level.WARN
    assert "1.30.0" in finding.what


def test_secrets_are_not_shown(wiring: Wiring) -> None:
    """A Wiring in a log or a traceback gives nothing away."""
    assert PASSWORD not in repr(wiring)
    assert "s3cret" not in repr(wiring)
