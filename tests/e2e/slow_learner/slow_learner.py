"""A learner that waits at a gate while it fits, so that tests can kill what runs it; else it is `linear`."""

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
