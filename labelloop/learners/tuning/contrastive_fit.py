"""The stages of a contrastive fit: a rehearsal that finds the number of steps, the tuning, the export."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from labelloop.encoders.source import own_prefix
from labelloop.learners.base import Encode, Scratch
from labelloop.learners.tuning.checkpoint import Checkpoint
from labelloop.learners.tuning.contrast import Course, tune
from labelloop.learners.tuning.faults import told_plainly
from labelloop.learners.tuning.head import fitted_head
from labelloop.learners.tuning.looks import Look
from labelloop.learners.tuning.material import Material, held_out
from labelloop.learners.tuning.scores import best_temperature
from labelloop.learners.tuning.sentence import SentenceEncoder

STEPS = 120
"""Steps at most."""
HELD_OUT = 0.25
WORTH_A_LOOK = 10
"""Fewer held-out texts tell nothing of when to stop."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Plan:
    """How many steps to take, and the temperature to answer with."""

    steps: int
    temperature: float


def tuned_encoder(table: Material, folder: Path, *, encode: Encode, seed: int, scratch: Scratch) -> float:
    """Write the tuned encoder into a new folder, as it serves; return the temperature for a head on its vectors.

    Killed and tried again it goes on where it was, and ends at the same. Raises UserError where it cannot be done.
    """
    prefix = str(getattr(encode, "prefix", own_prefix(encode.source)))
    max_tokens = int(getattr(encode, "max_tokens", 128))
    stages = _Stages(table, encode.source, prefix, seed, scratch)
    with told_plainly("contrastive"):
        plan = stages.plan() if len(set(table.values)) > 1 else Plan(0, 1.0)
        encoder = stages.tuned(plan)
        encoder.export(folder, source=encode.source, max_tokens=max_tokens, work=scratch.directory / "tuned")
    scratch.report(1.0)
    return plan.temperature


@dataclass(frozen=True, slots=True)
class _Stages:
    table: Material
    source: str
    prefix: str
    seed: int
    scratch: Scratch

    def plan(self) -> Plan:
        """Rehearse on a part of the examples, once; too few are not worth it."""
        held = held_out(self.table.truth, HELD_OUT, np.random.default_rng(self.seed))
        if held.sum() < WORTH_A_LOOK or not _enough(self.table, ~held):
            return Plan(STEPS, 1.0)
        kept = self.scratch.directory / "plan.json"
        key = self._key("plan")
        if (known := _recalled(kept, key)) is not None:
            return known
        plan = self._rehearsed(np.flatnonzero(~held), np.flatnonzero(held))
        unfinished = kept.with_suffix(".unfinished")
        unfinished.write_text(json.dumps([key, plan.steps, plan.temperature]), "utf-8")
        unfinished.replace(kept)
        return plan

    def tuned(self, plan: Plan) -> SentenceEncoder:
        """Tune on all examples."""
        encoder = SentenceEncoder(self.source, self.prefix)
        rows = np.arange(len(self.table.texts))
        course = self._course(rows, self.scratch.deadline, lambda share: self.scratch.report(0.5 + 0.45 * share))
        tune(encoder, course, self._checkpoint("all"), until=plan.steps)
        return encoder

    def _rehearsed(self, shown: NDArray[np.int64], held: NDArray[np.int64]) -> Plan:
        encoder = SentenceEncoder(self.source, self.prefix)
        now = time.monotonic()
        course = self._course(
            shown, now + (self.scratch.deadline - now) * 0.45, lambda share: self.scratch.report(0.5 * share)
        )

        def look(step: int) -> Look:
            vectors = encoder(self.table.texts).astype(np.float64)
            logits = fitted_head(self.table, vectors[shown], shown).logits(vectors[held])
            temperature, loss = best_temperature(logits, self.table.truth[held], several=self.table.several)
            return Look(step, loss, temperature)

        looks = tune(encoder, course, self._checkpoint("rehearsal"), until=STEPS, look=look)
        best = looks.best
        assert best is not None
        _log.info("contrastive_rehearsed", steps=best.step, looks=looks.plain)
        return Plan(best.step, best.temperature)

    def _course(self, rows: NDArray[np.int64], deadline: float, report: Callable[[float], None]) -> Course:
        return Course(self.table, rows, STEPS, self.seed, deadline, report)

    def _checkpoint(self, stage: str) -> Checkpoint:
        return Checkpoint(self.scratch.directory / f"{stage}.safetensors", self._key(stage))

    def _key(self, stage: str) -> str:
        return self.table.digest(stage, self.source, self.prefix, self.seed)


def _enough(table: Material, shown: NDArray[np.bool_]) -> bool:
    return table.several or int(table.truth[shown].any(axis=0).sum()) >= 2


def _recalled(path: Path, key: str) -> Plan | None:
    try:
        known, steps, temperature = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return Plan(steps, temperature) if known == key else None
