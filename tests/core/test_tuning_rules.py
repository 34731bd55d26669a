"""What learners that tune a network go by: what is held out, when to stop, how sure to be."""

import numpy as np
import pytest

from labelloop.learners.calibration.temperature import IMPOSSIBLE, fit_temperature
from labelloop.learners.folds import held_out
from labelloop.learners.training.early_stopping import EarlyStopping, EvaluationStep


def test_the_last_of_a_label_is_never_held_out() -> None:
    """About a quarter, of each label alike, and what is left still has every label."""
    truth = np.array([[True, False, False]] * 20 + [[False, True, False]] * 20 + [[False, False, True]])
    for seed in range(20):
        held = held_out(truth, 0.25, np.random.default_rng(seed))
        assert 9 <= held.sum() <= 11
        assert truth[~held].any(axis=0).all()
        assert 4 <= held[:20].sum() <= 6


def test_looks_know_the_best_and_when_to_stop() -> None:
    """The first of the best; stale after three that are no better."""
    steps = ((0, 3.0), (20, 1.0), (40, 1.0), (60, 2.0))
    looks = EarlyStopping(tuple(EvaluationStep(step, loss, 1.0) for step, loss in steps))

    assert looks.best == EvaluationStep(20, 1.0, 1.0)
    assert not looks.stale
    assert looks.and_then(EvaluationStep(80, 1.5, 1.0)).stale
    assert not EarlyStopping(()).stale


@pytest.mark.parametrize("several", [False, True], ids=["one label", "several"])
def test_a_dozen_texts_that_happen_to_be_right_do_not_make_a_model_sure(several: bool) -> None:
    """What is right for all of a dozen texts says less than what is right for all of a thousand."""
    truth = np.eye(3, dtype=bool)[np.arange(999) % 3]
    logits = np.where(truth, 2.0, -2.0)
    lucky, _ = fit_temperature(logits[:12], truth[:12], several=several)
    known, loss = fit_temperature(logits, truth, several=several)

    assert 0.4 < lucky < 1.1
    assert known < 0.6 * lucky
    assert loss < 0.01


def test_a_label_that_was_never_seen_does_not_change_the_temperature() -> None:
    """Stars that nobody gave have next to no probability, at whatever temperature."""
    truth = np.eye(4, dtype=bool)[np.arange(12) % 3]
    logits = np.where(truth, 2.0, -2.0)
    logits[:, 3] = IMPOSSIBLE

    assert fit_temperature(logits, truth, several=False) == pytest.approx(
        fit_temperature(logits[:, :3], truth[:, :3], several=False)
    )
