"""The plan of an attempt to certify, in made-up projects: what it costs and saves, and when it does not pay."""

from dataclasses import replace
from pathlib import Path

import pytest

from labelloop.domain.certify_plan import CertifyPlan, why_not
from labelloop.domain.conditions import Condition, Requirement
from labelloop.domain.task_index import open_train
from labelloop.domain.tasks import Role
from labelloop.steps.certify_fields import LEFT_OUT
from labelloop.steps.close_round import close_round
from labelloop.steps.plan_certify import plan_certify
from tests.core.certified_form import with_models
from tests.core.ending import with_model
from tests.core.form import REPLY
from tests.core.made_up import FIELD, LABELS, MODELS, MadeUp, Make, turn
from workers.cli.certify_plan import plan_json, plan_lines

pytestmark = pytest.mark.slow

PLAN = CertifyPlan("v3", 2, 0.05, 0.05, n=300, pool=1450, least=59, allowed=8, audit_open=20, labelled=350)


def planned(world: MadeUp, n: int | None = 60, max_error: float = 0.1) -> CertifyPlan:
    return plan_certify(*world.view.now(), max_error=max_error, confidence=0.95, n=n, context=MODELS)


def first_round(world: MadeUp) -> None:
    world.judge(world.untouched(60))
    close_round(*world.view.now())
    turn(world.view)


def test_the_plan_adds_up() -> None:
    """What people judge and what the model labels are together the pool and the open audit tasks."""
    plan = replace(PLAN, share=0.8, low=0.7, high=0.9, audit_tasks=180, seconds=9.0, ends_relabel=3)
    said = "\n".join(plan_lines(plan, 12))
    assert (plan.saved_at_best, plan.saved, plan.saved_between) == (1150, 920, (805, 1035))
    assert plan.annotations + 920 == plan.by_hand == 1470
    assert "about 920 by today's forecast (805 to 1035, from 180 audit tasks), at best 1150" in said
    assert "about 550 (300 for the certificate, 20 open audit tasks, 230 below the threshold); by hand 1470" in said
    assert "about 1.4 hours of people's time, 3.7 by hand (9 s each so far)" in said
    assert "it ends a relabel: 3 tasks put back" in said
    assert "does not pay" not in said
    assert plan_json(plan)["saved"] == 920


def test_without_enough_audit_tasks_only_the_best_case_is_said() -> None:
    """No figure is invented."""
    assert "at best 1150; too few audit tasks are labelled" in "\n".join(plan_lines(PLAN, 12))


def test_what_cannot_be_granted_is_said_with_the_way_out() -> None:
    """Not even a perfect model could be certified on so few tasks."""
    said = "\n".join(plan_lines(replace(PLAN, n=40, allowed=-1), 12))
    assert "cannot be granted: 40 tasks prove nothing even if the model is right on all: it takes 59" in said
    assert "labelloop release 12 --people-only" in said


def test_a_good_model_saves_what_it_does_not_have_wrong(make: Make) -> None:
    """On a set that it knows, all that is not drawn; nothing is recorded by planning."""
    world = with_model(make)
    plan = planned(world)
    assert (plan.version, plan.number, plan.n) == ("v1", 1, 60)
    assert plan.pool == len(world.untouched(1000))
    assert plan.saved is not None
    assert plan.saved > 0.8 * plan.saved_at_best
    assert plan.audit_tasks == len(world.of(Role.MONITOR))
    assert plan.audit_open == 0
    assert why_not(plan) == ""
    assert world.view.state.attempt is None


def test_a_model_that_is_wrong_on_the_audit_tasks_saves_nothing(make: Make) -> None:
    """People say otherwise on all of them: an attempt would be in vain, and the plan says so."""
    world = make(tasks=300)
    for person in (1, 2):
        for task in world.of(Role.MONITOR):
            world.judge([task], person, value=LABELS[(task + 1) % 3])
    first_round(world)
    plan = planned(world)
    assert plan.saved == 0
    assert "saves nothing" in why_not(plan)


def test_a_small_pool_is_planned_with_fewer_tasks(make: Make) -> None:
    """300 would be more than they can save; as many are drawn as save most."""
    world = with_model(make)
    plan = planned(world, n=None)
    assert plan.n < plan.pool / 2
    assert why_not(plan) == ""
    assert why_not(planned(world, n=plan.pool - 20)) == (
        f"people would label {plan.pool - 20} tasks while the project is frozen, to save at best 20 labels"
    )


