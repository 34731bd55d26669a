"""What is planned and forecast of fields that are not asked of every task, and what becomes of those left out."""

from pathlib import Path

import numpy as np
import pytest

from labelloop.domain.release_labels import NOT_ASKED, UNLABELLED
from labelloop.domain.release_row import Source
from labelloop.domain.tasks import Role
from labelloop.stats.pac_forecast import forecast_together
from labelloop.steps.certify import start_attempt
from labelloop.steps.certify_fields import certify_fields, left_to_people
from labelloop.steps.plan_certify import plan_certify
from tests.core.certified_form import certified, certify_all
from tests.core.conditional_form import CHILD, GRANDCHILD, ConditionalForm, released
from tests.core.form import REPLY
from tests.core.made_up import FIELD, MODELS
from workers.admin.release_preview import preview
from workers.cli.certify_plan import plan_lines

pytestmark = pytest.mark.slow

WITHOUT: tuple[tuple[str, ...], ...] = ((), ("child",), ("grandchild",))


@pytest.fixture
def form(tmp_path: Path) -> ConditionalForm:
    """Yield a form of a mood and a question that is asked after one mood, each with a model."""
    return ConditionalForm(tmp_path)


def test_a_field_and_those_that_depend_on_it_are_left_out_together(tmp_path: Path) -> None:
    """Without the mood nobody could tell whether the others are asked; without the others it is certified alone."""
    form = ConditionalForm(tmp_path, FIELD, CHILD, GRANDCHILD, REPLY)
    state = form.view.state
    names = {without: [one.field.name for one in certify_fields(state, without)] for without in WITHOUT}
    assert names == {(): ["mood", "child", "grandchild"], ("child",): ["mood"], ("grandchild",): ["mood", "child"]}
    assert left_to_people(state, ("child",))["grandchild"].startswith("it depends on child, not certified either")


def test_no_task_waits_for_a_conditional_field_that_was_left_out(form: ConditionalForm) -> None:
    """The release has what people said of it."""
    start_attempt(*form.view.now(), max_error=0.1, confidence=0.95, n=80, without=("child",))
    assert [one.field.name for one in form.view.state.attempted] == ["mood"]
    form.say(form.of(Role.CERTIFY))
    certify_all(form)
    facts = released(form)
    assert facts.left_out["child"][UNLABELLED] > 0
    assert all(one.source is Source.PEOPLE for one in facts.fields[1].rows)


def test_the_plan_prices_a_conditional_field_and_all_that_goes_with_its_parent(form: ConditionalForm) -> None:
    """The forecast of the attempt counts rows in which it is rightly not asked as right."""
    plan = plan_certify(*form.view.now(), max_error=0.2, confidence=0.95, n=60, context=MODELS)
    mood, child = plan.fields
    assert (child.field, child.version) == ("child", "v2")
    assert mood.left_out_with_it == ("child",)
    assert (mood.saved_without, child.left_out_with_it) == (None, ())
    fewer = plan_certify(*form.view.now(), max_error=0.2, confidence=0.95, n=60, without=("child",), context=MODELS)
    assert child.saved_without == fewer.saved
    assert (plan.saved or 0) > 0
    said = "\n".join(plan_lines(plan, 12))
    assert "child: v2 labels about" in said
    assert "asks for none that people answer" in said


def test_the_forecast_leaves_a_weak_question_to_people_where_it_is_asked() -> None:
    """As the certificate would: of ten tasks that ask it the model is wrong in nearly all, of the others in none."""
    margin, not_asked = np.linspace(0, 1, 100), np.arange(100) % 10 > 0
    wrong = np.where(not_asked, 0.0, 1.0)
    both, of_both = np.stack([margin, margin]), np.stack([np.zeros(100), wrong])
    asked = np.stack([np.zeros(100, bool), not_asked])
    mood, child, together = forecast_together(both, of_both, n=300, allowed=3, not_asked=asked)
    assert (mood.share, child.share, child.granted) == (1.0, 0.0, 0.0)
    assert 0.85 < together.share < 0.95
    assert forecast_together(both, of_both, n=300, allowed=3)[-1].share < 0.3


def test_a_preview_tells_labels_from_tasks_in_which_nobody_is_asked(form: ConditionalForm) -> None:
    """Estimated from the tasks drawn; the release itself then has about as many."""
    certified(form, max_error=0.3)
    found = preview(form.book, form.view.state.focused("child"), people_only=False)
    facts = released(form)
    sources = [one.source for one in facts.fields[1].rows]
    assert abs(sources.count(Source.MODEL) - found.by_model) <= 20
    assert abs(sources.count(Source.PEOPLE) - found.by_people) <= 20
    assert found.by_model + found.by_people + sum(found.left_out.values()) == 300
    assert abs(found.left_out[NOT_ASKED] - facts.left_out["child"][NOT_ASKED]) <= 20
