"""Messages to addresses outside: signed, once, retried, never in anybody's way, and never into a private network."""

import json
import logging
import socket
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq.job import Job, JobStatus
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from labelloop.domain.delivery_record import Delivery
from labelloop.domain.due_deliveries import PAUSES
from labelloop.domain.news import TEST, Event, Kind
from labelloop.domain.notify_address import Address
from labelloop.domain.tasks import Role
from labelloop.errors import BrokenPromise, UserError
from labelloop.finding import Level
from labelloop.llm.cost_caps import Bill, Limits
from labelloop.llm.cost_center import CostCenter
from labelloop.log import configure_logging
from labelloop.settings import Settings
from labelloop.steps.close_round import close_round
from labelloop.stores.rebuild import rebuild
from tests.core.made_up import MadeUp, publish
from tests.local.proc import eventually
from tests.workers.conftest import site
from tests.workers.fake_label_studio import FakeLabelStudio
from tests.workers.receiver import TOKEN, Receiver
from workers.admin.notify_addresses import add_address, address_statuses, remove_address, try_address
from workers.admin.notify_checks import notify_findings
from workers.jobs.job_queue import Bell
from workers.jobs.llm_costs_of_settings import open_llm_costs
from workers.jobs.open_stores import open_book
from workers.jobs.reconcile import reconcile
from workers.jobs.work_beside import repeated_beside
from workers.notify.address_file import AddressFile
from workers.notify.message import message
from workers.notify.sentences import sentence
from workers.notify.tell import Teller, tell_once


def add(settings: Settings, world: MadeUp, receiver: Receiver, **more: str) -> Address:
    return add_address(settings, world.book, 7, receiver.hook, **more)


def close_a_round(world: MadeUp) -> None:
    publish(world.view)
    world.judge(world.untouched(12))
    assert close_round(*world.view.now()) is not None


def test_a_round_is_told_once_signed_and_with_a_link(settings: Settings, world: MadeUp, receiver: Receiver) -> None:
    """The receiver verifies it with the library and its secret alone; a second look tells nothing."""
    address = add(settings, world, receiver)
    close_a_round(world)

    assert (Teller(settings).tell(), Teller(settings).tell()) == (1, 0)

    ((headers, body),) = receiver.got
    # Said again as the sender wrote it: what is signed is the text, not what it means.
    text = json.dumps(body, ensure_ascii=False)
    assert Webhook(address.secret).verify(text, dict(headers)) == body
    with pytest.raises(WebhookVerificationError):
        Webhook(address.secret).verify(text.replace("12", "13"), dict(headers))
    assert body["type"] == "round.closed"
    assert datetime.fromisoformat(body["timestamp"]) > address.added_at
    assert body["data"]["url"] == "https://pages.example.com/projects/7"
    assert body["data"]["text"].startswith("Round 1 is closed: 12 labels to learn from, 12 of them new")
    (told,) = world.book.ledger.all(Delivery, 7)
    assert (told.event, told.attempt, told.delivered, told.final, told.reason) == ("round.closed", 1, True, True, "")


def test_what_jobs_did_is_told_in_its_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clean_redis_url: str, receiver: Receiver
) -> None:
    """A round, then the champion that came out of it; no job has sent anything itself."""
    monkeypatch.setenv("LABELLOOP_NOTIFY_PRIVATE", "true")
    with site(monkeypatch, tmp_path, clean_redis_url, FakeLabelStudio(160)) as here:
        here.bell.ring(7)
        here.work()
        add_address(Settings(), here.book, 7, receiver.hook)
        roles = here.view.ledger.roles(7)
        here.label_studio.annotate([task for task, role in roles.items() if role is Role.TRAIN][:15], person=1)
        for person in (1, 2):
            here.label_studio.annotate([task for task, role in roles.items() if role is Role.MONITOR], person)
        here.bell.ring(7)
        here.work()
        assert receiver.got == []

        Teller(Settings()).tell()

    assert receiver.kinds[:2] == ["round.closed", "champion.changed"]
    champion = receiver.got[1][1]["data"]
    assert champion["version"] == "v1"
    assert "95 % interval" in champion["text"]


