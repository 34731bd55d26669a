"""The promise of a field that is not asked of every task holds of all rows, whatever the models and their ranking."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from labelloop.domain.asked import Answer
from labelloop.domain.predictions import Prediction
from labelloop.domain.row_answers import RowAnswer, rows_of_models
from labelloop.domain.task_rows import row_of, row_similarity
from labelloop.domain.values import Choice, Value
from labelloop.rules import Rules
from labelloop.state.release_parts import release_parts
from labelloop.stats.pac import pac_threshold
from labelloop.steps import model_rows
from labelloop.steps.certify import start_attempt
from labelloop.steps.release import order_release
from tests.core import conditional_form
from tests.core.certified_form import certify_all, predict_all
from tests.core.conditional_form import ASKED, CHILD, ConditionalForm
from tests.core.made_up import FIELD, LABELS, truth
from tests.core.test_promise_of_fields import start_over

pytestmark = pytest.mark.slow

MAX_ERROR, CONFIDENCE, N, POOL = 0.1, 0.8, 60, 1000
DELTA = 1 - CONFIDENCE
FIELDS = {"mood": FIELD, "child": CHILD}


@dataclass(frozen=True)
class Models:
    """Two made-up models: how often each is wrong, and whether they are the surer the likelier they are wrong."""

    parent_wrong: float
    child_wrong: float
    upside_down: bool = False
    as_sure_of_all: bool = False

    def say(self, truths: Mapping[int, Mapping[str, Value]]) -> dict[str, dict[int, Prediction]]:
        """Return what they say of the tasks."""
        return {
            "mood": self._said(truths, self.parent_wrong, {task: one["mood"] for task, one in truths.items()}, LABELS),
            "child": self._said(
                truths,
                self.child_wrong,
                {task: one.get("child", Choice("no")) for task, one in truths.items()},
                ("yes", "no"),
            ),
        }

    def _said(
        self, tasks: Mapping[int, object], rate: float, true: Mapping[int, Value], labels: tuple[str, ...]
    ) -> dict[int, Prediction]:
        rng = np.random.default_rng([len(labels), round(1000 * rate)])
        found = {}
        for task in tasks:
            margin = 0.5 if self.as_sure_of_all else round(float(rng.random()), 3)
            chance = rate if self.as_sure_of_all else 2 * rate * (margin if self.upside_down else 1 - margin)
            others = [Choice(label) for label in labels if Choice(label) != true[task]]
            said = others[rng.integers(len(others))] if rng.random() < chance else true[task]
            found[task] = Prediction(said, margin, 0.5)
        return found


def world() -> dict[int, dict[str, Value]]:
    """Return what people say of the tasks of a pool: half of them ask the question."""
    rng = np.random.default_rng(5)
    moods = [ASKED if rng.random() < 0.5 else LABELS[1 + rng.integers(2)] for _ in range(POOL)]
    return {
        task: {
            "mood": Choice(mood),
            **({"child": Choice("yes" if rng.random() < 0.5 else "no")} if mood == ASKED else {}),
        }
        for task, mood in enumerate(moods)
    }


def broken(
    rows: Mapping[int, RowAnswer], truths: Mapping[int, Answer], judged: NDArray[np.bool_]
) -> tuple[float, float]:
    """Return how often the promise of all rows is broken, and which share of them models fill in on average.

    `judged`, shape (pool,), says where the certificate takes the model to be wrong.
    """
    margin = np.array([rows[task].margin for task in range(POOL)])
    wrong = np.array([row_similarity(rows[task].answer, truths[task]) < 1 for task in range(POOL)])
    rng, count, filled, draws = np.random.default_rng(3), 0, 0.0, 600
    for _ in range(draws):
        drawn = rng.choice(POOL, N, replace=False)
        rest = np.setdiff1d(np.arange(POOL), drawn)
        found = pac_threshold(margin[drawn], judged[drawn], max_error=MAX_ERROR, delta=DELTA, pool=POOL)
        released = rest[margin[rest] >= found.threshold]
        count += wrong[released].sum() > MAX_ERROR * POOL
        filled += len(released) / POOL / draws
    return count / draws, filled


def child_rows(models: Models) -> tuple[dict[int, RowAnswer], dict[int, Answer]]:
    """Return what the models' rows say of the question, and what people's do."""
    truths = world()
    rows = rows_of_models(FIELDS, truths, models.say(truths))["child"]
    return rows, {task: row_of(FIELDS, one)["child"] for task, one in truths.items()}


SEVERAL = {
    "both good, and surer where right": Models(0.05, 0.05),
    "the parent is often wrong": Models(0.3, 0.02),
    "the question is often wrong": Models(0.02, 0.3),
    "the surer the likelier wrong": Models(0.1, 0.1, upside_down=True),
    "hardly ever right where sure": Models(0.4, 0.4, upside_down=True),
    "as sure of all, a little worse than promised": Models(0.075, 0.1, as_sure_of_all=True),
}


@pytest.mark.parametrize("models", SEVERAL.values(), ids=list(SEVERAL))
def test_the_promise_of_all_rows_is_broken_no_more_often_than_stated(models: Models) -> None:
    """A row is wrong where the answer is another one, and where only one side asks; within three standard errors."""
    rows, truths = child_rows(models)
    judged = np.array([row_similarity(rows[task].answer, truths[task]) < 1 for task in range(POOL)])
    often, _ = broken(rows, truths, judged)
    assert often <= DELTA + 3 * (DELTA * CONFIDENCE / 600) ** 0.5


def test_models_that_are_right_where_they_are_sure_fill_in_most_rows() -> None:
    """Otherwise a promise would be kept by promising nothing."""
    rows, truths = child_rows(SEVERAL["both good, and surer where right"])
    judged = np.array([row_similarity(rows[task].answer, truths[task]) < 1 for task in range(POOL)])
    assert broken(rows, truths, judged)[1] > 0.7


def test_a_certificate_of_the_answers_alone_would_break_it() -> None:
    """One that only counts wrong answers where both sides ask overlooks a parent that is often wrong."""
    rows, truths = child_rows(SEVERAL["the parent is often wrong"])
    both = [isinstance(rows[task].answer, Choice) and isinstance(truths[task], Choice) for task in range(POOL)]
    judged = np.array([both[task] and rows[task].answer != truths[task] for task in range(POOL)])
    assert broken(rows, truths, judged)[0] > 0.9


def test_what_is_finished_under_an_attempt_keeps_the_promise_of_each_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By simulation through the steps themselves: one draw, judged, certified, predicted and finished."""
    draws, form = 25, ConditionalForm(tmp_path, tasks=260)
    truths = {task: {name: one for name, one in conditional_form.answers(task).items() if one} for task in form.states}
    said = Models(0.1, 0.1).say(truths)
    by_version = {one.deployed_version: said[one.field.name] for one in form.view.state.fields}
    monkeypatch.setattr(
        model_rows, "answer", lambda _book, fit, tasks, *, context: {t.id: by_version[fit.version][t.id] for t in tasks}
    )
    found = [one_draw(form, seed) for seed in range(draws)]
    often = np.mean([any(error > MAX_ERROR for error in errors.values()) for errors, _ in found])
    assert often <= DELTA + 3 * (DELTA * CONFIDENCE / draws) ** 0.5
    assert np.mean([filled for _, filled in found]) > 0, "rows are left to the models"


