"""From a labelling configuration (XML) to the fields that can be learned, with reasons for the others."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, assert_never

from labelloop.domain.scale import Scale
from labelloop.domain.schema import Field, LabelSchema, Unit
from labelloop.domain.values import FieldKind
from labelloop.errors import UserError
from sync.config.field_conditions import with_conditions
from sync.config.object_tags import OPTIONS, Reading, to_words
from sync.config.relations_field import TAG, relations_field
from sync.config.scales import moment_scale, number_scale
from sync.config.tag_attributes import Tag, attribute, is_on, reading_of
from sync.config.unsupported_controls import TWICE, offers_of_task, why_not, why_unreadable
from sync.config.xml_tags import (
    is_required,
    names_twice,
    outermost_choices,
    ranker_columns,
    taxonomy_paths,
    unlinked,
)

if TYPE_CHECKING:
    from label_studio_sdk.label_interface.interface import LabelInterface

_CHOICES = {"single": FieldKind.CHOICE, "single-radio": FieldKind.CHOICE, "multiple": FieldKind.CHOICES}
_OFFERED = {FieldKind.CHOICE: FieldKind.OPTION, FieldKind.CHOICES: FieldKind.OPTIONS}
KIND_OF_TAG = {
    "rating": FieldKind.RATING,
    "pairwise": FieldKind.PAIRWISE,
    "taxonomy": FieldKind.TAXONOMY,
    "textarea": FieldKind.TEXT,
    "labels": FieldKind.SPANS,
    "hypertextlabels": FieldKind.SPANS,
    "paragraphlabels": FieldKind.SPANS,
    "number": FieldKind.NUMBER,
    "datetime": FieldKind.DATETIME,
    "ranker": FieldKind.RANKING,
}
_TAGS = frozenset({"choices", *KIND_OF_TAG})


@cache
def label_interface() -> "type[LabelInterface]":
    """Return the SDK's reader of configurations, loaded without its maker of sample tasks.

    That one, `jsf`, is never asked here and takes nearly as long to load as all the rest.
    """
    stand_in = ModuleType("jsf")
    stand_in.__dict__["JSF"] = None
    here = sys.modules.setdefault("jsf", stand_in)
    try:
        from label_studio_sdk.label_interface.interface import LabelInterface  # takes a quarter of a second
    finally:
        if here is stand_in:
            del sys.modules["jsf"]
    return LabelInterface


@lru_cache(maxsize=256)
def interface(label_config: str) -> "LabelInterface":
    """Return the SDK's reading of the configuration; raises UserError where it is not valid XML."""
    try:
        return label_interface()(label_config)
    except Exception as error:  # the SDK raises its own, lxml's, KeyError and ValueError alike
        raise UserError(
            f"The labelling configuration cannot be read: {error}. Fix it in the project's settings."
        ) from error


@lru_cache(maxsize=256)
def parse(xml: str) -> LabelSchema:
    """Return what can be learned where it is asked; `fields` is empty where nothing can. UserError on broken XML.

    A label is what Label Studio stores: an alias, or else the value; of a taxonomy, a path of those. A field reads the
    object tag it labels; one that answers for the whole task also reads each text beside it that no control labels,
    since people see it too. One that is asked about regions is so about those that the fields mark it depends on.
    """
    found, reasons = fields_with_conditions(xml)
    names = [control.name for control in interface(xml).controls or ()]
    ordered = sorted(reasons, key=lambda name: names.index(name) if name in names else len(names))
    return LabelSchema(tuple(found), tuple(f"{name}: {reasons[name]}" for name in ordered))


def fields_with_conditions(xml: str) -> tuple[list[Field], dict[str, str]]:
    """Return the fields that could be learned where they are asked, and why the others cannot, by name."""
    fields: list[Field] = []
    reasons: dict[str, str] = {}
    tags = interface(xml).controls or ()
    twice, names = names_twice(xml), {control.name for control in tags}
    for control in tags:
        kind = _kind(control)
        labels = _labels(xml, control, kind)
        reason = TWICE if control.name in twice else why_not(control, kind, labels)
        if reason or kind is None:
            reasons[control.name] = reason
        else:
            fields.append(_field(control, kind, labels, _shown(xml, control, kind)))
    reasons |= dict.fromkeys(unlinked(xml, _TAGS), "it has no toName, so Label Studio stores no answer to it")
    found, more = with_conditions(xml, fields) if fields else (fields, {})
    related = relations_field(xml, found, names)
    if isinstance(related, str):
        more[TAG] = related
    return [*found, *([related] if isinstance(related, Field) else [])], reasons | more


