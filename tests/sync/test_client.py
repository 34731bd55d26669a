"""The client against a real Label Studio: tokens, paging, counting, annotating."""

from datetime import UTC, datetime

import httpx
import pytest

from labelloop.errors import NotFound, UserError
from sync.api.client import LabelStudio
from sync.api.wire import WireProject
from tests.sync.conftest import choice
from workers.demo.accounts import create_annotator
from workers.local.label_studio import RunningLabelStudio

TEXTS = ["nul \x00 in it", "😀 emoji 👩‍👩‍👧", "مرحبا שלום", "x" * 100_000, "same", "same"]


def texts(*some: str) -> list[dict[str, object]]:
    return [{"data": {"text": text}} for text in some]


def test_a_legacy_token_works(client: LabelStudio, label_studio: RunningLabelStudio) -> None:
    """The administrator's legacy token is taken, and the version is the one we are made for."""
    assert client.whoami().email == label_studio.email
    assert client.version() == "1.23.2"


def test_a_personal_access_token_works_and_is_renewed(label_studio: RunningLabelStudio) -> None:
    """A refresh token is exchanged for access tokens without anybody noticing; once it is revoked, we say so."""
    person = create_annotator(label_studio.url, label_studio.token, 731)
    legacy = {"Authorization": f"Token {person.token}"}
    token = httpx.post(f"{label_studio.url}/api/token/", json={}, headers=legacy).raise_for_status().json()["token"]
    with LabelStudio(label_studio.url, token) as client:
        assert client.whoami().email == person.email
        assert client.projects() is not None

    revoke = httpx.post(f"{label_studio.url}/api/token/blacklist/", json={"refresh": token}, headers=legacy)
    revoke.raise_for_status()
    with LabelStudio(label_studio.url, token) as client, pytest.raises(UserError, match="personal access token"):
        client.whoami()


def test_a_dead_token_says_what_to_do(label_studio: RunningLabelStudio) -> None:
    """Whoever runs us is told where to make a new token."""
    with LabelStudio(label_studio.url, "0" * 40) as client, pytest.raises(UserError, match="Account & Settings"):
        client.whoami()


def test_a_project_that_is_not_there_is_not_found(client: LabelStudio) -> None:
    """Every call on a missing project says so instead of returning nothing."""
    for call in (
        client.project,
        client.counts,
        client.task_ids,
        client.next_task,
        lambda n: list(client.task_pages(n)),
    ):
        with pytest.raises(NotFound, match="project's number"):
            call(999_999)


def test_an_empty_project_has_nothing(client: LabelStudio, project: WireProject) -> None:
    """No tasks are no error."""
    assert list(client.task_pages(project.id)) == []
    assert client.task_ids(project.id) == set()
    assert client.counts(project.id) == (0, 0)
    assert client.next_task(project.id) is None
    assert client.model_versions(project.id) == {}
    assert client.import_tasks(project.id, []) == []


def test_any_text_comes_back_as_it_went(client: LabelStudio, project: WireProject) -> None:
    """NUL, emoji, right-to-left, 100 kB and duplicates are kept, in the order of their import."""
    ids = client.import_tasks(project.id, texts(*TEXTS))
    (page,) = client.task_pages(project.id)
    assert [task.id for task in page] == ids
    assert [task.data["text"] for task in page] == TEXTS


@pytest.mark.parametrize("page_size", [1, 2, 3, 5, 500])
def test_pages_hold_every_task_once(client: LabelStudio, project: WireProject, page_size: int) -> None:
    """Whatever the size of a page, full last pages included."""
    ids = client.import_tasks(project.id, texts("a", "b", "c", "d", "e"))
    pages = list(client.task_pages(project.id, page_size=page_size))
    assert [task.id for page in pages for task in page] == ids
    assert all(pages)


def test_a_deletion_between_two_pages_hides_no_task(client: LabelStudio, project: WireProject) -> None:
    """Pages start after an id, so nothing moves into a page that was read already."""
    ids = client.import_tasks(project.id, texts("a", "b", "c", "d", "e"))
    seen = []
    for page in client.task_pages(project.id, page_size=2):
        seen += [task.id for task in page]
        client.sdk.tasks.delete(page[0].id)
    assert seen == ids


def test_more_tasks_than_one_batch_are_imported(client: LabelStudio, project: WireProject) -> None:
    """Batches are invisible to the caller."""
    ids = client.import_tasks(project.id, texts(*(str(n) for n in range(1001))))
    assert len(set(ids)) == 1001
    assert client.task_ids(project.id) == set(ids)
    assert client.counts(project.id) == (1001, 0)


def test_a_task_without_the_shown_key_is_refused_in_label_studios_words(
    client: LabelStudio, project: WireProject
) -> None:
    """The server's reason reaches the user."""
    with pytest.raises(UserError, match='"text" key is expected'):
        client.import_tasks(project.id, [{"data": {"other": "x"}}])


def test_an_annotation_and_a_skip_are_stored_as_given(client: LabelStudio, project: WireProject) -> None:
    """What simulated people submit is what Label Studio then holds."""
    one, two = client.import_tasks(project.id, texts("a", "b"))
    made = client.annotate(one, [choice("good")], lead_time=2.5)
    skipped = client.annotate(two, [], was_cancelled=True)
    assert (made.annotator_id, made.lead_time, made.was_cancelled) == (client.whoami().id, 2.5, False)
    assert skipped.was_cancelled
    assert client.counts(project.id)[0] == 2


def test_only_what_changed_since_is_given(client: LabelStudio, project: WireProject) -> None:
    """The moment itself is included, in any time zone."""
    one, two = client.import_tasks(project.id, texts("a", "b"))
    client.annotate(two, [choice("good")])
    (page,) = client.task_pages(project.id)
    latest = max(task.updated_at for task in page)
    assert [[task.id for task in page] for page in client.task_pages(project.id, since=latest)] == [[two]]
    assert list(client.task_pages(project.id, since=datetime(2999, 1, 1, tzinfo=UTC))) == []
    assert one in client.task_ids(project.id)
