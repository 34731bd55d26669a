"""Learners that wait at a gate while they fit, so that tests can kill what runs them; else they are `linear`."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from labelloop.domain.schema import Field
from labelloop.learners.base import Example, FitContext
from labelloop.learners.linear.learner import LinearLabelLearner
from labelloop.learners.linear.model import LinearModel


class SlowLearner(LinearLabelLearner):
    """While the file `gate` exists in $SLOW_LEARNER, a fit waits; it says that it has begun by a file `begun`."""

    name = "slow"

    def fit(self, field: Field, examples: Sequence[Example], context: FitContext) -> LinearModel:
        """Wait at the gate, then fit."""
        folder = Path(os.environ["SLOW_LEARNER"])
        (folder / "begun").touch()
        while (folder / "gate").exists():
            time.sleep(0.05)
        return super().fit(field, examples, context)


class LateLearner(LinearLabelLearner):
    """A learner for the background with a gate of its own, `late-gate`; it goes on from a checkpoint.

    It says by the files `late-begun` and `late-resumed` what it does.
    """

    name = "late"
    background = True

    def fit(self, field: Field, examples: Sequence[Example], context: FitContext) -> LinearModel:
        """Leave a checkpoint, wait at the gate, then fit."""
        folder, checkpoint = Path(os.environ["SLOW_LEARNER"]), context.path("checkpoint")
        (folder / ("late-resumed" if checkpoint.exists() else "late-begun")).touch()
        checkpoint.touch()
        while (folder / "late-gate").exists():
            context.report(0.5)
            time.sleep(0.05)
        return super().fit(field, examples, context)
