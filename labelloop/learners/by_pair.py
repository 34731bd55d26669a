"""What any learner of one choice can say of relations: it reads each pair of regions as a text of its own."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

from labelloop.domain.predictions import Prediction
from labelloop.domain.relations import Relation, Relations
from labelloop.domain.schema import PLAIN_TEXT, Field, Unit
from labelloop.domain.units import Pair, pairs_of, regions_in
from labelloop.domain.values import Choice, FieldKind, Span
from labelloop.learners.base import Example, FitContext, Learner, Model, ModelContext
from labelloop.learners.portions import asked_in_portions

PAIRS_FILE = "pairs.json"
_INPUTS = ("part", "text")
_INNER = "of_one_pair"
_NONE = "none"

Way = tuple[str, bool]
"""A label, and whether it leads from the first region in the text to the second."""
Ways = frozenset[Way]


@dataclass(frozen=True, slots=True)
class PairModel:
    """Implements Model: says how the regions that a text names are related, see `with_regions`.

    `answers` are the ways in which two regions were related where it was fitted, by the label that the other model
    knows each by. Its confidence is the probability that it is right of all pairs, if they were independent; its margin
    the smallest. Regions that are not asked about, being too many or too far apart, it does not relate.
    """

    answers: Mapping[str, Ways]
    inner: Model

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one answer per text, without any confidence where no pair of regions is named."""
        asked = [_asked(text) for text in texts]
        questions = [question for _, pairs in asked for question in pairs.values()]
        said = iter(asked_in_portions(self.inner, questions))
        return [self._joined(regions, {pair: next(said) for pair in pairs}) for regions, pairs in asked]

    def save(self, directory: Path) -> None:
        """Write the model that knows no pairs into a folder of its own, and beside it what its labels mean."""
        known = {name: [list(way) for way in sorted(ways)] for name, ways in self.answers.items()}
        (directory / PAIRS_FILE).write_text(json.dumps(known, ensure_ascii=False), "utf-8")
        (directory / _INNER).mkdir()
        self.inner.save(directory / _INNER)

    def _joined(self, regions: frozenset[Span], said: Mapping[Pair, Prediction]) -> Prediction:
        related = (one for pair, found in said.items() for one in self._relations(pair, found))
        value = Relations(regions, frozenset(related))
        if not said:
            return Prediction(value, 0.0, 0.0, fallback=True)
        every = said.values()
        confidence = prod(one.confidence for one in every)
        return Prediction(value, min(one.margin for one in every), confidence, any(one.fallback for one in every))

    def _relations(self, pair: Pair, found: Prediction) -> Iterable[Relation]:
        ways = self.answers.get(found.value.label, frozenset[Way]()) if isinstance(found.value, Choice) else ()
        ends = (pair.head, pair.tail)
        return [Relation(*(ends if forwards else ends[::-1]), label) for label, forwards in ways]


class PairLearner:
    """Implements Learner: fits another one to pairs of the tasks' regions, each a text in which both are marked.

    Each way in which two regions are related somewhere, or not at all, is a label that it chooses from.
    """

    def __init__(self, inner: Learner) -> None:
        self.inner = inner
        self.name, self.background = inner.name, inner.background
        self.kinds = frozenset({FieldKind.CHOICES} if FieldKind.CHOICE in inner.kinds else ())

    def fit(self, field: Field, examples: Sequence[Example], context: FitContext) -> PairModel:
        """Fit a model to the pairs; raises as the other learner does, as where no two regions are ever related.

        Nobody knows which parts of unlabelled texts are regions, so those help no learner here.
        """
        found = [one for example in examples for one in _pairs(example)]
        answers = {_name(ways): ways for _, _, ways in found}
        about = replace(
            field,
            kind=FieldKind.CHOICE,
            labels=tuple(sorted(answers)),
            unit=Unit.ONE_PAIR,
            inputs=_INPUTS,
            reads=PLAIN_TEXT,
            renames=(),
        )
        learned = [Example(task, text, Choice(_name(ways))) for task, text, ways in found]
        return PairModel(answers, self.inner.fit(about, learned, replace(context, pool=())))

    def load(self, directory: Path, context: ModelContext) -> PairModel:
        """Read back what the model's `save` wrote."""
        found = json.loads((directory / PAIRS_FILE).read_text("utf-8"))
        answers = {name: frozenset((label, forwards) for label, forwards in ways) for name, ways in found.items()}
        return PairModel(answers, self.inner.load(directory / _INNER, context))


def _asked(text: str) -> tuple[frozenset[Span], dict[Pair, str]]:
    """Return the regions that the text names, and what is asked about each pair of them."""
    plain, regions = regions_in(text)
    return regions.spans, {pair: pair.text(plain, regions.spans) for pair in pairs_of(0, regions)}


def _pairs(example: Example) -> Iterable[tuple[int, str, Ways]]:
    """Yield what is said of each pair of an example's regions, beside its text."""
    _, asked = _asked(example.text)
    related = example.value.relations if isinstance(example.value, Relations) else frozenset[Relation]()
    for pair, text in asked.items():
        there = {(one.label, True) for one in related if (one.head, one.tail) == (pair.head, pair.tail)}
        back = {(one.label, False) for one in related if (one.head, one.tail) == (pair.tail, pair.head)}
        yield example.task_id, text, frozenset(there | back)


def _name(ways: Ways) -> str:
    return " ".join(f"{label} {'→' if forwards else '←'}" for label, forwards in sorted(ways)) or _NONE