def one_draw(form: ConditionalForm, seed: int) -> tuple[dict[str, float], int]:
    """Certify with a draw of its own; return the finished pool's error by field, and how many rows are the models'."""
    view = form.view
    form.connect(Rules(round_size=10, monitor_size=20, seed=seed))
    pool = start_attempt(*view.now(), max_error=MAX_ERROR, confidence=CONFIDENCE, n=N).pool
    before = {task: form.states[task] for task in view.ledger.certify_tasks(view.id)}
    form.say(before)
    certify_all(form)
    errors, filled = {one.field.name: 0.0 for one in view.state.fields}, 0
    if any(one.certificate and one.certificate.granted for one in view.state.attempts):
        order_release(*view.now())
        predict_all(form)
        touched = view.state.tasks.annotators.keys()
        for parts in release_parts(*view.now()):
            waiting = {task for part in parts for task in part.finished.waiting}
            filled += len(parts[0].tasks.keys() - waiting - touched)
            for name, part in zip(errors, parts, strict=True):
                ours = part.tasks.keys() - waiting - touched
                errors[name] += sum(part.finished.says(id_) != conditional_form.row(id_)[name] for id_ in ours) / pool
    form.states |= before
    view.mirror.put(list(before.values()))
    start_over(form)
    return errors, filled


def test_the_made_up_form_asks_its_question_of_a_third_of_the_tasks() -> None:
    """So that both kinds of error can occur."""
    assert sum(truth(task) == ASKED for task in range(300)) == 100
