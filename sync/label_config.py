"""From a labelling configuration (XML) to the fields that can be learned, with reasons for the others."""

import re
import xml.etree.ElementTree as ET
from functools import lru_cache
from typing import Any

from label_studio_sdk.label_interface.interface import LabelInterface

from labelloop.domain.schema import Field, LabelSchema
from labelloop.domain.values import FieldKind
from labelloop.errors import UserError

# A control or object tag of the SDK, which declares every attribute as optional.
Tag = Any

_KINDS = {"single": FieldKind.CHOICE, "single-radio": FieldKind.CHOICE, "multiple": FieldKind.CHOICES}
_KEY = re.compile(r"\$[^\s.\[\]$]+")


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

    A label is what Label Studio stores: a Choice's alias, or else its value.
    """
    controls = interface(xml).controls or ()
    nested = _controls_with_nested_choices(xml)
    fields: list[Field] = []
    reasons: list[str] = []
    for control in controls:
        reason = "nested choices are not supported yet" if control.name in nested else _why_not(control)
        if reason:
            reasons.append(f"{control.name}: {reason}")
        else:
            fields.append(_field(control))
    return LabelSchema(tuple(fields), tuple(reasons))


def _field(control: Tag) -> Field:
    shown = control.objects[0]
    return Field(
        name=control.name,
        kind=_KINDS[control.get_attr("choice", "single")],
        labels=tuple(control.labels),
        to_name=shown.name,
        inputs=(shown.value.removeprefix("$"),),
    )


def _why_not(control: Tag) -> str:
    """Return why the control cannot be learned, empty where it can."""
    if control.tag.lower() != "choices":
        return f"{control.tag} is not supported yet"
    choice = control.get_attr("choice", "single")
    if choice not in _KINDS:
        return f'choice="{choice}" is not supported yet'
    if _is_on(control, "perRegion") or _is_on(control, "perItem"):
        return "it labels a part of the task (perRegion, perItem), only whole tasks are supported yet"
    if control.dynamic_value:
        return "its choices come from the task or from an address, so they differ from task to task"
    if len(control.labels) < (2 if _KINDS[choice] is FieldKind.CHOICE else 1):
        return "it has too few choices to learn from"
    return _why_unreadable(control)


def _why_unreadable(control: Tag) -> str:
    """Return why the text that the control labels cannot be read, empty where it can."""
    if len(control.to_name) > 1:
        return "it labels several objects at once (toName), only one is supported yet"
    if not control.objects:
        return f'toName="{control.to_name[0]}" names no object tag'
    shown = control.objects[0]
    if shown.tag.lower() != "text":
        return f"it labels {shown.tag}, only Text is supported yet"
    if (shown.value_type or "text").lower() != "text":
        return f'its Text has valueType="{shown.value_type}", only text inside the task is supported'
    if not _KEY.fullmatch(shown.value or ""):
        return f'its Text has value="{shown.value}", only value="$key" is supported yet'
    return ""


def _is_on(control: Tag, attribute: str) -> bool:
    return str(control.get_attr(attribute, "false")).lower() == "true"


def _controls_with_nested_choices(xml: str) -> frozenset[str]:
    """Return the names of the controls in which a Choice stands inside a Choice."""
    tree = ET.fromstring(xml)  # noqa: S314  (the administrator's own configuration, which lxml has read before)
    return frozenset(
        control.get("name", "")
        for control in tree.iter("Choices")
        if any(inner is not choice for choice in control.iter("Choice") for inner in choice.iter("Choice"))
    )
