"""Why a control of a labelling configuration cannot be learned, in words for the people who wrote it."""

import re

from labelloop.domain.schema import PLAIN_TEXT
from labelloop.domain.values import PATH_BREAK, FieldKind
from sync.objects import Tag, attribute, is_on
from sync.reading import HYPERTEXT, PARAGRAPHS, TAGS

MOST_STARS = 100

_FEWEST = {FieldKind.CHOICE: 2, FieldKind.RATING: 2, FieldKind.TEXT: 0}
_MARKS = {"labels": (PLAIN_TEXT, HYPERTEXT), "hypertextlabels": (HYPERTEXT,), "paragraphlabels": (PARAGRAPHS,)}
_KEY = re.compile(r"\$[^\s.\[\]$]+")
_VALUE_TYPE = {PLAIN_TEXT: "text", HYPERTEXT: "text", PARAGRAPHS: "json"}


def why_not(control: Tag, kind: FieldKind | None, labels: tuple[str, ...], *, nested: bool) -> str:
    """Return why the control cannot be learned, empty where it can."""
    if kind is None:
        unknown = f'choice="{attribute(control, "choice", "")}"' if control.tag.lower() == "choices" else control.tag
        return f"{unknown} is not supported yet"
    if nested:
        return "nested choices are not supported yet"
    if is_on(control, "perRegion") or is_on(control, "perItem"):
        return "it labels a part of the task (perRegion, perItem), only whole tasks are supported yet"
    return _why_not_its_labels(control, kind, labels) or _why_not_its_objects(control, kind)


def _why_not_its_labels(control: Tag, kind: FieldKind, labels: tuple[str, ...]) -> str:
    if control.dynamic_value and kind is not FieldKind.TEXT:
        return "its choices come from the task or from an address, so they differ from task to task"
    if len(labels) < _FEWEST.get(kind, 1):
        return "it has too few choices to learn from"
    if kind is FieldKind.RATING and len(labels) > MOST_STARS:
        return f"it has {len(labels)} stars, at most {MOST_STARS} are supported"
    if kind is FieldKind.TAXONOMY and any(PATH_BREAK in step for step in control.labels or ()):
        return f'a choice has "{PATH_BREAK}" in its name, which parts the steps of a path'
    return ""


def _why_not_its_objects(control: Tag, kind: FieldKind) -> str:
    if not control.objects or len(control.objects) < len(control.to_name):
        known = {shown.name for shown in control.objects or ()}
        missing = next(name for name in control.to_name if name not in known)
        return f'toName="{missing}" names no object tag'
    if kind is FieldKind.PAIRWISE and len(control.objects) != 2:
        return "a pair needs exactly two objects (toName)"
    if kind is not FieldKind.PAIRWISE and len(control.objects) > 1:
        # Label Studio 1.23 then loses what people answer: it stores no region.
        return "it labels several objects at once (toName); name one, what stands beside it is read too"
    reason = next(filter(None, map(why_unreadable, control.objects)), "")
    return reason or (_why_not_markable(control) if kind is FieldKind.SPANS else "")


def _why_not_markable(control: Tag) -> str:
    """Return why parts of the object cannot be told by offsets, empty where they can."""
    shown = control.objects[0]
    if shown.tag.lower() not in _MARKS[control.tag.lower()]:
        return f"{control.tag} cannot mark parts of {shown.tag}"
    if is_on(shown, "contextScroll"):
        return "its Paragraphs are put in another order on the screen (contextScroll)"
    return ""


def why_unreadable(shown: Tag) -> str:
    """Return why the text of an object tag cannot be read, empty where it can."""
    tag = shown.tag.lower()
    if tag not in TAGS:
        return f"it labels {shown.tag}, only Text, HyperText and Paragraphs are supported yet"
    if (shown.value_type or _VALUE_TYPE[tag]).lower() != _VALUE_TYPE[tag]:
        return f'its {shown.tag} has valueType="{shown.value_type}", only text inside the task is supported'
    if attribute(shown, "encoding", "none").lower() != "none":
        return f"its {shown.tag} is encoded, only plain text is supported"
    if not _KEY.fullmatch(shown.value or ""):
        return f'its {shown.tag} has value="{shown.value}", only value="$key" is supported yet'
    return ""