def may_be_left_empty(xml: str, field: Field) -> bool:
    """Return whether people can submit without a word on the field, though it always wants an answer.

    Several choices, a taxonomy and spans do not: there an empty answer means "none".
    """
    if field.kind in (FieldKind.CHOICES, FieldKind.TAXONOMY, FieldKind.SPANS, FieldKind.OPTIONS):
        return False
    return not is_required(xml, field.name)


def controls(xml: str) -> frozenset[str]:
    """Return the names of all control tags, those that cannot be learned too."""
    return frozenset(control.name for control in interface(xml).controls or ())


def _kind(control: Tag) -> FieldKind | None:
    tag = control.tag.lower()
    if tag != "choices":
        return KIND_OF_TAG.get(tag)
    kind = _CHOICES.get(attribute(control, "choice", "single"))
    return _OFFERED.get(kind) if kind and offers_of_task(control) else kind


def _labels(xml: str, control: Tag, kind: FieldKind | None) -> tuple[str, ...]:
    """Return what may be said, in the order people see it."""
    match kind:
        case FieldKind.TEXT | FieldKind.NUMBER | FieldKind.DATETIME | FieldKind.OPTION | FieldKind.OPTIONS | None:
            return ()
        case FieldKind.RANKING:
            return ranker_columns(xml, control.name)
        case FieldKind.PAIRWISE:
            return ("left", "right")
        case FieldKind.RATING:
            most = attribute(control, "maxRating", "5")
            return tuple(str(stars) for stars in range(1, int(most) + 1)) if most.isdecimal() else ()
        case FieldKind.TAXONOMY:
            return taxonomy_paths(xml, control.name, leaves_only=is_on(control, "leafsOnly"))
        case FieldKind.CHOICE | FieldKind.CHOICES:
            return outermost_choices(xml, control.name)
        case FieldKind.SPANS:
            return tuple(control.labels or ())
        case _:
            assert_never(kind)


def _shown(xml: str, control: Tag, kind: FieldKind) -> list[Tag]:
    """Return the object tags that the field reads: of a pair, left and right, else in the order people see them."""
    if kind in (FieldKind.PAIRWISE, FieldKind.SPANS) or is_on(control, "perRegion"):
        return list(control.objects)
    read = interface(xml)
    labelled = {name for other in read.controls or () for name in other.to_name} - {control.objects[0].name}
    every = [tag for tag in read.objects or () if tag.name not in labelled and not why_unreadable(tag)]
    if kind is FieldKind.RANKING:  # the items come last
        return [tag for tag in every if tag.name != control.objects[0].name] + list(control.objects)
    return every


def _field(control: Tag, kind: FieldKind, labels: tuple[str, ...], shown: Sequence[Tag]) -> Field:
    labelled_by = control.tag.lower() if kind is FieldKind.SPANS else ""
    readings = [reading_of(tag, labelled_by=labelled_by) for tag in shown]
    inputs = tuple(str(tag.value).removeprefix("$") for tag in shown)
    if kind in (FieldKind.OPTION, FieldKind.OPTIONS):
        offered = Reading(OPTIONS, nested=is_on(control, "allowNested"))
        readings, inputs = [*readings, offered], (*inputs, attribute(control, "value", "").removeprefix("$"))
    unit = Unit.REGION if is_on(control, "perRegion") else Unit.TASK
    named = Field(control.name, kind, labels, control.objects[0].name, inputs, to_words(readings), unit=unit)
    return replace(named, scale=_scale(control, kind))


def _scale(control: Tag, kind: FieldKind) -> Scale | None:
    match kind:
        case FieldKind.NUMBER:
            return number_scale(control)
        case FieldKind.DATETIME:
            return moment_scale(control)
        case _:
            return None
