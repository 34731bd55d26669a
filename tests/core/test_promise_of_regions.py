"""The promise of what is said of regions holds of all rows, whatever models find the regions and answer about them."""

import numpy as np
import pytest

from labelloop.domain.asked import Answer
from labelloop.domain.predictions import Prediction
from labelloop.domain.row_answers import RowAnswer, rows_of_models
from labelloop.domain.task_rows import row_of, row_similarity
from labelloop.domain.values import ByRegion, Choice, FieldKind, OfRegions, Span, Spans, Value, similarity
from tests.core.region_form import MOOD, WHO
from tests.core.test_promise_under_conditions import CONFIDENCE, DELTA, POOL, broken

pytestmark = pytest.mark.slow

FIELDS = {"who": WHO, "心情": MOOD}
ADA, BOB, BRNO = Span(0, 3, "Person"), Span(8, 11, "Person"), Span(20, 24, "Place")


def found(
    share_missed: float, share_wrong: float, *, upside_down: bool = False
) -> tuple[dict[int, RowAnswer], dict[int, Answer]]:
    """Return what models' rows say of the moods, and people's: some persons are missed, some moods are wrong."""
    rng = np.random.default_rng([round(100 * share_missed), round(100 * share_wrong)])
    truths: dict[int, dict[str, Value]] = {}
    said: dict[str, dict[int, Prediction]] = {"who": {}, "心情": {}}

    def errs(share: float) -> tuple[bool, float]:
        margin = round(float(rng.random()), 3)
        return bool(rng.random() < 2 * share * (margin if upside_down else 1 - margin)), margin

    for task in range(POOL):
        persons = [span for span in (ADA, BOB) if rng.random() < 0.6]
        moods = {span: Choice("good" if rng.random() < 0.5 else "bad") for span in persons}
        truths[task] = {"who": Spans(frozenset({*persons, BRNO})), "心情": ByRegion.of(FieldKind.CHOICE, moods)}
        (missed, sure), (wrong, margin) = errs(share_missed), errs(share_wrong)
        told = {span: Choice("odd") if wrong else moods.get(span, Choice("good")) for span in (ADA, BOB)}
        said["who"][task] = Prediction(Spans(frozenset({*persons[missed:], BRNO})), sure, 0.5)
        said["心情"][task] = Prediction(ByRegion.of(FieldKind.CHOICE, told), margin, 0.5)
    rows = rows_of_models(FIELDS, truths, said)["心情"]
    return rows, {task: row_of(FIELDS, one)["心情"] for task, one in truths.items()}


@pytest.mark.parametrize("upside_down", [False, True])
@pytest.mark.parametrize(("missed", "wrong"), [(0.05, 0.05), (0.3, 0.02), (0.02, 0.3), (0.4, 0.4)])
def test_the_promise_is_broken_no_more_often_than_stated(missed: float, wrong: float, *, upside_down: bool) -> None:
    """A region that the model misses is an error of what is said of it; within three standard errors."""
    rows, truths = found(missed, wrong, upside_down=upside_down)
    judged = np.array([row_similarity(rows[task].answer, truths[task]) < 1 for task in range(POOL)])
    often, filled = broken(rows, truths, judged)
    assert often <= DELTA + 3 * (DELTA * CONFIDENCE / 600) ** 0.5
    assert filled > 0.5 or upside_down or missed + wrong > 0.1, "good models fill in most rows"


def test_a_certificate_of_the_regions_that_both_have_would_break_it() -> None:
    """As the verdict compares answers about regions, which tells models apart, and not what is in the data set."""
    rows, truths = found(0.3, 0.02)

    def differ(said: Answer, truth: Answer) -> bool:
        both = isinstance(said, OfRegions) and isinstance(truth, OfRegions)
        return both and similarity(said, truth) < 1  # type: ignore[arg-type]

    judged = np.array([differ(rows[task].answer, truths[task]) for task in range(POOL)])
    assert broken(rows, truths, judged)[0] > 0.9
