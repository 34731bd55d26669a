"""A field under a condition, without Label Studio: what is chosen for it, and what the queue shows of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from labelloop.domain.asked import parents_first
from labelloop.domain.conditions import Condition, Requirement
from labelloop.domain.schema import Field
from labelloop.domain.values import Choice
from labelloop.steps.order_queue import order_queue
from tests.core.form import REPLY, RULES, Form, turn
from tests.core.made_up import FIELD, LABELS, MODELS

ASKED = Choice(LABELS[0])
CHILD = replace(REPLY, condition=Condition((Requirement(("mood",), (ASKED.label,)),)))


@pytest.mark.parametrize("fields", [(FIELD, CHILD), (CHILD, FIELD)], ids=["parent-first", "child-first"])
def test_a_child_is_chosen_for_and_shown_where_the_predicted_parent_asks_for_it(
    tmp_path: Path, fields: tuple[Field, ...]
) -> None:
    """Elsewhere people would not see it, and it would stay in their annotation; audit tasks are blind anyway."""
    form = Form(tmp_path, RULES)
    form.change_fields(*fields)
    form.import_tasks(range(1, 121))
    form.say(form.untouched(24))
    turn(form)

    head = order_queue(*form.view.now(), context=MODELS)
    assert head is not None
    shown = [item.predictions for item in head.items if item.predictions]
    assert {found["mood"].value == ASKED for found in shown} == {True, False}
    assert all(("reply" in found) is (found["mood"].value == ASKED) for found in shown)
    for_child = [item for item in head.items if item.chosen_for == "reply"]
    assert for_child
    assert all(item.predictions["mood"].value == ASKED for item in for_child)


def test_fields_come_after_what_they_depend_on_and_else_as_they_stand() -> None:
    """A chain, written the other way round."""
    other = replace(FIELD, name="other")
    grandchild = replace(CHILD, name="grandchild", condition=Condition((Requirement(("reply",), ("yes",)),)))
    assert parents_first([grandchild, CHILD, other, FIELD]) == [other, FIELD, CHILD, grandchild]
    assert parents_first([other, FIELD]) == [other, FIELD]
