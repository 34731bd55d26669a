"""Certify, relabel and release from the pages: workers do the rest, on a Label Studio that is an object."""

import csv
import io

import pytest
from flask.testing import FlaskClient

from labelloop.domain.action_record import Action
from labelloop.domain.next_step import Phase
from labelloop.domain.records import Certificate, CertifyDraw, Release
from labelloop.domain.tasks import Role
from labelloop.steps import label_errors
from ml_backend.pages.page_texts import LANGUAGES, texts
from tests.core.made_up import truth
from tests.local.proc import eventually
from tests.pages.looped import PAGE, actions, do, form_of
from tests.workers import fake_label_studio
from tests.workers.conftest import PROJECT, Site
from workers.jobs.job_status import failed_jobs

WISH = {"max_error": "20", "confidence": "95", "n": "40"}


def phase(here: Site) -> Phase:
    return here.view.state.phase


def planned(beside: FlaskClient, **wish: str) -> str:
    """Return the page once its plan is made."""
    pages: list[str] = []

    def is_there() -> bool:
        pages.append(beside.get(f"{PAGE}/certify", query_string=wish).text)
        return 'data-poll="2"' not in pages[-1]

    assert eventually(is_there)
    return pages[-1]


def start(beside: FlaskClient, **wish: str) -> int:
    form = form_of(planned(beside, **WISH | wish))
    return beside.post(f"{PAGE}/certify", data=form).status_code


def test_certify_label_and_release_from_the_pages(here: Site, beside: FlaskClient) -> None:
    """From the plan to the finished data set, each step asked about first and entered with the lead's name."""
    studio, ledger = here.label_studio, here.view.ledger
    page = planned(beside, **WISH)
    assert "at most 20 % of the pool&#39;s tasks, with probability 95 % or more" in page
    assert ">40<" in page
    assert ledger.all(CertifyDraw, PROJECT) == [], "a plan starts nothing"
    assert beside.post(f"{PAGE}/certify", data=form_of(page)).status_code == 303
    (drawn,) = ledger.all(CertifyDraw, PROJECT)
    assert (drawn.n, drawn.max_error) == (40, 0.2)
    assert "40 tasks are drawn" in beside.get(f"{PAGE}/release").text
    assert phase(here) == Phase.CERTIFY
    frozen = beside.get(f"{PAGE}/certify")
    assert frozen.status_code == 400
    assert "its model is frozen" in frozen.text
    assert "40 of the 40 tasks drawn for the certificate" in beside.get(f"{PAGE}/release").text

    here.work()
    studio.annotate(here.of(Role.CERTIFY), person=1)
    here.ring()
    certificate = ledger.newest(Certificate, PROJECT)
    assert certificate is not None
    assert certificate.granted, certificate.reason

    page = beside.get(f"{PAGE}/release").text
    assert "until a release under the certificate" in page
    assert "How often the model is wrong, by how much is left to it" in page
    rows = list(csv.DictReader(io.StringIO(beside.get(f"{PAGE}/risk.csv?field=mood").text.lstrip("\ufeff"))))
    assert (rows[-1]["tasks"], rows[-1]["errors"]) == ("40", str(certificate.errors))
    (threshold,) = [row for row in rows if row["threshold"] == "1"]
    assert float(threshold["margin"]) == certificate.threshold
    assert int(threshold["errors"]) <= certificate.allowed

    asked = beside.get(f"{PAGE}/release/order").text
    assert "labels by people and about" in asked
    assert "The promise: the finished data set" in asked
    assert do(beside, "/release/order")[0] == 303
    assert phase(here) == Phase.RELEASE
    here.work()
    assert here.view.state.looped.missing_chunks == []
    while phase(here) == Phase.RELEASE:
        left = [task for task in here.view.state.waiting if not studio.stored[task].annotations]
        assert left
        studio.annotate(left, person=3)
        here.ring()
    assert ledger.newest(Release, PROJECT) is not None
    assert actions(here) == [("certify", "v1, n=40"), ("release", "v1")]
    assert {one.who for one in ledger.all(Action, PROJECT)} == {"labelloop"}


def test_an_attempt_and_a_release_are_given_up_from_the_pages(here: Site, beside: FlaskClient) -> None:
    """Rounds go on; the page says what that costs before, and refuses where nothing is under way."""
    assert do(beside, "/certify/abandon")[0] == 400
    assert start(beside) == 303
    assert "None of the 40 tasks drawn is labelled" in beside.get(f"{PAGE}/certify/abandon").text
    assert do(beside, "/certify/abandon")[0] == 303
    assert phase(here) == Phase.ROUNDS

    assert start(beside) == 303
    here.work()
    here.label_studio.annotate(here.of(Role.CERTIFY), person=1)
    here.ring()
    assert do(beside, "/release/order")[0] == 303
    under_way = beside.get(f"{PAGE}/release").text
    assert f'href="{PAGE}/release/abandon"' in under_way
    assert "That is known as soon as the pool is predicted" in under_way
    assert "of them audit tasks" not in under_way, "of nobody knows how many"
    assert do(beside, "/release/abandon")[0] == 303
    assert phase(here) == Phase.ROUNDS
    assert [action for action, _ in actions(here)] == [
        *("certify", "abandon certify", "certify", "release", "abandon release")
    ]


