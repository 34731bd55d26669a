"""Workers on machines whose clocks differ by ten minutes: the records tell what follows what, not the clocks."""

from datetime import datetime, timedelta, tzinfo
from types import ModuleType

import pytest

from labelloop.domain import moments
from labelloop.domain.next_step import Step
from labelloop.domain.records import Decision
from labelloop.domain.tasks import Role
from labelloop.state.deployed_fields import deployed_fields
from labelloop.steps import certify as certifying
from labelloop.steps.certify import abandon_attempt
from labelloop.steps.close_round import close_round
from labelloop.steps.deploy import decide_round
from labelloop.steps.evaluate import evaluate
from labelloop.steps.fit import fit
from labelloop.steps.refit import order_refit
from tests.core.ending import attempt, with_model
from tests.core.made_up import FIELD, MODELS, Make, due, publish, turn

AHEAD = timedelta(minutes=10)


class ClockAhead(datetime):
    """The clock of a machine that is ten minutes fast."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "ClockAhead":
        """Return ten minutes from now."""
        return super().now(tz) + AHEAD


def fast(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> None:
    """Put the modules on the machine with the fast clock."""
    for module in modules:
        monkeypatch.setattr(module, "datetime", ClockAhead)


def test_a_version_is_served_though_the_configuration_seems_to_be_younger(make: Make) -> None:
    """The machine that read the configuration was ahead of the one that fitted: the version's round tells it."""
    world = make(tasks=300)
    world.clock = datetime.now(world.clock.tzinfo) + AHEAD
    world.change_field(FIELD)
    world.judge_audit()
    world.judge(world.untouched(60))
    close_round(*world.view.now())
    turn(world.view)

    found = deployed_fields(world.book.ledger, world.view.id)

    assert found is not None
    assert [found.fitted_field(one) for one in found.fits] == [FIELD]


def test_a_late_version_is_decided_about_though_the_decision_before_seems_to_be_younger(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured after a decision is decided about, once."""
    world = make(tasks=300)
    world.judge_audit()
    world.judge(world.untouched(60))
    close_round(*world.view.now())
    fit(*world.view.now(), 1, context=MODELS)
    evaluate(*world.view.now(), 1, context=MODELS)
    fast(monkeypatch, moments)
    decide_round(*world.view.now(), 1)
    monkeypatch.undo()

    order_refit(*world.view.now())
    fit(*world.view.now(), 1, context=MODELS)
    evaluate(*world.view.now(), 1, context=MODELS)
    assert due(world.view) is Step.DEPLOY
    decide_round(*world.view.now(), 1)

    assert len(world.view.ledger.all(Decision, world.view.id, round_number=1)) == 2
    assert due(world.view) is not Step.DEPLOY


def test_a_queue_is_made_once_though_the_certificate_seems_to_be_younger(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would be ordered and pushed anew by every job, until the slow clock has caught up."""
    world = with_model(make)
    attempt(world)
    publish(world.view)
    world.judge(world.of(Role.CERTIFY)[:1])
    fast(monkeypatch, certifying)
    abandon_attempt(*world.view.now())
    monkeypatch.undo()
    assert due(world.view) is Step.PUBLISH

    publish(world.view)

    assert due(world.view) is not Step.PUBLISH
