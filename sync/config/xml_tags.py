"""What the SDK does not tell of a labelling configuration: trees of choices, and controls that label nothing."""

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Collection, Iterator

from labelloop.domain.values import PATH_BREAK
from sync.config.object_tags import UNSORTED


def outermost_choices(xml: str, name: str) -> tuple[str, ...]:
    """Return what can be ticked in Choices, in the order people see it: a Choice inside a Choice is not shown."""
    roots = [control for control in _tree(xml).iter("Choices") if control.get("name") == name]
    return tuple(dict.fromkeys(_stored(choice) for root in roots for choice in _outermost(root)))


def taxonomy_paths(xml: str, name: str, *, leaves_only: bool) -> tuple[str, ...]:
    """Return what can be ticked in a taxonomy, in the order people see it: paths joined by `PATH_BREAK`.

    A step is what Label Studio stores: a Choice's alias, or else its value. `leaves_only` leaves out what has choices
    below it.
    """
    roots = [control for control in _tree(xml).iter("Taxonomy") if control.get("name") == name]
    return tuple(dict.fromkeys(path for root in roots for path in _paths(root, (), leaves_only=leaves_only)))


def choices_controls(xml: str) -> tuple[str, ...]:
    """Return the names of the Choices, in the order people see them."""
    return tuple(name for tag in _tree(xml).iter() if tag.tag.lower() == "choices" and (name := tag.get("name")))


def stored_choice(xml: str, control: str, name: str) -> str:
    """Return what Label Studio stores for a control's first choice of this alias or value, empty where there is none.

    So it looks for the choices in `whenChoiceValue`.
    """
    choices = (choice for tag in _tree(xml).iter() if tag.get("name") == control for choice in tag.iter("Choice"))
    return next((_stored(choice) for choice in choices if name in (choice.get("alias"), choice.get("value"))), "")


def is_required(xml: str, name: str) -> bool:
    """Return whether Label Studio takes no Submit without an answer of this control."""
    return any(tag.get("name") == name and tag.get("required", "").lower() == "true" for tag in _tree(xml).iter())


def names_twice(xml: str) -> frozenset[str]:
    """Return the names that several tags have; Label Studio refuses such a configuration when it is saved."""
    counts = Counter(name for tag in _tree(xml).iter() if (name := tag.get("name")))
    return frozenset(name for name, count in counts.items() if count > 1)


def relation_labels(xml: str) -> tuple[str, ...] | None:
    """Return what people can say of related regions, in the order they see it; None where they are not asked to relate.

    It is empty where relations bear no labels.
    """
    found = [tag for tag in _tree(xml).iter() if tag.tag.lower() == "relations"]
    labels = (relation.get("value") for tag in found for relation in tag.iter() if relation.tag.lower() == "relation")
    return tuple(dict.fromkeys(filter(None, labels))) if found else None


def ranker_columns(xml: str, name: str) -> tuple[str, ...]:
    """Return the columns that a ranker's items can be in: itself, or its buckets after what is in none yet."""
    rankers = [control for control in _tree(xml).iter("Ranker") if control.get("name") == name]
    buckets = [bucket for ranker in rankers for bucket in ranker.iter("Bucket")]
    names = tuple(dict.fromkeys(bucket.get("name", "") for bucket in buckets))
    if not names:
        return (name,)
    return names if any(bucket.get("default") == "true" for bucket in buckets) else (UNSORTED, *names)


def unlinked(xml: str, tags: Collection[str]) -> list[str]:
    """Return the names of the controls, by tag in small letters, that have no `toName`; people can fill them in."""
    controls = (tag for tag in _tree(xml).iter() if tag.tag.lower() in tags and not tag.get("toName"))
    return [name for control in controls if (name := control.get("name"))]


def _paths(node: ET.Element, above: tuple[str, ...], *, leaves_only: bool) -> Iterator[str]:
    for choice in node.findall("Choice"):
        path = (*above, _stored(choice))
        if not leaves_only or choice.find("Choice") is None:
            yield PATH_BREAK.join(path)
        yield from _paths(choice, path, leaves_only=leaves_only)


def _outermost(node: ET.Element) -> Iterator[ET.Element]:
    for child in node:
        if child.tag == "Choice":
            yield child
        else:
            yield from _outermost(child)


def _stored(choice: ET.Element) -> str:
    return choice.get("alias") or choice.get("value") or ""


def _tree(xml: str) -> ET.Element:
    return ET.fromstring(xml)  # noqa: S314  (the administrator's own configuration, which lxml has read before)
