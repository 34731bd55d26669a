"""The promises of several fields hold of all at once: the probability that any is broken is the one stated."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete

from labelloop.domain.certification import share_of_delta
from labelloop.domain.predictions import Prediction
from labelloop.domain.records import Certificate, CertifyDraw, ReleaseChunk, ReleaseOrder
from labelloop.domain.release_row import Source
from labelloop.domain.tasks import Annotation, Task
from labelloop.domain.values import Value
from labelloop.rules import Rules
from labelloop.state.release_parts import release_parts
from labelloop.stats.pac import pac_threshold
from labelloop.steps import model_rows
from labelloop.steps.certify import start_attempt
from labelloop.steps.release import order_release
from labelloop.stores.ledger_tables import CERTIFY_TASKS, FACTS
from tests.core.certified_form import certify_all, predict_all, with_models
from tests.core.form import REPLY, Form, answers
from tests.core.made_up import FIELD

pytestmark = pytest.mark.slow

MAX_ERROR, CONFIDENCE, N = 0.1, 0.8, 60
DELTA = 1 - CONFIDENCE


def broken(delta: float, *, fields: int, draws: int) -> float:
    """Return how often any of so many fields breaks its promise: models as sure of all, a little worse than promised.

    That is where a promise is broken most often: once anything is granted, all that was not drawn is the model's.
    """
    rng, pool = np.random.default_rng(3), 4000
    wrong = rng.permuted(np.arange(pool)[None, :].repeat(fields, axis=0) < (MAX_ERROR + 0.001) * pool, axis=1)
    count = 0
    for _ in range(draws):
        drawn = rng.choice(pool, N, replace=False)
        count += any(
            pac_threshold(np.ones(N), one[drawn], max_error=MAX_ERROR, delta=delta, pool=pool).automated
            and one.sum() - one[drawn].sum() > MAX_ERROR * pool
            for one in wrong
        )
    return count / draws


@pytest.mark.parametrize("fields", [2, 3, 5])
def test_fields_that_share_delta_break_no_more_promises_together_than_one_alone(fields: int) -> None:
    """Within three standard errors; where each had all of it, some promise would be broken far more often."""
    draws = 1500
    error = 3 * (DELTA * CONFIDENCE / draws) ** 0.5
    assert broken(share_of_delta(CONFIDENCE, 1, fields), fields=fields, draws=draws) <= DELTA + error
    assert broken(DELTA, fields=fields, draws=draws) > DELTA + error


def test_what_is_finished_under_an_attempt_keeps_all_promises_as_often_as_stated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By simulation through the steps themselves: one draw for both fields, judged, certified and finished."""
    draws, form = 40, with_models(tmp_path, FIELD, REPLY, tasks=260)
    said = {one.deployed_version: made_up(form, one.field.name) for one in form.view.state.fields}
    monkeypatch.setattr(
        model_rows, "answer", lambda _book, fit, tasks, *, context: {t.id: said[fit.version][t.id] for t in tasks}
    )
    worst = [max(one_draw(form, seed).values()) for seed in range(draws)]
    assert np.mean(np.array(worst) > MAX_ERROR) <= DELTA + 3 * (DELTA * CONFIDENCE / draws) ** 0.5
    assert np.mean(np.array(worst) > 0) > 0.5, "labels are left to the models"


def made_up(form: Form, name: str) -> Mapping[int, Prediction]:
    """Return what a model says of a field that is wrong a little more often than promised, and seldom where sure."""
    rng = np.random.default_rng(len(name))
    found = {}
    for task in form.states:
        margin = round(float(rng.random()), 2)
        wrong = rng.random() < 0.3 * (1 - margin)
        found[task] = Prediction(answers(task + int(wrong))[name], margin, 0.5)
    return found


def one_draw(form: Form, seed: int) -> dict[str, float]:
    """Certify with a draw of its own, and return the error of the finished pool by field."""
    view = form.view
    form.connect(Rules(round_size=10, monitor_size=20, seed=seed))
    pool = start_attempt(*view.now(), max_error=MAX_ERROR, confidence=CONFIDENCE, n=N).pool
    before = [form.states[task] for task in view.ledger.certify_tasks(view.id)]
    view.mirror.put([replace(state, annotations=judged(state.task, form)) for state in before])
    certify_all(form)
    errors = {one.field.name: 0.0 for one in view.state.fields}
    if any(one.certificate and one.certificate.granted for one in view.state.attempts):
        order_release(*view.now())
        predict_all(form)
        for parts in release_parts(*view.now()):
            for name, part in zip(errors, parts, strict=True):
                by_model = [(id_, one) for id_, one in part.finished.labels.items() if one.source is Source.MODEL]
                errors[name] += sum(one.value != answers(id_)[name] for id_, one in by_model) / pool
    view.mirror.put(before)
    start_over(form)
    return errors


def judged(task: Task, form: Form) -> tuple[Annotation, ...]:
    """Return what a person says of a task, which is the truth."""
    said: Mapping[str, Value] = answers(task.id)
    return tuple(
        Annotation(100_000 + task.id, task.id, 1, said[name], form.clock, field=name) for name in ("mood", "reply")
    )


def start_over(form: Form) -> None:
    """Forget the attempt, so that the next one is the first again and may spend all of delta."""
    with form.view.ledger.engine.begin() as connection:
        connection.execute(delete(CERTIFY_TASKS))
        for kind in (ReleaseChunk, ReleaseOrder, Certificate, CertifyDraw):
            connection.execute(delete(FACTS[kind]))
