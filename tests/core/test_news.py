"""What is worth telling of a project, once, and what an address may show of itself."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from labelloop.domain.delivery_record import Delivery
from labelloop.domain.due_deliveries import ATTEMPTS, PAUSES, due
from labelloop.domain.news import Event, Kind
from labelloop.domain.notify_address import Address, redacted, without_secrets
from labelloop.domain.records import Certificate, Deployment, Verdict
from labelloop.domain.tasks import Role
from labelloop.rules import Rules
from labelloop.steps.close_round import close_round
from labelloop.steps.far_below import annotator_news, far_below
from labelloop.steps.ledger_news import ledger_news
from labelloop.steps.standing_news import queue_low
from tests.core.made_up import NOON, RULES, MadeUp, Make, publish, turn

ADDRESS = Address("a1", 7, "https://hooks.example.com/T1234?key=secret9", "whsec_eA==", "en", (), NOON)
EVENT = Event(Kind.ROUND, "1", NOON + timedelta(hours=1), {})


def kinds(events: Iterable[Event]) -> list[str]:
    return [event.kind for event in events]


def attempt(number: int, at: datetime, *, delivered: bool = False, final: bool = False) -> Delivery:
    return Delivery(7, EVENT.kind, EVENT.key, "a1", number, delivered, final, created_at=at)


def test_what_was_delivered_is_not_told_again() -> None:
    """Neither an hour later nor a year; another address is told all the same."""
    later = NOON + timedelta(days=400)
    told = [attempt(1, NOON, delivered=True, final=True)]
    assert [one.attempt for one in due([EVENT], ADDRESS, [], later)] == [1]
    assert list(due([EVENT], ADDRESS, told, later)) == []
    assert len(list(due([EVENT], replace(ADDRESS, id="b2"), told, later))) == 1


def test_an_address_is_told_nothing_from_before_it_was_added() -> None:
    """A new address is not flooded with the past."""
    old = replace(EVENT, at=NOON, key="0")
    assert [one.event for one in due([EVENT, old], ADDRESS, [], NOON + timedelta(hours=2))] == [EVENT]


def test_an_address_is_told_what_it_wants() -> None:
    """All kinds, or those that it names."""
    certificate = replace(EVENT, kind=Kind.CERTIFICATE)
    some = replace(ADDRESS, events=("certificate.decided",))
    assert kinds(one.event for one in due([EVENT, certificate], some, [], NOON)) == ["certificate.decided"]


def test_what_did_not_arrive_is_tried_again_after_longer_and_longer_pauses_and_then_given_up() -> None:
    """Seven attempts over seventeen hours."""
    told, at = [attempt(1, NOON)], NOON
    for number, pause in enumerate(PAUSES, start=2):
        assert list(due([EVENT], ADDRESS, told, at + pause - timedelta(seconds=1))) == []
        at += pause
        assert [one.attempt for one in due([EVENT], ADDRESS, told, at)] == [number]
        told.append(attempt(number, at, final=number == ATTEMPTS))
    assert list(due([EVENT], ADDRESS, told, at + timedelta(days=9))) == []


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pass@hooks.example.com:8443/T1/B2?key=3#f", "https://hooks.example.com:8443/…"),
        ("slack://T1234/B5678/C9101", "slack://…"),
        ("mailto://me:secret@example.com?to=you@example.com", "mailto://…"),
        ("http://[::1", "…"),
    ],
)
def test_an_address_shows_no_secret(url: str, shown: str) -> None:
    """Where it is a web address one sees the host, of others the service."""
    address = replace(ADDRESS, url=url)
    assert redacted(url) == address.shown == shown
    assert url not in repr(address)
    assert "whsec" not in repr(address)


def test_what_a_service_says_is_kept_without_the_secrets_of_its_address() -> None:
    """Errors of services repeat what they were asked."""
    said = without_secrets("404 for https://hooks.example.com/T1234?key=secret9 (T1234, secret9)", ADDRESS)
    assert "T1234" not in said
    assert "secret9" not in said


def test_a_round_a_champion_and_a_verdict_are_news(make: Make) -> None:
    """Each once, with its figures; looked at again they have the same keys."""
    world = make(RULES)
    publish(world.view)
    world.judge(world.untouched(12))
    world.judge_audit()
    close_round(*world.view.now())
    turn(world.view)

    found = list(ledger_news(world.view.state))

    assert kinds(found)[:2] == ["round.closed", "champion.changed"]
    assert found[0].figures["round"] == 1
    champion = found[1].figures
    assert champion["version"] == "v1"
    assert 0 <= float(champion["agreement_low"] or 0) <= float(champion["agreement"] or 0) <= 1
    assert list(ledger_news(world.view.state)) == found
    assert len({(one.kind, one.key) for one in found}) == len(found)


def test_a_verdict_is_news_where_it_differs_from_the_one_before(make: Make) -> None:
    """The first one is where somebody can tell."""
    world = make(RULES)
    outcomes = ("cannot tell", "not yet", "not yet", "yes", "not yet")
    for number, outcome in enumerate(outcomes, start=1):
        record = Verdict(7, number, "v1", 0, outcome, "", 30, -0.01, -0.04, 0.05, None, None, created_at=NOON)
        world.book.record(record, f"verdict-{number}")

    told = [(one.figures["before"], one.figures["outcome"]) for one in ledger_news(world.view.state)]

    assert told == [("cannot tell", "not yet"), ("not yet", "yes"), ("yes", "not yet")]


def test_certificates_given_and_refused_are_news_and_abandoned_ones_are_not(make: Make) -> None:
    """Who abandons an attempt knows that."""
    world = make(RULES)
    for number, granted, delta in ((1, True, 0.05), (2, False, 0.05), (3, False, 0.0)):
        record = Certificate(
            7, number, "v1", granted, "", 300, 4, 8, 0.5, 0.7, 0.05, delta, created_at=NOON, artifact=""
        )
        world.book.record(record, f"certificate-{number}")

    assert [one.figures["granted"] for one in ledger_news(world.view.state)] == [True, False]


def test_going_back_to_a_version_is_news_again(make: Make) -> None:
    """A pin of what serves already is none."""
    world = make(RULES)
    for version, pinned in (("v1", False), ("v1", True), ("v2", False), ("v1", False)):
        world.book.record(Deployment(7, version, "", pinned, created_at=NOON), "deployment")

    assert [one.figures["version"] for one in ledger_news(world.view.state)] == ["v1", "v2", "v1"]


def test_a_queue_is_about_to_run_dry_when_a_tenth_of_it_is_left(make: Make) -> None:
    """It is told once of each queue, by its name."""
    world, now = make(Rules(round_size=200, monitor_size=20, queue_rounds=1, monitor_share=0.0)), datetime.now(UTC)
    publish(world.view)
    queued = list(world.view.state.queue.order)  # type: ignore[union-attr]
    for person in (1, 2):
        world.judge(queued[: round(len(queued) * 0.8)], person)
    assert queue_low(world.view.state, now) is None

    for person in (1, 2):
        world.judge(queued[round(len(queued) * 0.8) : round(len(queued) * 0.92)], person)
    low = queue_low(world.view.state, now)

    assert low is not None
    assert low.figures["published"] == len(queued)
    assert 0 < int(str(low.figures["left"])) <= len(queued) * 0.1


def audited(make: Make, careless: int) -> MadeUp:
    """Return a project whose audit tasks five people labelled, after a round; so many of them guess."""
    world = make(Rules(round_size=10, monitor_size=30, queue_rounds=2), tasks=200)
    publish(world.view)
    world.judge(world.untouched(12))
    world.judge_audit(tuple(range(1, 6 - careless)))
    for person in range(6 - careless, 6):
        world.judge(world.of(Role.MONITOR), person, value="odd")
    close_round(*world.view.now())
    return world


def test_an_annotator_far_below_the_others_is_news_without_a_name(make: Make) -> None:
    """The message has both agreements with their intervals, and nobody's number."""
    world = audited(make, careless=1)
    (found,) = far_below(*world.view.now())
    assert found.annotator == 5
    assert found.own.n >= 20

    (event,) = annotator_news(*world.view.now())

    assert event.page == "people"
    assert set(event.figures) == {
        "field",
        *(f"{name}{end}" for name in ("agreement", "others") for end in ("", "_low", "_high", "_tasks")),
    }
    assert float(str(event.figures["agreement_high"])) < float(str(event.figures["others_low"]))


def test_people_who_agree_are_no_news(make: Make) -> None:
    """Nobody is far below where all say the same."""
    assert list(annotator_news(*audited(make, careless=0).view.now())) == []


def test_of_two_people_nobody_can_tell_who_is_wrong(make: Make) -> None:
    """Their agreement with each other is the same number for both."""
    world = make(Rules(round_size=10, monitor_size=30, queue_rounds=2), tasks=200)
    publish(world.view)
    world.judge(world.untouched(12))
    world.judge(world.of(Role.MONITOR), 1)
    world.judge(world.of(Role.MONITOR), 2, value="odd")
    close_round(*world.view.now())
    assert list(annotator_news(*world.view.now())) == []
