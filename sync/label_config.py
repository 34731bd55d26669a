"""From a labelling configuration (XML) to the fields that can be learned, with reasons for the others."""

from collections.abc import Sequence
from functools import lru_cache
from typing import assert_never

from label_studio_sdk.label_interface.interface import LabelInterface

from labelloop.domain.schema import Field, LabelSchema
from labelloop.domain.values import FieldKind
from labelloop.errors import UserError
from sync.choices import controls_with_nested_choices, taxonomy_paths
from sync.objects import Tag, attribute, is_on, key_of, reading_of
from sync.reading import to_words
from sync.unlearnable import why_not, why_unreadable

_CHOICES = {"single": FieldKind.CHOICE, "single-radio": FieldKind.CHOICE, "multiple": FieldKind.CHOICES}
_KINDS = {
    "rating": FieldKind.RATING,
    "pairwise": FieldKind.PAIRWISE,
    "taxonomy": FieldKind.TAXONOMY,
    "textarea": FieldKind.TEXT,
    "labels": FieldKind.SPANS,
    "hypertextlabels": FieldKind.SPANS,
    "paragraphlabels": FieldKind.SPANS,
}


@lru_cache(maxsize=256)
def interface(label_config: str) -> LabelInterface:
    """Return the SDK's reading of the configuration; raises UserError where it is not valid XML."""
    try:
        return LabelInterface(label_config)
    except Exception as error:  # the SDK raises its own, lxml's, KeyError and ValueError alike
        raise UserError(
            f"The labelling configuration cannot be read: {error}. Mend it in the project's settings."
        ) from error


@lru_cache(maxsize=256)
def parse(xml: str) -> LabelSchema:
    """Return what can be learned; `fields` is empty where nothing can. Raises UserError on broken XML.

    A label is what Label Studio stores: an alias, or else the value; of a taxonomy, a path of those. A field reads the
    object tag it labels; one that answers for the whole task also reads each text beside it that no control labels,
    since people see it too.
    """
    nested = controls_with_nested_choices(xml) if interface(xml).controls else frozenset()
    fields: list[Field] = []
    reasons: list[str] = []
    for control in interface(xml).controls or ():
        kind = _kind(control)
        labels = _labels(xml, control, kind)
        reason = why_not(control, kind, labels, nested=control.name in nested)
        if reason or kind is None:
            reasons.append(f"{control.name}: {reason}")
        else:
            fields.append(_field(control, kind, labels, _shown(xml, control, kind)))
    return LabelSchema(tuple(fields), tuple(reasons))


def _kind(control: Tag) -> FieldKind | None:
    tag = control.tag.lower()
    return _CHOICES.get(attribute(control, "choice", "single")) if tag == "choices" else _KINDS.get(tag)


def _labels(xml: str, control: Tag, kind: FieldKind | None) -> tuple[str, ...]:
    """Return what may be said, in the order people see it."""
    match kind:
        case FieldKind.TEXT | None:
            return ()
        case FieldKind.PAIRWISE:
            return ("left", "right")
        case FieldKind.RATING:
            most = attribute(control, "maxRating", "5")
            return tuple(str(stars) for stars in range(1, int(most) + 1)) if most.isdecimal() else ()
        case FieldKind.TAXONOMY:
            return taxonomy_paths(xml, control.name, leaves_only=is_on(control, "leafsOnly"))
        case FieldKind.CHOICE | FieldKind.CHOICES | FieldKind.SPANS:
            return tuple(control.labels or ())
        case _:
            assert_never(kind)


def _shown(xml: str, control: Tag, kind: FieldKind) -> list[Tag]:
    """Return the object tags that the field reads: of a pair, left and right, else in the order people see them."""
    if kind in (FieldKind.PAIRWISE, FieldKind.SPANS):
        return list(control.objects)
    read = interface(xml)
    labelled = {name for other in read.controls or () for name in other.to_name} - {control.objects[0].name}
    return [tag for tag in read.objects or () if tag.name not in labelled and not why_unreadable(tag)]


def _field(control: Tag, kind: FieldKind, labels: tuple[str, ...], shown: Sequence[Tag]) -> Field:
    labelled_by = control.tag.lower() if kind is FieldKind.SPANS else ""
    readings = [reading_of(tag, labelled_by=labelled_by) for tag in shown]
    inputs = tuple(key_of(tag) for tag in shown)
    return Field(control.name, kind, labels, control.objects[0].name, inputs, to_words(readings))
