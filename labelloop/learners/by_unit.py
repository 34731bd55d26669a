"""Which learner is fitted to a field: the chosen one, or, where the field is about regions, one that reads these."""

from pathlib import Path
from typing import assert_never

from labelloop.domain.schema import Field, Unit
from labelloop.learners.base import Learner
from labelloop.learners.by_pair import PAIRS_FILE, PairLearner
from labelloop.learners.by_region import REGIONS_FILE, RegionLearner


def learner_of(field: Field, chosen: Learner) -> Learner:
    """Return what fits a learner to a field: itself, or, where the field is about regions or pairs, to these."""
    match field.unit:
        case Unit.TASK | Unit.ONE_REGION | Unit.ONE_PAIR:
            return chosen
        case Unit.REGION:
            return RegionLearner(chosen)
        case Unit.PAIR:
            return PairLearner(chosen)
        case _:
            assert_never(field.unit)


def learner_of_saved(directory: Path, chosen: Learner) -> Learner:
    """Return what loads the model that a learner saved there."""
    if (directory / PAIRS_FILE).exists():
        return PairLearner(chosen)
    return RegionLearner(chosen) if (directory / REGIONS_FILE).exists() else chosen
