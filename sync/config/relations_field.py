"""From `Relations` to the field that says which marked parts of a text are related, or why there is none."""

from collections.abc import Collection, Sequence

from labelloop.domain.conditions import Condition, Requirement
from labelloop.domain.relations import UNLABELLED
from labelloop.domain.schema import Field, Unit
from labelloop.domain.values import FieldKind
from sync.config.xml_tags import relation_labels

NAME = "relations"
TAG = "Relations"


def relations_field(xml: str, fields: Sequence[Field], taken: Collection[str]) -> Field | str | None:
    """Return the field of the configuration's relations, or why they cannot be looped; None where it has none.

    `fields` are those that can be looped, `taken` the names of all controls. Label Studio gives relations no name; they
    have no control that would bear one. Any two regions of one object can be related, whatever marks them.
    """
    labels = relation_labels(xml)
    if labels is None:
        return None
    marking = [field for field in fields if field.kind is FieldKind.SPANS]
    if not marking:
        return "they are between regions, but no control that can be looped marks any"
    if NAME in taken:
        return f"another control is called {NAME}: give it another name"
    first, *others = marking
    if any(one.to_name != first.to_name for one in others):
        return "they may lead from one object to another, of which regions are marked in several"
    condition = Condition((Requirement(tuple(field.name for field in marking)),))
    return Field(
        NAME,
        FieldKind.CHOICES,
        labels or (UNLABELLED,),
        first.to_name,
        first.inputs,
        first.reads,
        condition=condition,
        unit=Unit.PAIR,
    )
