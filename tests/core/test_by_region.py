"""Any learner of a kind of answer learns what is said of regions, and its model is read back as it was saved."""

from pathlib import Path

import pytest

from labelloop.domain.default_learners import default_learners
from labelloop.domain.scale import Precision, Scale
from labelloop.domain.schema import Field, Unit
from labelloop.domain.units import asked_text, with_regions
from labelloop.domain.values import (
    ByRegion,
    Choice,
    Choices,
    FieldKind,
    Moment,
    Number,
    Rating,
    Span,
    Text,
    Value,
    same,
)
from labelloop.errors import NothingToLearn
from labelloop.learners.base import Example, FitContext, cost_per_1000, refinement_of
from labelloop.learners.by_region import RegionLearner
from labelloop.learners.by_unit import learner_of, learner_of_saved
from labelloop.plugins import learner
from labelloop.testing import BagOfWords
from tests.core.made_up import LABELS, WORDS

KINDS: dict[FieldKind, tuple[str, ...]] = {
    FieldKind.CHOICE: LABELS,
    FieldKind.CHOICES: LABELS,
    FieldKind.TAXONOMY: LABELS,
    FieldKind.RATING: ("1", "2", "3"),
    FieldKind.TEXT: (),
    FieldKind.NUMBER: (),
    FieldKind.DATETIME: (),
}


def value(kind: FieldKind, label: str, number: int) -> Value:
    """Return what is said of a person who feels so, and stands behind this number."""
    match kind:
        case FieldKind.CHOICE:
            return Choice(label)
        case FieldKind.CHOICES | FieldKind.TAXONOMY:
            return Choices(frozenset({label}))
        case FieldKind.RATING:
            return Rating(LABELS.index(label) + 1, of=3)
        case FieldKind.TEXT:
            return Text(f"{label} 人")
        case FieldKind.NUMBER:
            return Number(number)
        case _:
            return Moment(f"2024-05-{number:02}")


def example(kind: FieldKind, task: int) -> Example:
    """Return a task about two persons."""
    parts, said, at = list[str](), dict[Span, Value](), 0
    for place, name in enumerate(("Ada", "王小明")):
        label, number = LABELS[(task + place * (1 + task // 3)) % 3], 1 + (task * 7 + place * 5) % 28
        shown = f"2024-05-{number:02}" if kind is FieldKind.DATETIME else str(number)
        part = f"{name} felt {WORDS[label][task % 4]} {WORDS[label][task // 4 % 4]} on {shown}"
        said[Span(at, at + len(name), "Person")] = value(kind, label, number)
        parts.append(part)
        at += len(part) + len(" , ")
    answers = ByRegion.of(kind, said)
    return Example(task, asked_text(" , ".join(parts), [answers]), answers)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_usual_learner_of_a_kind_learns_it_of_regions(kind: FieldKind, tmp_path: Path) -> None:
    """Two regions of a text have different answers; nothing is said of a text without regions."""
    scale = Scale(precision=Precision.DATE) if kind is FieldKind.DATETIME else None
    field = Field("said", kind, KINDS[kind], "text", ("text",), unit=Unit.REGION, scale=scale)
    (spec,) = default_learners(kind)
    examples, encode = [example(kind, task) for task in range(48)], BagOfWords(256)
    chosen = learner_of(field, learner(spec))
    assert (chosen.name, kind in chosen.kinds, chosen.background) == (spec, True, False)
    model = chosen.fit(field, examples[:36], FitContext(encode, seed=1))

    texts = [one.text for one in examples[36:]]
    found = model.predict([*texts, with_regions("nobody", ())])
    assert all(field.allows(one.value) for one in found)
    right = [
        same(mine, its)
        for one, known in zip(found, examples[36:], strict=False)
        if isinstance(one.value, ByRegion) and isinstance(known.value, ByRegion)
        for mine, its in one.value.paired(known.value)
    ]
    assert len(right) == 2 * len(texts)
    assert sum(right) / len(right) > (0.4 if kind is FieldKind.TEXT else 0.75)
    assert found[-1].value == ByRegion.of(kind, {})
    assert not found[-1].is_shown
    assert all(0 <= one.margin <= 1 and 0 <= one.confidence <= 1 for one in found)
    assert (cost_per_1000(model), refinement_of(model)) == (0.0, None)

    model.save(tmp_path)
    again = learner_of_saved(tmp_path, learner(spec))
    assert again.load(tmp_path, FitContext(encode)).predict(texts) == found[:-1]


def test_a_field_about_tasks_is_learned_as_it_always_was(tmp_path: Path) -> None:
    """Nothing is wrapped, and nothing is written beside its model."""
    field = Field("said", FieldKind.CHOICE, LABELS, "text", ("text",))
    chosen = learner("linear")
    assert learner_of(field, chosen) is chosen
    assert learner_of_saved(tmp_path, chosen) is chosen


def test_without_any_region_there_is_nothing_to_learn() -> None:
    """As without any label."""
    field = Field("said", FieldKind.CHOICE, LABELS, "text", ("text",), unit=Unit.REGION)
    with pytest.raises(NothingToLearn):
        RegionLearner(learner("linear")).fit(field, [], FitContext(BagOfWords(), seed=1))
