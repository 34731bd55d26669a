"""What any learner of a kind of answer can say of regions: it reads each as a text of its own, and knows no regions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

from labelloop.domain.predictions import Prediction
from labelloop.domain.refinement import Refinement
from labelloop.domain.schema import PLAIN_TEXT, Field
from labelloop.domain.units import regions_in, regions_of
from labelloop.domain.values import ByRegion, FieldKind, Span
from labelloop.learners.base import (
    Example,
    FitContext,
    Learner,
    Model,
    ModelContext,
    Paid,
    cost_per_1000,
    refinement_of,
)
from labelloop.learners.portions import asked_in_portions
from labelloop.llm.llm_client import Estimate

REGIONS_FILE = "regions.json"
_INPUTS = ("part", "text")
_INNER = "of_one_region"


@dataclass(frozen=True, slots=True)
class RegionModel:
    """Implements Model: answers about every region that a text names, see `with_regions`; of others it says nothing.

    Its confidence is the probability that all answers are right, if they were independent; its margin the smallest.
    `per_task` is how many regions the tasks had that it was fitted to, on average.
    """

    kind: FieldKind
    inner: Model
    per_task: float

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one answer per text, without any confidence where no region is named."""
        asked = [_asked(text) for text in texts]
        questions = [question for questions in asked for question in questions.values()]
        said = iter(asked_in_portions(self.inner, questions))
        return [self._joined({span: next(said) for span in questions}) for questions in asked]

    def save(self, directory: Path) -> None:
        """Write the model that knows no regions into a folder of its own, and beside it what it is asked about."""
        (directory / REGIONS_FILE).write_text(json.dumps({"kind": self.kind.value, "per_task": self.per_task}))
        (directory / _INNER).mkdir()
        self.inner.save(directory / _INNER)

    @property
    def refinement(self) -> Refinement | None:
        """Return which guideline went into it, if any did."""
        return refinement_of(self.inner)

    def _joined(self, said: dict[Span, Prediction]) -> Prediction:
        value = ByRegion.of(self.kind, {span: one.value for span, one in said.items()})
        if not said:
            return Prediction(value, 0.0, 0.0, fallback=True)
        every = said.values()
        confidence = prod(one.confidence for one in every)
        return Prediction(value, min(one.margin for one in every), confidence, any(one.fallback for one in every))


@dataclass(frozen=True, slots=True)
class PaidRegionModel(RegionModel):
    """A RegionModel that asks an LLM."""

    @property
    def cost_per_1000(self) -> float:
        """Return what 1,000 tasks cost that have as many regions as those it was fitted to."""
        return cost_per_1000(self.inner) * self.per_task

    def estimate(self, texts: Sequence[str]) -> Estimate:
        """Return what predicting for the texts would cost at most, without asking the LLM.

        A text without regions is taken to have as many as usual.
        """
        assert isinstance(self.inner, Paid)
        usual = max(1, round(self.per_task))
        return self.inner.estimate([one for text in texts for one in list(_asked(text).values()) or [text] * usual])


class RegionLearner:
    """Implements Learner: fits another one to the regions of the tasks, each a text with what stands around it."""

    def __init__(self, inner: Learner) -> None:
        self.inner = inner
        self.name, self.kinds, self.background = inner.name, inner.kinds, inner.background

    def fit(self, field: Field, examples: Sequence[Example], context: FitContext) -> RegionModel:
        """Fit a model to the regions; raises as the other learner does.

        Nobody knows which parts of unlabelled texts are regions, so those help no learner here.
        """
        about = replace(field.of_one_region, inputs=_INPUTS, reads=PLAIN_TEXT)
        found = [one for example in examples for one in _examples(example)]
        model = self.inner.fit(about, found, replace(context, pool=()))
        return _wrapped(field.kind, model, len(found) / len(examples) if examples else 1.0)

    def load(self, directory: Path, context: ModelContext) -> RegionModel:
        """Read back what the model's `save` wrote."""
        found = json.loads((directory / REGIONS_FILE).read_text())
        model = self.inner.load(directory / _INNER, context)
        return _wrapped(FieldKind(found["kind"]), model, float(found["per_task"]))


def _wrapped(kind: FieldKind, model: Model, per_task: float) -> RegionModel:
    return (PaidRegionModel if isinstance(model, Paid) else RegionModel)(kind, model, per_task)


def _asked(text: str) -> dict[Span, str]:
    """Return what is asked about each region that the text names."""
    plain, regions = regions_in(text)
    return {region.span: region.text(plain, regions.spans) for region in regions_of(0, regions)}


def _examples(example: Example) -> list[Example]:
    asked = _asked(example.text)
    answers = example.value.by_span if isinstance(example.value, ByRegion) else {}
    return [Example(example.task_id, asked[span], said) for span, said in answers.items()]
