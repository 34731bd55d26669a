"""The calibration error by hand."""

import numpy as np
import pytest

from benchmarks._reliability import calibration_error, reliability


def test_the_calibration_error_by_hand() -> None:
    """Two bins: 4 answers at 0.9 of which 2 are right, 6 at 0.6 of which 3 are: 0.4 * 0.4 + 0.6 * 0.1."""
    confidence = np.array([0.9] * 4 + [0.6] * 6)
    right = np.array([1, 1, 0, 0, 1, 1, 1, 0, 0, 0], np.bool_)

    assert calibration_error(confidence, right, bins=10) == pytest.approx(0.22)
    low, high = reliability(confidence, right, bins=10)
    assert (low.low, low.high, low.n, low.accuracy) == (0.5, 0.6, 6, 0.5)
    assert (high.low, high.high, high.n, high.accuracy) == (0.8, 0.9, 4, 0.5)
    assert [low.confidence, high.confidence] == pytest.approx([0.6, 0.9])


def test_every_answer_is_in_one_bin() -> None:
    """The ends 0 and 1 too."""
    confidence = np.append(np.random.default_rng(0).random(500), [0.0, 1.0])

    assert sum(b.n for b in reliability(confidence, confidence > 0.5)) == 502
    assert calibration_error(np.empty(0), np.empty(0, np.bool_)) is None
