"""Rounds over a labelled file: the product's roles, learners and strategies, with the file in the place of people.

It calls what the steps call, not the steps themselves, since there is neither a ledger nor a queue to keep: a curve
over three seeds takes seconds instead of minutes. As in a project, audit tasks are drawn by `draw_roles`, near-copies
of them are not learned from, every candidate learns from the same labels, the best of them on the audit tasks orders
what is labelled next, and no test text is ever seen. Unlike there, a round closes at exactly the numbers asked for,
people always agree, and a round is judged by its own models, even where the promotion rule would keep an older one.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from labelloop.domain.schema import Field
from labelloop.domain.values import Value, similarity
from labelloop.errors import NothingToLearn
from labelloop.learners.base import Model, ModelContext
from labelloop.learners.by_unit import learner_of
from labelloop.plugins import learner, strategy
from labelloop.simulate.data_split import Parts, parts
from labelloop.simulate.figures import Figures, figures
from labelloop.simulate.labelled_texts import Labelled, LabelledText
from labelloop.simulate.replay_plan import Plan
from labelloop.strategies.base import Candidates

CHAMPION = "champion"


@dataclass(frozen=True, slots=True)
class Point:
    """How good a round's model was on the test texts, and how many seconds its fit took.

    `learner` is as the plan has it, or `champion` for the best of several on the audit tasks.
    """

    seed: int
    strategy: str
    learner: str
    labels: int
    figures: Figures
    seconds: float


@dataclass(frozen=True, slots=True)
class _Fitted:
    spec: str
    model: Model
    agreement: float
    figures: Figures
    seconds: float


def replay(
    data: Labelled, plan: Plan, *, seed: int, context: ModelContext, tick: Callable[[], None]
) -> Iterator[Point]:
    """Yield the points of one run, round by round; `tick` is called after every fit.

    Raises UserError if the file has too few texts for the rounds, or a learner cannot learn its kind of field.
    """
    split = parts(data, seed=seed, encode=context.encode)
    plan.require(data.field, len(split.train))
    rng = np.random.default_rng(seed)
    known: list[int] = []
    fitted: list[_Fitted] = []
    for wanted in plan.rounds:
        candidates = _candidates(data.field, split, known, fitted)
        known += strategy(plan.strategy)(candidates, wanted - len(known), rng)
        fitted = []
        for spec in plan.specs(data.field, wanted):
            fitted += _fit(data.field, split, known, spec, seed, context)
            tick()
        fitted.sort(key=lambda one: -one.agreement)
        groups = plan.groups(data.field, wanted)
        if len(groups) > 1:
            groups[CHAMPION] = plan.specs(data.field, wanted)
        for name, group in groups.items():
            yield from _point(name, [one for one in fitted if one.spec in group], seed, plan.strategy, wanted)


def _candidates(field: Field, split: Parts, known: Sequence[int], fitted: Sequence[_Fitted]) -> Candidates:
    """Return the texts nobody has labelled, as the best model sees them, and as the second best may be asked."""
    ids = split.unknown(known)
    texts = split.texts(ids)
    answers = fitted[0].model.predict(texts) if fitted else None

    def rivals() -> tuple[Value, ...] | None:
        return tuple(answer.value for answer in fitted[1].model.predict(texts)) if len(fitted) > 1 else None

    return Candidates(
        ids=np.array(ids, dtype=np.int64),
        vectors=split.vectors[ids],
        margins=None if answers is None else np.array([answer.margin for answer in answers]),
        guesses=None if answers is None else tuple(answer.value for answer in answers),
        labelled=split.vectors[list(known)],
        label_count=len(field.labels),
        settled=tuple(split.train[id_].value for id_ in known),
        rivals=rivals,
    )


def _fit(
    field: Field, split: Parts, known: Sequence[int], spec: str, seed: int, context: ModelContext
) -> Iterator[_Fitted]:
    """Yield what a recipe makes of the labels, unless it finds nothing to learn in them."""
    examples, pool = split.examples(known), split.texts(split.unknown(known))
    with tempfile.TemporaryDirectory(prefix="labelloop-") as folder:
        started = time.perf_counter()
        try:
            fitting = context.to_fit(Path(folder), pool=pool, seed=seed)
            model = learner_of(field, learner(spec)).fit(field, examples, fitting)
        except NothingToLearn:
            return
        seconds = time.perf_counter() - started
    audit, test = _answered(model, split.audit), _answered(model, split.test)
    agreement = float(np.mean([similarity(*pair) for pair in audit])) if audit else 0.0
    yield _Fitted(spec, model, agreement, figures(test), seconds)


def _answered(model: Model, rows: Sequence[LabelledText]) -> list[tuple[Value, Value]]:
    answers = model.predict([row.asked for row in rows]) if rows else []
    return [(row.value, answer.value) for row, answer in zip(rows, answers, strict=True)]


def _point(name: str, fitted: Sequence[_Fitted], seed: int, named: str, labels: int) -> Iterator[Point]:
    if fitted:
        yield Point(seed, named, name, labels, fitted[0].figures, sum(one.seconds for one in fitted))
