"""Which versions may be deployed by command, and how one goes back, step by step."""

from dataclasses import replace

import pytest

from labelloop.domain.records import ClosedRound, Deployment, Fit
from labelloop.domain.schema import Field
from labelloop.errors import NotFound, UserError
from labelloop.state.servable import refuse_unservable, unservable
from labelloop.steps.deployments import deploy, step_back
from tests.core.made_up import FIELD, MadeUp, Make

FEWER = replace(FIELD, labels=("good", "bad"))
OTHER = replace(FIELD, name="tone")


def version_of(world: MadeUp, number: int, field: Field = FIELD) -> None:
    """Record that version `v<number>` was fitted to round `number`, and serves; without any model."""
    if world.view.state.field != field:
        world.change_field(field)
    schema = world.view.state.schema.number
    world.book.record(ClosedRound(7, number, schema, "asked", 1, 1, 0, 1, created_at=world.tick()), f"round-{number}")
    fit = Fit(7, number, "linear", f"v{number}", "", number, 0.1, created_at=world.tick())
    world.book.record(fit, f"fit-{number}")
    deploy(*world.view.now(), f"v{number}", reason="the rule")


def roll_back(world: MadeUp) -> str:
    """Go one step back; return the version that serves then."""
    found = step_back(world.view.state).version
    deploy(*world.view.now(), found, reason="rolled back by command", rolled_back=True)
    return world.view.state.looped.deployed_version


def test_each_step_back_leads_one_version_further_and_never_forward_again(make: Make) -> None:
    """Who goes back three times comes to the first version; a version deployed meanwhile is the first to be left."""
    world = make(tasks=1)
    for number in range(1, 5):
        version_of(world, number)
    assert [roll_back(world), roll_back(world)] == ["v3", "v2"]
    deploy(*world.view.now(), "v4", reason="deployed by command")
    assert [roll_back(world), roll_back(world)] == ["v2", "v1"]
    with pytest.raises(NotFound, match="nothing to go back to"):
        step_back(world.view.state)
    assert [one.version for one in world.view.ledger.all(Deployment, 7)] == [
        "v1",
        "v2",
        "v3",
        "v4",
        "v3",
        "v2",
        "v4",
        "v2",
        "v1",
    ]


def test_a_version_of_another_field_or_of_other_labels_cannot_serve(make: Make) -> None:
    """Its labels would be refused, or never be what people are asked for; those that can serve are named instead."""
    world = make(tasks=1)
    version_of(world, 1)
    version_of(world, 2, FEWER)
    version_of(world, 3, OTHER)
    version_of(world, 4)
    state = world.view.state
    found = {name: unservable(state, state.version(name)) for name in ("v1", "v2", "v3", "v4")}
    assert found == {
        "v1": "",
        "v2": "the labels have changed since it was fitted: odd new",
        "v3": "it was fitted for the field tone, and project 7 now loops mood",
        "v4": "",
    }
    with pytest.raises(UserError, match=r"v3 cannot serve: .* These can: v1, v4\."):
        refuse_unservable(world.view.state, world.view.state.version("v3"))
    back = step_back(world.view.state)
    assert (back.version, [version for version, _ in back.passed_over]) == ("v1", ["v2"])


def test_labels_that_are_no_longer_allowed_are_named_and_renamed_ones_are_not(make: Make) -> None:
    """A rename is no change of meaning."""
    world = make(tasks=1)
    version_of(world, 1)
    version_of(world, 2, replace(FIELD, labels=("good", "bad", "strange"), renames=(("odd", "strange"),)))
    assert unservable(world.view.state, world.view.state.version("v1")) == ""
    version_of(world, 3, FEWER)
    reason = unservable(world.view.state, world.view.state.version("v1"))
    assert reason == "the labels have changed since it was fitted: odd no longer allowed"


def test_what_serves_may_give_way_to_another_version_of_the_same_configuration(make: Make) -> None:
    """Between a change of the labels and the next round one bad model must not be kept for want of a newer one."""
    world = make(tasks=1)
    version_of(world, 1)
    version_of(world, 2)
    world.change_field(replace(FIELD, labels=("good", "bad", "odd", "new")))
    assert roll_back(world) == "v1"
