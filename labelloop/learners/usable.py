"""The examples that a learner may learn from."""

from collections.abc import Sequence

from labelloop.domain.schema import Field
from labelloop.errors import NothingToLearn
from labelloop.learners.base import Example


def usable_examples(field: Field, examples: Sequence[Example]) -> list[Example]:
    """Return the examples whose value the field allows, in an order of their own.

    So a fit is the same for every order of the examples. Raises NothingToLearn if none is left.
    """
    usable = sorted((e for e in examples if field.allows(e.value)), key=lambda e: (e.task_id, e.text, str(e.value)))
    if not usable:
        raise NothingToLearn(f"No label of {field.name} has settled yet that it still allows: label some tasks.")
    return usable
