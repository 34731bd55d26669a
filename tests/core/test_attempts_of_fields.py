"""Attempts to certify one field after another: they are the project's, and share its probability to fail."""

from pathlib import Path

import pytest

from labelloop.domain.tasks import Role
from labelloop.steps.certify import certify, start_attempt
from tests.core.form import REPLY, RULES, Form, turn
from tests.core.made_up import FIELD, MODELS

pytestmark = pytest.mark.slow


def test_an_attempt_for_another_field_is_the_projects_next(tmp_path: Path) -> None:
    """It has a number and tasks of its own, and may fail with half the probability."""
    form = Form(tmp_path, RULES)
    form.change_fields(FIELD, REPLY)
    form.import_tasks(range(1, 301))
    form.say(form.untouched(24))
    for person in (1, 2):
        form.say(form.of(Role.MONITOR), person)
    turn(form)

    form.change_field(FIELD)
    first = start_attempt(*form.view.now(), max_error=0.1, confidence=0.95, n=60)
    drawn = form.of(Role.CERTIFY)
    form.say(drawn)
    certify(*form.view.now(), context=MODELS)

    form.change_field(REPLY)
    second = start_attempt(*form.view.now(), max_error=0.1, confidence=0.95, n=60)
    assert [(one.number, one.version, one.delta) for one in (first, second)] == [(1, "v1", 0.05), (2, "v2", 0.025)]
    assert len(form.of(Role.CERTIFY)) == 60
    assert not set(form.of(Role.CERTIFY)) & set(drawn)
    form.say(form.of(Role.CERTIFY))
    found = certify(*form.view.now(), context=MODELS)
    assert (found.number, found.version) == (2, "v2")
