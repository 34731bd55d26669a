"""The trees of choices in a labelling configuration, which the SDK flattens."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator

from labelloop.domain.values import PATH_BREAK


def controls_with_nested_choices(xml: str) -> frozenset[str]:
    """Return the names of the Choices controls in which a Choice stands inside a Choice."""
    return frozenset(
        control.get("name", "")
        for control in _tree(xml).iter("Choices")
        if any(inner is not choice for choice in control.iter("Choice") for inner in choice.iter("Choice"))
    )


def taxonomy_paths(xml: str, name: str, *, leaves_only: bool) -> tuple[str, ...]:
    """Return what can be ticked in a taxonomy, in the order people see it: paths joined by `PATH_BREAK`.

    A step is what Label Studio stores: a Choice's alias, or else its value. `leaves_only` leaves out what has choices
    below it.
    """
    roots = [control for control in _tree(xml).iter("Taxonomy") if control.get("name") == name]
    return tuple(dict.fromkeys(path for root in roots for path in _paths(root, (), leaves_only=leaves_only)))


def _paths(node: ET.Element, above: tuple[str, ...], *, leaves_only: bool) -> Iterator[str]:
    for choice in node.findall("Choice"):
        path = (*above, choice.get("alias") or choice.get("value") or "")
        if not leaves_only or choice.find("Choice") is None:
            yield PATH_BREAK.join(path)
        yield from _paths(choice, path, leaves_only=leaves_only)


def _tree(xml: str) -> ET.Element:
    return ET.fromstring(xml)  # noqa: S314  (the administrator's own configuration, which lxml has read before)
