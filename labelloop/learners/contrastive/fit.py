"""The stages of a contrastive fit: a rehearsal that finds the number of steps, the tuning, the export."""

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from labelloop.encoders.encoder_source import own_prefix
from labelloop.learners.base import FitContext
from labelloop.learners.calibration.temperature import fit_temperature
from labelloop.learners.folds import held_out
from labelloop.learners.training.checkpoint import Checkpoint
from labelloop.learners.training.contrastive_tuning import TuningPlan, tune
from labelloop.learners.training.dataset import Dataset
from labelloop.learners.training.early_stopping import EvaluationStep
from labelloop.learners.training.fitted_head import fitted_head
from labelloop.learners.training.sentence_encoder import SentenceEncoder
from labelloop.learners.training.training_errors import out_of_memory_reported

STEPS = 120
"""Steps at most."""
HELD_OUT = 0.25
FEWEST_HELD_OUT = 10
"""Fewer held-out texts tell nothing of when to stop."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How many steps to take, and the temperature to answer with."""

    steps: int
    temperature: float


def tuned_encoder(table: Dataset, folder: Path, context: FitContext) -> float:
    """Write the tuned encoder into a new folder, as it serves; return the temperature for a head on its vectors.

    Killed and tried again it goes on where it was, and ends at the same. Raises UserError where it cannot be done.
    """
    encode = context.encode
    prefix = str(getattr(encode, "prefix", own_prefix(encode.source)))
    max_tokens = int(getattr(encode, "max_tokens", 128))
    stages = _Stages(table, encode.source, prefix, int(getattr(encode, "windows", 1)), context)
    with out_of_memory_reported("contrastive"):
        rehearsal = stages.rehearsal() if len(set(table.values)) > 1 else Rehearsal(0, 1.0)
        encoder = stages.tuned(rehearsal.steps)
        encoder.export(folder, source=encode.source, max_tokens=max_tokens, work=context.path("tuned"))
    context.report(1.0)
    return rehearsal.temperature


@dataclass(frozen=True, slots=True)
class _Stages:
    table: Dataset
    source: str
    prefix: str
    windows: int
    context: FitContext

    def rehearsal(self) -> Rehearsal:
        """Rehearse on a part of the examples, once; too few are not worth it."""
        held = held_out(self.table.truth, HELD_OUT, np.random.default_rng(self.context.seed))
        if held.sum() < FEWEST_HELD_OUT or not _enough(self.table, ~held):
            return Rehearsal(STEPS, 1.0)
        kept = self.context.path("plan.json")
        key = self._key("plan")
        if (known := _recalled(kept, key)) is not None:
            return known
        found = self._rehearsed(np.flatnonzero(~held), np.flatnonzero(held))
        unfinished = kept.with_suffix(".unfinished")
        unfinished.write_text(json.dumps([key, found.steps, found.temperature]), "utf-8")
        unfinished.replace(kept)
        return found

    def tuned(self, steps: int) -> SentenceEncoder:
        encoder = SentenceEncoder(self.source, self.prefix, self.windows)
        rows = np.arange(len(self.table.texts))
        plan = TuningPlan(self.table, rows, STEPS, self.context.part(0.5, 0.95))
        tune(encoder, plan, self._checkpoint("all"), until=steps)
        return encoder

    def _rehearsed(self, shown: NDArray[np.int64], held: NDArray[np.int64]) -> Rehearsal:
        encoder = SentenceEncoder(self.source, self.prefix, self.windows)
        now = time.monotonic()
        half = replace(self.context.part(0.0, 0.5), deadline=now + (self.context.deadline - now) * 0.45)
        plan = TuningPlan(self.table, shown, STEPS, half)

        def evaluate(step: int) -> EvaluationStep:
            vectors = encoder(self.table.texts).astype(np.float64)
            logits = fitted_head(self.table, vectors[shown], shown).logits(vectors[held])
            temperature, loss = fit_temperature(logits, self.table.truth[held], several=self.table.several)
            return EvaluationStep(step, loss, temperature)

        history = tune(encoder, plan, self._checkpoint("rehearsal"), until=STEPS, evaluate=evaluate)
        best = history.best
        assert best is not None
        _log.info("contrastive_rehearsed", steps=best.step, evaluations=history.plain)
        return Rehearsal(best.step, best.temperature)

    def _checkpoint(self, stage: str) -> Checkpoint:
        return Checkpoint(self.context.path(f"{stage}.safetensors"), self._key(stage))

    def _key(self, stage: str) -> str:
        return self.table.digest(stage, self.source, self.prefix, self.windows, self.context.seed)


def _enough(table: Dataset, shown: NDArray[np.bool_]) -> bool:
    return table.several or int(table.truth[shown].any(axis=0).sum()) >= 2


def _recalled(path: Path, key: str) -> Rehearsal | None:
    try:
        known, steps, temperature = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return Rehearsal(steps, temperature) if known == key else None