def test_what_does_not_pay_is_started_after_a_tick_alone(here: Site, beside: FlaskClient) -> None:
    """As `--anyway` does."""
    page = planned(beside, **WISH | {"n": "70"})
    assert "It does not pay: people would label 70 tasks" in page
    form = form_of(page)
    refused = beside.post(f"{PAGE}/certify", data=form)
    assert refused.status_code == 400
    assert here.view.ledger.all(CertifyDraw, PROJECT) == []
    assert beside.post(f"{PAGE}/certify", data=form | {"anyway": "yes"}).status_code == 303
    assert phase(here) == Phase.CERTIFY


def test_a_plan_of_another_version_is_not_started(here: Site, beside: FlaskClient) -> None:
    """What serves has changed since it was shown."""
    form = form_of(planned(beside, **WISH)) | {"version": "v9"}
    refused = beside.post(f"{PAGE}/certify", data=form)
    assert refused.status_code == 400
    assert "The plan is out of date: it was of v9, and v1 serves now." in refused.text
    assert phase(here) == Phase.ROUNDS


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "wish", [{"max_error": "0"}, {"confidence": "x"}, {"n": "-3"}, {"n": "9" * 40}, {"min_similarity": "nan"}]
)
def test_a_wish_that_makes_no_sense_is_one_sentence(
    here: Site, beside: FlaskClient, wish: dict[str, str], language: str
) -> None:
    """And nothing is planned."""
    answer = beside.get(f"{PAGE}/certify", query_string=wish | {"lang": language})
    assert answer.status_code == 400
    assert (
        texts(language)("wrong_number", what="", low="", high="")[:4] in answer.text or 'class="error"' in answer.text
    )
    assert 'method="post"' not in answer.text[answer.text.index("<main") :]


def test_too_few_tasks_prove_nothing_and_the_page_says_what_else_there_is(here: Site, beside: FlaskClient) -> None:
    """No button starts it."""
    page = planned(beside, max_error="5", n="20")
    assert "20 tasks prove nothing even if the model is right on all; it takes 59." in page
    assert f'href="{PAGE}/release/people"' in page
    assert 'method="post"' not in page[page.index("<main") :]


def test_peoples_labels_are_released_at_once(here: Site, beside: FlaskClient) -> None:
    """Without a promise; the page says how many there are, before and after."""
    labelled = len(here.view.state.tasks.annotators)
    assert f"It would have {labelled} labels by people." in beside.get(f"{PAGE}/release/people").text
    assert do(beside, "/release/people")[0] == 303
    written = here.view.ledger.newest(Release, PROJECT)
    assert written is not None
    assert (written.tasks, written.by_model) == (labelled, 0)
    assert "Release 1 is written" in beside.get(f"{PAGE}/release").text
    assert actions(here) == [("release", "people only")]


def test_doubtful_labels_are_looked_for_by_a_worker(
    here: Site, beside: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page only asks for it; mistakes are then first in the queue, for a second person."""
    wrong, *others = here.of(Role.TRAIN)[30:90]
    here.label_studio.annotate(others, person=1)
    monkeypatch.setattr(fake_label_studio, "truth", lambda id_: "bad" if truth(id_) == "good" else "good")
    here.label_studio.annotate([wrong], person=1)
    here.ring()
    assert do(beside, "/relabel", which="doubtful", top="3")[0] == 303
    assert here.queued() == [f"relabel-{PROJECT}"]
    assert do(beside, "/relabel", which="doubtful", top="3")[0] == 303, "it is asked for once"
    assert "A worker is at that already" in beside.get(f"{PAGE}/release").text
    assert actions(here) == [("relabel", "at most 3")]
    here.work()
    queue = here.view.state.queue
    assert queue is not None
    assert wrong in queue.people_needed
    assert "put back before still wait" in beside.get(f"{PAGE}/relabel").text


def test_a_search_that_failed_says_why_and_can_be_asked_for_again(
    here: Site, beside: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once: whoever asks has put right what was wrong."""
    monkeypatch.setattr(label_errors, "LEAST", 1000)
    for _ in range(2):
        assert do(beside, "/relabel", which="doubtful", top="3")[0] == 303
        assert "A worker looks for them" in beside.get(f"{PAGE}/release").text
        assert here.queued() == [f"relabel-{PROJECT}"]
        here.work()
        (failed,) = failed_jobs(here.bell)
        assert failed.job == f"relabel-{PROJECT}"
        assert "1000" in failed.error


def test_tasks_that_people_are_split_on_are_asked_about_again(
    here: Site, beside: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are none the queue stays as it is."""
    split = here.of(Role.TRAIN)[0]
    assert "are split on (now 0)" in beside.get(f"{PAGE}/relabel").text
    monkeypatch.setattr(fake_label_studio, "truth", lambda id_: "bad" if truth(id_) == "good" else "good")
    here.label_studio.annotate([split], person=2)
    here.ring()
    assert "are split on (now 1)" in beside.get(f"{PAGE}/relabel").text
    assert do(beside, "/relabel", which="split")[0] == 303
    assert here.queued() == [f"ask_again-{PROJECT}"]
    here.work()
    queue = here.view.state.queue
    assert queue is not None
    assert list(queue.people_needed) == [split]
    assert actions(here) == [("relabel", "unsettled")]


@pytest.mark.parametrize("top", ["0", "x", "99999999999"])
def test_so_many_labels_cannot_be_checked(here: Site, beside: FlaskClient, top: str) -> None:
    """The page says what can be, and nothing is queued."""
    status, page = do(beside, "/relabel", which="doubtful", top=top)
    assert status == 400
    assert "a number between 1 and 10000" in page
    assert here.queued() == []
