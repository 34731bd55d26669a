"""Why a control of a labelling configuration cannot be learned, in words for the people who wrote it."""

from labelloop.domain.schema import PLAIN_TEXT
from labelloop.domain.values import OF_THE_TASK, PATH_BREAK, QUANTITIES, FieldKind
from sync.config.object_tags import HYPERTEXT, LIST, MARKDOWN, PARAGRAPHS, TAGS
from sync.config.scales import moment_scale
from sync.config.tag_attributes import Tag, attribute, is_on
from sync.config.task_paths import PATH

MOST_STARS = 100
TWICE = "several tags have this name, so that nobody can tell whose an answer is"
ASK_ALWAYS = "ask it of every task, or loop it in a project of its own that holds the tasks it is about"

_OF_REGIONS = frozenset(FieldKind) - {FieldKind.SPANS, FieldKind.PAIRWISE} - OF_THE_TASK
_FREE = frozenset({FieldKind.TEXT, FieldKind.OPTION, FieldKind.OPTIONS}) | QUANTITIES
_FEWEST = {FieldKind.CHOICE: 2, FieldKind.RATING: 2} | dict.fromkeys(_FREE, 0)
_MARKS = {"labels": (PLAIN_TEXT, HYPERTEXT), "hypertextlabels": (HYPERTEXT,), "paragraphlabels": (PARAGRAPHS,)}
_VALUE_TYPE = {tag: "text" if tag in (PLAIN_TEXT, HYPERTEXT, MARKDOWN) else "json" for tag in TAGS}
_EDITOR = """
    classification datetime dynamic filtered fromSuggestion globalOffsets id item_index meta number object origin ouid
    parentID pid rating readonly results score selected sequence start startOffset taxonomy text
    bitmasklabels brushlabels choices ellipselabels htmllabels hypertextlabels keypointlabels labels paragraphlabels
    polygonlabels ranker rectanglelabels timelinelabels timeserieslabels vectorlabels
"""
_OF_THE_EDITOR = frozenset(_EDITOR.split())
"""Names that Label Studio's editor takes for something of its own in a region's value: of most it shows no task."""
_NO_TEXT = frozenset({"image", "audio", "audioplus", "video", "timeseries", "pdf"})


def why_not(control: Tag, kind: FieldKind | None, labels: tuple[str, ...]) -> str:
    """Return why the control cannot be learned, empty where it can."""
    if kind is None:
        return _why_unknown(control)
    if is_on(control, "perRegion") and kind not in _OF_REGIONS:
        return f"{control.tag} is not asked about regions (perRegion)"
    return _why_not_its_labels(control, kind, labels) or _why_not_its_objects(control, kind)


def offers_of_task(control: Tag) -> bool:
    """Return whether the choices are those that each task brings along, and no others."""
    return bool(PATH.fullmatch(attribute(control, "value", ""))) and not control.labels


def _why_unknown(control: Tag) -> str:
    match control.tag.lower():
        case "choices":
            choice = attribute(control, "choice", "")
            return f'Label Studio 1.23 has no choice="{choice}" and shows an error instead'
        case "chat" | "chatmessage":
            return (
                "only Label Studio's paid editions show a Chat; messages that people write into it are not learned, "
                "what is asked of the whole conversation is"
            )
        case _:
            return f"{control.tag} is not supported yet"


def _why_not_its_labels(control: Tag, kind: FieldKind, labels: tuple[str, ...]) -> str:
    if control.dynamic_value and kind not in _FREE:
        return "its choices come from the task or from an address, so they differ from task to task"
    if control.tag.lower() == "choices" and is_on(control, "allowNested"):
        if not control.dynamic_value:
            return "nested choices (allowNested) are read only where each task brings its own along: use a Taxonomy"
        if control.name in _OF_THE_EDITOR:
            return "Label Studio's editor uses this name itself where choices are nested (allowNested): choose another"
    if kind is FieldKind.DATETIME and moment_scale(control) is None:
        return f'its format="{attribute(control, "format", "")}" does not tell all dates apart, or cannot be read'
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
    if kind is FieldKind.RANKING and control.objects[0].tag.lower() != LIST:
        return "a Ranker puts the items of a List in order (toName)"
    if any(shown.tag.lower() == MARKDOWN for shown in control.objects):
        return "Label Studio 1.23 stores no answer about a Markdown; let it label a Text, a Markdown beside it is read"
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
        return _why_not_read(shown.tag)
    if (shown.value_type or _VALUE_TYPE[tag]).lower() != _VALUE_TYPE[tag]:
        return f'its {shown.tag} has valueType="{shown.value_type}", but only what is in the task itself is read'
    if attribute(shown, "encoding", "none").lower() != "none":
        return f"its {shown.tag} is encoded, only plain text is supported"
    if not PATH.fullmatch(shown.value or ""):
        return f'its {shown.tag} has value="{shown.value}", but only a key or path such as "$key" or "$a.b[0]" is read'
    return ""


def _why_not_read(tag: str) -> str:
    match tag.lower():
        case "dialog":
            return "Label Studio 1.23 imports no messages for a Dialog; show them with Paragraphs"
        case name if name in _NO_TEXT:
            return f"it labels {tag}, but only text is read; let a backend of your own that reads {tag} pre-annotate it"
        case _:
            return f"it labels {tag}, which is not read"