def test_a_new_address_is_told_nothing_of_the_past(settings: Settings, world: MadeUp, receiver: Receiver) -> None:
    """It hears of the next round."""
    close_a_round(world)
    add(settings, world, receiver)
    assert Teller(settings).tell() == 0


def test_an_address_is_told_in_its_language_and_of_what_it_wants(
    settings: Settings, world: MadeUp, receiver: Receiver
) -> None:
    """A round in Chinese for one, nothing for who wants releases only."""
    add(settings, world, receiver, language="zh", events="round.closed")
    add_address(settings, world.book, 7, f"{receiver.url}/other", events="release.ready")
    close_a_round(world)

    assert Teller(settings).tell() == 1

    ((_, body),) = receiver.got
    assert body["data"]["text"].startswith("第 1 轮已结束")


def test_what_fails_is_logged_with_its_reason_and_told_again_later_under_the_same_id(
    settings: Settings, world: MadeUp, receiver: Receiver
) -> None:
    """At once nothing is tried again; after the pause it arrives, and that is the end of it."""
    add(settings, world, receiver)
    close_a_round(world)
    receiver.status = 503
    assert (Teller(settings).tell(), Teller(settings).tell()) == (0, 0)
    (failed,) = world.book.ledger.all(Delivery, 7)
    assert (failed.delivered, failed.final, failed.reason) == (False, False, "HTTP 503")

    (said,) = notify_findings(settings, world.book, 7)
    assert said.level is Level.WARN
    assert said.what.endswith("do not arrive: HTTP 503")
    assert TOKEN not in str(said)

    receiver.status, later = 204, failed.created_at + PAUSES[0] + timedelta(seconds=1)
    assert Teller(settings, clock=lambda: later).tell() == 1
    assert Teller(settings, clock=lambda: later + timedelta(days=9)).tell() == 0

    assert list(notify_findings(settings, world.book, 7)) == []
    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert [one.attempt for one in world.book.ledger.all(Delivery, 7)] == [1, 2]


@pytest.mark.parametrize(
    ("status", "final", "said"), [(410, True, "410"), (302, False, "redirects"), (404, False, "404")]
)
def test_who_is_gone_is_not_asked_again_and_no_redirect_is_followed(
    settings: Settings, world: MadeUp, receiver: Receiver, status: int, final: bool, said: str
) -> None:
    """410 is how a receiver says that it wants no more."""
    add(settings, world, receiver)
    close_a_round(world)
    receiver.status = status
    Teller(settings).tell()
    (told,) = world.book.ledger.all(Delivery, 7)
    assert (told.delivered, told.final) == (False, final)
    assert said in told.reason
    assert len(receiver.got) == 1


def test_a_receiver_that_does_not_answer_keeps_no_bell_from_ringing(
    settings: Settings, world: MadeUp, receiver: Receiver, bell: Bell
) -> None:
    """`reconcile` rings as ever while a message hangs, and no job waits for it."""
    add(settings, world, receiver)
    close_a_round(world)
    receiver.hangs = True
    with repeated_beside(partial(tell_once, Teller(settings)), every_s=3600):
        assert receiver.called.wait(30)

        assert reconcile(settings, every_s=3600) == [7]

        assert receiver.got == [], "it still hangs"
        assert bell.queue.job_ids == ["collect-7"]
        receiver.goes_on.set()
        assert eventually(lambda: bool(world.book.ledger.all(Delivery, 7)))


