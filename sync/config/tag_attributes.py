"""The attributes of control and object tags, and how an object tag shows a task's data."""

from typing import Any

from sync.config.object_tags import HYPERTEXT, PARAGRAPHS, Reading

# A control or object tag of the SDK, which declares every attribute as optional.
Tag = Any


def reading_of(shown: Tag, *, labelled_by: str = "") -> Reading:
    """Return how the object tag shows its data; `labelled_by` is the control's tag where it labels parts of it."""
    usual = Reading(shown.tag.lower())
    if usual.tag == PARAGRAPHS:
        text, name = attribute(shown, "textKey", usual.text_key), attribute(shown, "nameKey", usual.name_key)
        saves = attribute(shown, "saveTextResult", "yes") != "no"
        return Reading(usual.tag, labelled_by, text_key=text, name_key=name, saves_text=saves)
    return Reading(usual.tag, labelled_by, inline=usual.tag == HYPERTEXT and is_on(shown, "inline"))


def attribute(tag: Tag, name: str, usual: str) -> str:
    """Return an attribute, whose name Label Studio reads in capital and in small letters alike."""
    found = {key.lower(): value for key, value in tag.attr.items()}
    return str(found.get(name.lower(), usual))


def is_on(tag: Tag, name: str) -> bool:
    """Return whether a switch of the tag is on."""
    return attribute(tag, name, "false").lower() == "true"
