"""What a labelling configuration says about when a control is shown, as its XML has it: `visibleWhen` and its kin."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache

UNSELECTED, REGION, NO_REGION = "choice-unselected", "region-selected", "no-region-selected"

_WHEN = {
    "choice-selected": "only after another answer",
    UNSELECTED: "only until another answer is given",
    REGION: "only while a region is selected",
    NO_REGION: "only while no region is selected",
}
"""What makes Label Studio hide a tag (`visibleWhen`), in words; with any other value it is always shown."""
_HEEDED_BY = frozenset({"choices", "taxonomy", "textarea"})
"""The controls whose own `visibleWhen` Label Studio 1.23 heeds; it shows others always, unless a View hides them."""
_NOT_DISPLAYED = re.compile(r"(display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class VisibleWhen:
    """One tag's attributes about when it is shown; those that are not given are empty."""

    visiblewhen: str = ""
    whentagname: str = ""
    whenchoicevalue: str = ""
    whenlabelvalue: str = ""
    whenrole: str = ""

    @property
    def is_said(self) -> bool:
        """Return whether Label Studio ever hides the tag for these attributes."""
        return self.visiblewhen in _WHEN or bool(self.whenchoicevalue and not self.visiblewhen)

    def __str__(self) -> str:
        shown = _WHEN.get(self.visiblewhen, _WHEN["choice-selected"])
        narrowed = " ".join(filter(None, (self.whentagname, self.whenlabelvalue, self.whenchoicevalue, self.whenrole)))
        said = f'visibleWhen="{self.visiblewhen}"' if self.visiblewhen else f'whenChoiceValue="{self.whenchoicevalue}"'
        return f"{shown}{f' ({narrowed})' if narrowed else ''} ({said})"


@dataclass(frozen=True, slots=True)
class Showing:
    """When a control is shown: where all of `conditions` hold, those of the Views around it and its own.

    `is_hidden` says that a style hides it always. `region_labels` is its own `whenLabelValue`, which narrows what it is
    asked about where that is a region.
    """

    conditions: tuple[VisibleWhen, ...] = ()
    is_hidden: bool = False
    region_labels: str = ""


ALWAYS = Showing()


@lru_cache(maxsize=256)
def showings(xml: str) -> Mapping[str, Showing]:
    """Return when each control, by name, is shown."""
    return dict(_showings(ET.fromstring(xml), ALWAYS))  # noqa: S314  (the administrator's own, which lxml read before)


def hidden_controls(xml: str) -> Mapping[str, str]:
    """Return why each control, by name, is not shown with every task; those that always are are not in it."""
    return {name: reason for name, showing in showings(xml).items() if (reason := _why_hidden(showing))}


def _why_hidden(showing: Showing) -> str:
    if showing.is_hidden:
        return "its style hides it"
    # nothing is selected when a task is opened
    said = [str(condition) for condition in showing.conditions if condition.visiblewhen != NO_REGION]
    return f"it is shown {' and '.join(said)}" if said else ""


def _showings(tag: ET.Element, around: Showing) -> Iterator[tuple[str, Showing]]:
    attributes = {key.lower(): value for key, value in tag.attrib.items()}
    name, is_control = attributes.get("name", ""), "toname" in attributes
    here = VisibleWhen(**{one.name: attributes.get(one.name, "") for one in fields(VisibleWhen)})
    heeded = here.is_said and (not is_control or tag.tag.lower() in _HEEDED_BY)
    showing = Showing(
        (*around.conditions, here) if heeded else around.conditions,
        around.is_hidden or bool(_NOT_DISPLAYED.search(attributes.get("style", ""))),
        here.whenlabelvalue,
    )
    if name and is_control:
        yield name, showing
    for child in tag:
        yield from _showings(child, showing)