def test_an_address_that_takes_nothing_does_not_keep_others_waiting_in_its_project(
    settings: Settings, world: MadeUp, receiver: Receiver
) -> None:
    """Nobody listens at the first; the second is told in the same go."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    add_address(settings, world.book, 7, f"http://127.0.0.1:{port}/{TOKEN}")
    add(settings, world, receiver)
    close_a_round(world)

    assert Teller(settings).tell() == 1

    first, second = address_statuses(settings, world.book, 7)
    assert first.last is not None
    assert first.last.reason == "It does not answer (ConnectError)."
    assert second.last is not None
    assert second.last.delivered


def test_two_processes_that_look_at_once_tell_once(settings: Settings, world: MadeUp, receiver: Receiver) -> None:
    """Whoever finds another one at it leaves it to that one."""
    add(settings, world, receiver)
    close_a_round(world)
    with Redis.from_url(settings.redis_url) as redis:
        held = redis.lock("labelloop:telling:7", timeout=60)
        assert held.acquire()
        assert Teller(settings).tell() == 0
        held.release()
    assert Teller(settings).tell() == 1


def fail(bell: Bell, at: datetime) -> None:
    """Let the collection of the project fail for good."""
    bell.enqueue("collect", 7)
    job = Job.fetch("collect-7", connection=bell.redis, serializer=bell.queue.serializer)
    job.ended_at = at
    job.set_status(JobStatus.FAILED)
    job.save()
    bell.queue.failed_job_registry.add(job, -1, exc_string="Boom: 秘密")


def test_a_job_that_failed_for_good_is_told_once_a_day(
    settings: Settings, world: MadeUp, receiver: Receiver, bell: Bell
) -> None:
    """With its name and the page of the system, without what it said: that may hold anything."""
    add(settings, world, receiver, events="job.failed")
    noon = datetime.now(UTC).replace(hour=12) + timedelta(days=1)
    told = []
    for at in (noon, noon, noon + timedelta(minutes=10), noon + timedelta(days=1)):
        fail(bell, at)
        told.append(Teller(settings).tell())

    assert told == [1, 0, 0, 1]
    body = receiver.got[0][1]
    assert body["data"]["job"] == "collect-7"
    assert body["data"]["url"] == "https://pages.example.com/system"
    assert "秘密" not in str(receiver.got)


def test_what_cannot_be_found_out_keeps_back_nothing_else(
    settings: Settings, world: MadeUp, receiver: Receiver, bell: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged round of one project: its failed job is told all the same."""

    def broken(*_: object) -> None:
        raise BrokenPromise("a file is damaged")

    monkeypatch.setattr("labelloop.steps.far_below.annotator_news", broken)
    monkeypatch.setattr("workers.notify.tell.ledger_news", broken)
    add(settings, world, receiver)
    close_a_round(world)
    fail(bell, datetime.now(UTC) + timedelta(seconds=1))

    assert Teller(settings).tell() == 1

    assert receiver.kinds == ["job.failed"]


def test_a_rebuilt_ledger_tells_nothing_again(
    settings: Settings, world: MadeUp, receiver: Receiver, tmp_path: Path
) -> None:
    """What was told is in the artifacts, as every fact is."""
    add(settings, world, receiver)
    close_a_round(world)
    assert Teller(settings).tell() == 1
    world.book.ledger.engine.dispose()
    for file in tmp_path.glob("ledger.sqlite*"):
        file.unlink()
    book = open_book(settings)
    rebuild(book.artifacts, book.ledger)
    book.ledger.engine.dispose()

    assert Teller(settings).tell() == 0
    assert len(receiver.got) == 1


def test_a_cap_is_told_at_four_fifths_and_when_it_is_reached(
    settings: Settings, world: MadeUp, receiver: Receiver
) -> None:
    """Once each; with a higher cap it starts anew."""
    add(settings, world, receiver, events="llm.cap")
    costs, told = open_llm_costs(settings, world.book.ledger), []
    for requests, cap in ((39, 5.0), (2, 5.0), (1, 5.0), (8, 5.0), (0, 6.0)):
        for _ in range(requests):
            paid = Bill(100, 10, 0.1)
            costs.settle(costs.reserve(CostCenter(7, 1), "model", paid, Limits(cap=100)), paid)
        told.append(Teller(settings.model_copy(update={"llm_cap": cap})).tell())

    assert told == [0, 1, 0, 1, 1]
    assert [body["data"]["is_reached"] for _, body in receiver.got] == [False, True, False]
    assert "4.10 of 5.00" in receiver.got[0][1]["data"]["text"]


