"""Learners that wait at a gate while they fit, so that tests can kill what runs them; else they are `linear`."""

import os
import time
from pathlib import Path

from labelloop.learners.linear import LinearLearner


class SlowLearner(LinearLearner):
    """While the file `gate` exists in $SLOW_LEARNER, a fit waits; it says that it has begun by a file `begun`."""

    name = "slow"

    def fit(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        """Wait at the gate, then fit."""
        folder = Path(os.environ["SLOW_LEARNER"])
        (folder / "begun").touch()
        while (folder / "gate").exists():
            time.sleep(0.05)
        return super().fit(*args, **kwargs)


class LateLearner(LinearLearner):
    """A learner for the background with a gate of its own, `late-gate`; it goes on from a checkpoint.

    It says by the files `late-begun` and `late-resumed` what it does.
    """

    name = "late"
    background = True

    def fit(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        """Leave a checkpoint, wait at the gate, then fit."""
        folder, scratch = Path(os.environ["SLOW_LEARNER"]), kwargs["scratch"]
        checkpoint = scratch.directory / "checkpoint"
        (folder / ("late-resumed" if checkpoint.exists() else "late-begun")).touch()
        checkpoint.touch()
        while (folder / "late-gate").exists():
            scratch.report(0.5)
            time.sleep(0.05)
        return super().fit(*args, **kwargs)
