"""Which guideline is current: what was accepted last, unless the lead said otherwise."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from labelloop.domain.guideline_history import GuidelineHistory
from labelloop.domain.guideline_records import Guideline, GuidelineRuling
from labelloop.domain.guideline_text import Rule, read_guideline
from tests.core.made_up import FIELD

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def guideline(number: int, outcome: str, round_number: int = 1, learner: str = "prompt") -> Guideline:
    return Guideline(
        7, number, round_number, learner, "llm", outcome, "", number - 1, 0, None, None, None, 0.0, created_at=NOON
    )


def ruling(number: int, accepted: bool, newest: int) -> GuidelineRuling:
    return GuidelineRuling(7, number, accepted, newest, created_at=NOON)


THREE = (guideline(1, "accepted"), guideline(2, "rejected"), guideline(3, "accepted"))


@pytest.mark.parametrize(
    ("rulings", "current"),
    [
        ((), 3),
        ((ruling(3, False, 3),), 1),
        ((ruling(2, True, 3),), 2),
        ((ruling(2, True, 2),), 3),
        ((ruling(2, True, 3), ruling(2, False, 3)), 3),
        ((ruling(3, False, 3), ruling(3, True, 3)), 3),
        ((ruling(1, False, 1), ruling(3, False, 3)), None),
        ((ruling(1, True, 3), ruling(1, False, 3)), 3),
    ],
)
def test_the_current_guideline_is_the_last_accepted_one_that_stands(
    rulings: tuple[GuidelineRuling, ...], current: int | None
) -> None:
    """A ruling counts from where it was made; rejecting the current one goes back to the one before."""
    found = GuidelineHistory(THREE, rulings).current
    assert (found.number if found else None) == current


def test_before_the_first_guideline_there_is_none() -> None:
    """The configuration speaks."""
    assert GuidelineHistory(()).current is None


def test_what_the_lead_rejected_is_refused_until_he_accepts_it() -> None:
    """The last word counts; what only the test rejected may be proposed again."""
    known = GuidelineHistory(THREE, (ruling(3, False, 3), ruling(1, False, 3), ruling(1, True, 3)))
    assert [one.number for one in known.refused] == [3]


def test_a_fit_that_is_tried_again_begins_where_it_began() -> None:
    """What it recorded before it was cut off does not count for it; what the lead said of others does."""
    known = GuidelineHistory((*THREE, guideline(4, "accepted", 2)), (ruling(3, False, 4), ruling(4, True, 4)))
    again = known.without(2, "prompt").current
    assert known.current is not None
    assert (known.current.number, again.number if again else 0) == (4, 1)


def test_a_renamed_label_keeps_the_rule_under_its_old_name() -> None:
    """A lead need not write the guideline anew because a label is called otherwise."""
    field = replace(FIELD, labels=("great", "bad", "odd"), renames=(("good", "great"),))
    read = read_guideline("# Guideline\nChoose.\n\n## good\nglad\n", field)
    assert read.rules[0] == Rule("great", "glad")
    assert read.task == "Choose."