def test_a_disconnected_project_is_silent(settings: Settings, world: MadeUp, receiver: Receiver) -> None:
    """Its addresses stay for when it comes back."""
    from labelloop.domain.records import Connection

    add(settings, world, receiver)
    close_a_round(world)
    world.book.record(Connection(7, "made up", "{}", False, created_at=datetime.now(UTC)), "connection")
    assert Teller(settings).tell() == 0
    assert len(AddressFile(settings.data_dir).of(7)) == 1


def test_secrets_are_in_one_file_that_only_its_owner_may_read(
    settings: Settings, world: MadeUp, receiver: Receiver, tmp_path: Path
) -> None:
    """Neither the ledger nor an artifact holds the address or what signs its messages."""
    address = add(settings, world, receiver)
    close_a_round(world)
    receiver.status = 500
    Teller(settings).tell()

    file = tmp_path / "notify.json"
    assert file.stat().st_mode & 0o777 == 0o600
    holding = [
        path.name
        for path in tmp_path.rglob("*")
        if path.is_file() and any(secret.encode() in path.read_bytes() for secret in (TOKEN, address.secret))
    ]
    assert holding == ["notify.json"]


def test_no_secret_is_logged(
    settings: Settings, world: MadeUp, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not even where everything is, and whatever goes wrong."""
    configure_logging("DEBUG")
    try:
        address = add(settings, world, receiver)
        close_a_round(world)
        for status in (500, 200):
            receiver.status = status
            later = datetime.now(UTC) + timedelta(days=status == 200)
            Teller(settings, clock=lambda later=later: later).tell()  # type: ignore[misc]
    finally:
        logging.getLogger().handlers = []
    said = capsys.readouterr().err
    assert "message_not_sent" in said
    assert "message_sent" in said
    assert TOKEN not in said
    assert address.secret not in said


def test_an_address_is_removed_by_its_id(settings: Settings, world: MadeUp, receiver: Receiver) -> None:
    """It is told nothing more; of another project it is not removed."""
    address = add(settings, world, receiver)
    with pytest.raises(UserError, match="no such address"):
        remove_address(settings, world.book, 8, address.id)
    with pytest.raises(UserError, match="already"):
        add(settings, world, receiver)
    assert remove_address(settings, world.book, 7, address.id) == address
    close_a_round(world)
    assert Teller(settings).tell() == 0


def test_a_test_message_says_what_the_receiver_answered(settings: Settings, world: MadeUp, receiver: Receiver) -> None:
    """It is recorded nowhere."""
    address = add(settings, world, receiver)
    receiver.status = 401
    assert try_address(settings, world.book, address).answer == "HTTP 401"
    receiver.status = 200
    assert try_address(settings, world.book, address).delivered
    assert receiver.kinds == ["test", "test"]
    assert world.book.ledger.all(Delivery, 7) == []


FIGURES: dict[str, dict[str, Any]] = {
    Kind.ROUND: {"round": 3, "labels": 90, "new_labels": 30, "audit_tasks": 20},
    Kind.CHAMPION: {
        "field": "mood",
        "version": "v3",
        "learner": "linear",
        "rolled_back": False,
        "audit_tasks": 30,
        "agreement": 0.81,
        "agreement_low": 0.76,
        "agreement_high": 0.86,
        "human_agreement": 0.84,
        "human_low": 0.8,
        "human_high": 0.9,
    },
    Kind.VERDICT: {
        "field": "",
        "version": "v3",
        "outcome": "yes",
        "before": "not yet",
        "gap": -0.01,
        "gap_low": -0.034,
        "audit_tasks": 120,
    },
    Kind.CERTIFICATE: {
        "field": "",
        "version": "v3",
        "granted": True,
        "max_error": 0.05,
        "confidence": 0.95,
        "automated": 0.7,
        "errors": 4,
        "tasks_drawn": 300,
    },
    Kind.RELEASE: {"release": 1, "tasks": 900, "by_people": 300, "by_model": 590, "left_out": 10},
    Kind.CAP: {"spent": 4.1, "cap": 5.0, "is_reached": False},
    Kind.JOB: {"job": "fit-7-3"},
    Kind.QUEUE: {"left": 4, "published": 60, "untouched": 100},
    Kind.ANNOTATOR: {
        "field": "mood",
        "agreement": 0.4,
        "agreement_low": 0.3,
        "agreement_high": 0.5,
        "agreement_tasks": 30,
        "others": 0.9,
        "others_low": 0.8,
        "others_high": 0.95,
        "others_tasks": 30,
    },
    TEST: {},
}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", [*Kind, TEST])
def test_every_event_has_its_words_in_both_languages(kind: str, language: str) -> None:
    """No gap is left open, and intervals are told where figures are measured."""
    said = sentence(Event(kind, "1", datetime.now(UTC), FIGURES[kind]), language)
    assert said
    assert not set("{}") & set(said)
    assert "None" not in said
    assert any("一" <= character <= "鿿" for character in said) is (language == "zh")
    if kind in (Kind.CHAMPION, Kind.ANNOTATOR):
        assert said.count({"en": "95 % interval", "zh": "95% 区间"}[language]) == 2


def test_a_refused_certificate_a_reached_cap_and_an_unmeasured_champion_have_their_own_words() -> None:
    """Which form is said depends on the figures."""
    now = datetime.now(UTC)
    refused = Event(Kind.CERTIFICATE, "1", now, FIGURES[Kind.CERTIFICATE] | {"granted": False})
    reached = Event(Kind.CAP, "1", now, FIGURES[Kind.CAP] | {"is_reached": True})
    new = Event(Kind.CHAMPION, "1", now, FIGURES[Kind.CHAMPION] | {"agreement": None, "human_agreement": None})
    assert "was refused" in sentence(refused, "en")
    assert "reached" in sentence(reached, "en")
    assert sentence(new, "en") == "v3 (linear) serves now for mood. It has not been measured yet."


@pytest.mark.parametrize(("language", "words"), [("en", "On gold tasks"), ("zh", "在金标任务上")])
def test_check_answers_far_below_the_others_have_their_own_words(language: str, words: str) -> None:
    """They are compared with settled answers."""
    event = Event(Kind.ANNOTATOR, "1", datetime.now(UTC), FIGURES[Kind.ANNOTATOR] | {"gold": True}, "people")
    assert words in sentence(event, language)


def test_an_id_tells_no_annotator(settings: Settings) -> None:
    """The same annotator has another id at every address, and the message no number."""
    event = Event(Kind.ANNOTATOR, "4711-mood", datetime.now(UTC), FIGURES[Kind.ANNOTATOR], "people")
    one = Address("a1", 7, "https://a.example.com", "whsec_eA==", "en", (), datetime.now(UTC))
    told = [message(event, address, "made up", "") for address in (one, replace(one, id="b2"))]
    assert len({each.id for each in told}) == 2
    assert "4711" not in str(told)


def test_time_passes_at_most_some_seconds_for_a_receiver_that_hangs(
    settings: Settings, world: MadeUp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One message hangs, and no other is tried at that address until the next look."""
    import httpx

    monkeypatch.setattr("workers.notify.signed_webhook.TIMEOUT", httpx.Timeout(0.2))
    add(settings, world, receiver)
    close_a_round(world)
    world.judge(world.untouched(12))
    close_round(*world.view.now())
    receiver.hangs = True
    began = time.monotonic()

    assert Teller(settings).tell() == 0

    assert time.monotonic() - began < 20
    (told,) = world.book.ledger.all(Delivery, 7)
    assert told.reason == "It does not answer (ReadTimeout)."
