"""Models of regions and of pairs ask about many of them a portion at a time."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from labelloop.domain.predictions import Prediction
from labelloop.domain.units import with_regions
from labelloop.domain.values import Choice, FieldKind, Span
from labelloop.learners.by_pair import PairModel
from labelloop.learners.by_region import RegionModel


class Echoes:
    """Implements Model: answers with the words that are asked about, and remembers how many it was asked at once."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        self.asked.append(len(texts))
        return [Prediction(Choice("is" if "7" in text else "none"), 0.5, 1 / (1 + len(text))) for text in texts]

    def save(self, directory: Path) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("about", ["regions", "pairs"])
def test_a_request_for_many_tasks_takes_the_memory_of_one_portion(about: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Portions end anywhere; a task's answers go to the task, and one without any question asks none."""
    inner = Echoes()
    of_pairs = PairModel({"is": frozenset({("same", True)}), "none": frozenset()}, inner)
    model = of_pairs if about == "pairs" else RegionModel(FieldKind.CHOICE, inner, 1.0)
    texts = [
        with_regions(f"{n} and {n + 1} or {n + 2}", [Span(0, 1, "x"), Span(6, 7, "x"), Span(11, 12, "x")])
        for n in range(8)
    ]
    texts.insert(3, with_regions("nothing", ()))
    alone = [model.predict([one])[0] for one in texts]
    inner.asked.clear()
    monkeypatch.setattr("labelloop.learners.portions.AT_ONCE", 7)
    assert model.predict(texts) == alone
    assert inner.asked == [7, 7, 7, 3]
    assert model.predict([]) == []
    assert inner.asked == [7, 7, 7, 3]
