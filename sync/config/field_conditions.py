"""From `visibleWhen` to the condition under which a field is asked, or the reason why nobody can tell."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from labelloop.domain.conditions import Condition, Requirement
from labelloop.domain.schema import Field, Unit
from labelloop.domain.values import PATH_BREAK, FieldKind
from sync.config.unsupported_controls import ASK_ALWAYS
from sync.config.visible_when import ALWAYS, NO_REGION, REGION, UNSELECTED, VisibleWhen, showings
from sync.config.xml_tags import choices_controls, stored_choice

_HAVE_CHOICES = (FieldKind.CHOICE, FieldKind.CHOICES, FieldKind.TAXONOMY)
_NEVER_MET = Requirement(())
_ALWAYS_MET = replace(_NEVER_MET, negated=True)

Fields = Mapping[str, Field]


class NotTold(ValueError):
    """No annotation would tell whether the field was asked; the message says why, for who wrote the configuration."""


def with_conditions(xml: str, fields: Sequence[Field]) -> tuple[list[Field], dict[str, str]]:
    """Return the fields, each with its condition, and by name why some can have none.

    A field is left out where what it depends on is left out, or where fields wait for each other.
    """
    found, reasons = _read(xml, fields)
    kept: dict[str, Field] = {}
    while new := {name: one for name, one in found.items() if name not in kept and _parents(one) <= kept.keys()}:
        kept |= new
    for name in found.keys() - kept.keys():
        waits = ", ".join(sorted(_parents(found[name]) - kept.keys()))
        reasons[name] = f"it is asked only after {waits}, which cannot be looped"
    return [one for name, one in found.items() if name in kept], reasons


def _read(xml: str, fields: Sequence[Field]) -> tuple[dict[str, Field], dict[str, str]]:
    by_name = {field.name: field for field in fields}
    found: dict[str, Field] = {}
    reasons: dict[str, str] = {}
    for field in fields:
        try:
            found[field.name] = _with_condition(xml, field, by_name)
        except NotTold as reason:
            reasons[field.name] = str(reason)
    return found, reasons


def _parents(field: Field) -> frozenset[str]:
    return field.condition.parents if field.condition else frozenset()


def _with_condition(xml: str, field: Field, fields: Fields) -> Field:
    showing = showings(xml).get(field.name, ALWAYS)
    if showing.is_hidden:
        raise NotTold(f"its style hides it, so that nobody is asked; {ASK_ALWAYS}")
    every = [_requirement(xml, when, field, fields) for when in showing.conditions]
    if field.unit is Unit.REGION:
        every.insert(0, _region(VisibleWhen(whenlabelvalue=showing.region_labels), field, fields))
    needed = tuple(requirement for requirement in dict.fromkeys(every) if requirement != _ALWAYS_MET)
    return replace(field, condition=Condition(needed)) if needed else field


def _requirement(xml: str, when: VisibleWhen, field: Field, fields: Fields) -> Requirement:
    if when.visiblewhen == NO_REGION and field.unit is Unit.TASK:  # as whenever a task is opened
        return _ALWAYS_MET
    if when.visiblewhen == NO_REGION:
        raise NotTold(f"it is about regions (perRegion), but shown {when}, so that nobody is asked")
    if when.visiblewhen == REGION and field.unit is Unit.REGION:
        return _region(when, field, fields)
    if when.visiblewhen == REGION:
        raise NotTold(f"it is shown {when}, which no annotation tells; set perRegion, or ask it of every task")
    said = _choice(xml, when, field, fields)
    made = replace(said, negated=when.visiblewhen == UNSELECTED)
    if made == _NEVER_MET:
        raise NotTold(f"it is shown {when}, but there is no such choice, so that nobody is asked")
    return made


def _choice(xml: str, when: VisibleWhen, field: Field, fields: Fields) -> Requirement:
    """Return what must be chosen, or must not be; nothing that could be where a choice is named that there is not."""
    if not when.visiblewhen:
        return _anywhere(xml, when.whenchoicevalue, field, fields)
    if when.whentagname:
        return _of(xml, when, field, fields)
    if when.whenchoicevalue:
        raise NotTold("its whenChoiceValue has no whenTagName: name the control that it looks at")
    return Requirement(_others(xml, field, fields))


def _region(when: VisibleWhen, field: Field, fields: Fields) -> Requirement:
    """Return how the region must be labelled that the field is about."""
    marking = [one for one in fields.values() if one.kind is FieldKind.SPANS and one.to_name == field.to_name]
    names = tuple(one.name for one in marking if when.whentagname in ("", one.name))
    wanted = set(filter(None, when.whenlabelvalue.split(",")))
    labels = tuple(dict.fromkeys(label for one in marking for label in one.labels if label in wanted))
    if not marking:
        raise NotTold(
            f"it is about regions (perRegion), but no control that can be looped marks any in {field.to_name}"
        )
    if not names or (wanted and not labels):
        raise NotTold(
            f"it is about regions ({when.whentagname or when.whenlabelvalue}), but there are none of that kind"
        )
    return Requirement(names, labels)


def _of(xml: str, when: VisibleWhen, field: Field, fields: Fields) -> Requirement:
    parent = fields.get(when.whentagname)
    if parent is None or parent.kind not in _HAVE_CHOICES:
        raise NotTold(
            f'whenTagName="{when.whentagname}" names no Choices or Taxonomy that can be looped, with choices of its own'
        )
    if parent.unit is Unit.REGION and field.unit is Unit.TASK:
        raise NotTold(f"it depends on {parent.name}, of which every region has an answer of its own")
    labels = _labels(xml, parent, when.whenchoicevalue)
    return _NEVER_MET if when.whenchoicevalue and not labels else Requirement((parent.name,), labels)


def _labels(xml: str, parent: Field, names: str) -> tuple[str, ...]:
    """Return the labels that names with commas between them mean; of a taxonomy, the paths that end in such a step."""
    stored = {stored_choice(xml, parent.name, name) for name in names.split(",") if name}
    is_path = parent.kind is FieldKind.TAXONOMY
    return tuple(label for label in parent.labels if (label.split(PATH_BREAK)[-1] if is_path else label) in stored)


def _anywhere(xml: str, label: str, field: Field, fields: Fields) -> Requirement:
    """Return what a bare `whenChoiceValue` asks for: exactly this label, in whatever Choices it is chosen."""
    parents = tuple(name for name in _others(xml, field, fields) if label in fields[name].labels)
    return Requirement(parents, (label,)) if parents else _NEVER_MET


def _others(xml: str, field: Field, fields: Fields) -> tuple[str, ...]:
    others = tuple(name for name in choices_controls(xml) if name != field.name)
    if unknown := [name for name in others if name not in fields or fields[name].unit is Unit.REGION]:
        raise NotTold(f"it depends on any Choices, also on {unknown[0]}: name the one that is meant (whenTagName)")
    return others