def test_open_audit_tasks_are_in_the_plan(make: Make) -> None:
    """A release needs one person for each that nobody has touched."""
    world = make(tasks=300)
    world.judge(world.of(Role.MONITOR)[:5], 1)
    first_round(world)
    plan = planned(world)
    assert plan.audit_open == len(world.of(Role.MONITOR)) - 5
    assert plan.by_hand == plan.pool + plan.audit_open


def test_the_plan_of_several_fields_counts_tasks_that_every_field_leaves_to_the_model(tmp_path: Path) -> None:
    """People label a task once for all its fields; each field may fail with its share of the probability."""
    form = with_models(tmp_path, FIELD, REPLY, tasks=400)
    plan = plan_certify(*form.view.now(), max_error=0.1, confidence=0.95, n=60, context=MODELS)
    assert (plan.version, plan.delta, plan.n) == ("v1+v2", 0.025, 60)
    assert plan.pool == len(open_train(form.view.state.tasks))
    assert plan.audit_tasks == len(form.of(Role.MONITOR))
    assert [one.field for one in plan.fields] == ["mood", "reply"]
    assert plan.share is not None
    assert 0 < plan.share <= min(one.share or 0 for one in plan.fields)
    assert plan.annotations == plan.by_hand - (plan.saved or 0)
    said = "\n".join(plan_lines(plan, 12))
    assert "error at most 10.0% in each of 2 fields, in all at once with probability 95.00%" in said
    assert "mood: v1 labels about" in said
    assert "tasks it saves: about" in said
    assert plan_json(plan)["fields"][1]["version"] == "v2"


def test_the_plan_says_what_each_field_costs(tmp_path: Path) -> None:
    """As many tasks as an attempt without it would save, in which the other field has all the probability to fail."""
    form = with_models(tmp_path, FIELD, REPLY, tasks=400)

    def planned_without(*names: str) -> CertifyPlan:
        return plan_certify(*form.view.now(), max_error=0.1, confidence=0.95, n=60, without=names, context=MODELS)

    plan = planned_without()
    for one in plan.fields:
        fewer = planned_without(one.field)
        assert (len(fewer.fields), fewer.delta, fewer.fields[0].saved_without) == (1, 0.05, None)
        assert fewer.left_to_people == {one.field: LEFT_OUT}
        assert one.saved_without == fewer.saved
        assert (fewer.saved or 0) >= (plan.saved or 0)
    said = "\n".join(plan_lines(plan, 12))
    assert f"; without it {plan.fields[0].saved_without} tasks would be saved, " in said
    assert "leave a field out with --without NAME" in said
    assert plan_json(plan)["fields"][0]["saved_without"] == plan.fields[0].saved_without


def test_the_plan_names_fields_that_people_answer_and_what_that_costs(tmp_path: Path) -> None:
    """A task in which a field under a condition is asked after the model's answers is not saved."""
    form = with_models(tmp_path, FIELD, REPLY, tasks=300)
    before = plan_certify(*form.view.now(), max_error=0.3, confidence=0.95, n=60, context=MODELS)
    asked = Condition((Requirement(("mood",), (LABELS[0],)),))
    form.change_fields(FIELD, REPLY, replace(REPLY, name="why", condition=asked), replace(REPLY, name="new"))
    plan = plan_certify(*form.view.now(), max_error=0.3, confidence=0.95, n=60, context=MODELS)
    assert list(plan.left_to_people) == ["why", "new"]
    assert (plan.share or 0) < (before.share or 0)
    mood, reply = plan.fields
    assert [mood, replace(reply, saved_without=before.fields[1].saved_without)] == list(before.fields)
    assert (reply.saved_without or 0) < (mood.saved_without or 0), "nobody is asked why where no mood is predicted"
    said = "\n".join(plan_lines(plan, 12))
    assert "why: not certified: it has no model: people answer it where it is asked" in said
    assert "new: not certified: it has no model" in said


def test_the_plan_of_one_field_has_no_word_of_others() -> None:
    """Scripts read the keys that there always were."""
    found = plan_json(PLAN)
    assert not {"fields", "left_to_people"} & found.keys()
