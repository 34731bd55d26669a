"""Plans are made behind the pages, one at a time: a look shows one as soon as it is there, and waits for none."""

from collections.abc import Iterator
from dataclasses import replace
from threading import Event

import pytest

from labelloop.domain.certify_plan import CertifyPlan
from labelloop.errors import UserError
from labelloop.learners.base import ModelContext
from labelloop.testing import BagOfWords
from ml_backend.pages import certify_plans
from ml_backend.pages.certify_plans import FRESH_S, CertifyPlans
from tests.local.proc import eventually
from tests.pages.served_pages import PLAN
from tests.pages.world import World
from workers.admin import start_attempt
from workers.admin.start_attempt import Wish

WISH = Wish(0.05, 0.95, None)


class Planner:
    """Plans when it is let, and counts."""

    def __init__(self) -> None:
        self.may, self.times, self.error = Event(), 0, ""

    def __call__(self, *_: object, **__: object) -> CertifyPlan:
        assert self.may.wait(20)
        self.times += 1
        if self.error:
            raise UserError(self.error)
        return replace(PLAN, number=self.times)


@pytest.fixture
def planner(monkeypatch: pytest.MonkeyPatch) -> Iterator[Planner]:
    """Yield what plans, which no look waits for."""
    made = Planner()
    monkeypatch.setattr(start_attempt, "plan_certify", made)
    monkeypatch.setattr(certify_plans, "WAIT_S", 0.01)
    yield made
    made.may.set()


@pytest.fixture
def clock() -> list[float]:
    """Return what time it is."""
    return [0.0]


@pytest.fixture
def plans(world: World, clock: list[float]) -> CertifyPlans:
    """Return the plans of a project in which v1 serves."""
    world.connect()
    world.round(12, 1)
    return CertifyPlans(world.book, lambda _: ModelContext(BagOfWords()), lambda: clock[0])


def number(plans: CertifyPlans, wish: Wish = WISH) -> int | None:
    found = plans.of(12, wish)
    return found.number if found else None


def test_a_look_does_not_wait_for_a_plan_and_the_next_one_has_it(plans: CertifyPlans, planner: Planner) -> None:
    """It is made once, however often it is asked for."""
    assert [number(plans) for _ in range(3)] == [None, None, None]
    planner.may.set()
    assert eventually(lambda: number(plans) == 1)
    assert number(plans) == 1
    assert planner.times == 1


def test_another_wish_has_another_plan(plans: CertifyPlans, planner: Planner) -> None:
    """Each its own."""
    planner.may.set()
    assert eventually(lambda: number(plans) == 1)
    assert eventually(lambda: number(plans, Wish(0.1, 0.95, None)) == 2)
    assert number(plans) == 1


def test_a_plan_is_made_anew_when_it_is_old_or_another_version_serves(
    plans: CertifyPlans, planner: Planner, clock: list[float], world: World
) -> None:
    """Five minutes, or a round."""
    planner.may.set()
    assert eventually(lambda: number(plans) == 1)
    clock[0] += FRESH_S + 1
    assert eventually(lambda: number(plans) == 2)
    world.round(12, 2)
    assert eventually(lambda: number(plans) == 3)


def test_a_plan_is_made_anew_after_a_change(plans: CertifyPlans, planner: Planner) -> None:
    """Those of other projects are not."""
    planner.may.set()
    assert eventually(lambda: number(plans) == 1)
    plans.forget(13)
    assert number(plans) == 1
    plans.forget(12)
    assert eventually(lambda: number(plans) == 2)


def test_what_cannot_be_planned_is_said_and_tried_again_at_the_next_look(plans: CertifyPlans, planner: Planner) -> None:
    """A fault is not kept."""
    planner.error = "Attempt 1 is open."
    planner.may.set()
    said = []

    def is_refused() -> bool:
        try:
            number(plans)
        except UserError as error:
            said.append(str(error))
        return bool(said)

    assert eventually(is_refused)
    assert said == ["Attempt 1 is open."]
    planner.error = ""
    assert eventually(lambda: (number(plans) or 0) > 1)
