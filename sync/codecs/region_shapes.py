"""What single regions of a result say, for each kind of field: the atoms that values are made of.

A region that is not as Label Studio stores it says nothing that could be relied on: it is unreadable, not empty.
"""

import hashlib
import re
from collections.abc import Collection, Hashable, Mapping, Sequence
from functools import lru_cache
from math import isfinite

from labelloop.domain.json_values import displayed, whole_number
from labelloop.domain.schema import Field
from labelloop.domain.values import OF_THE_TASK, PATH_BREAK, QUANTITIES, FieldKind, Span
from sync.codecs.shown_text import Document, TextPosition
from sync.codecs.task_options import columns_of, is_nested
from sync.config.object_tags import HYPERTEXT, PARAGRAPHS, Reading, from_words

Region = Mapping[str, object]

_SPACES = " \t\r\n\f"
_PART = frozenset({"start", "startOffset", "globalOffsets"})
"""What a value holds that is about a part of the task: no answer for the whole of it."""
_COLLAPSED = re.compile(f"[{_SPACES}]+")


def atoms(field: Field, region: object, document: Document | None) -> list[Hashable] | None:
    """Return what a region says of the field: labels, stars, texts or spans; None where it cannot be read.

    Regions of other controls say nothing of it, and so does one that is empty, as when a box was ticked and cleared.
    `document` is what the spans lie in; None where offsets are taken as they are, which only a plain text allows.
    """
    match region:
        case {"from_name": field.name, "type": str(kind), "value": Mapping() as value}:
            found = _atoms(field, kind, value, document)
            return None if found is None else list(found)
        case {"from_name": field.name}:
            return None
        case _:
            return []


def is_region(found: object) -> bool:
    """Return whether something in a result is a region of some control, or a relation between regions."""
    return isinstance(found, Mapping) and (isinstance(found.get("from_name"), str) or found.get("type") == "relation")


def names_any(controls: Collection[str], result: Sequence[object]) -> bool:
    """Return whether a result is empty or has a region of one of these controls."""
    names = (found.get("from_name") for found in result if isinstance(found, Mapping))
    return not result or any(isinstance(name, str) and name in controls for name in names)


def _atoms(
    field: Field, kind: str, value: Mapping[str, object], document: Document | None
) -> Sequence[Hashable] | None:
    if field.kind is not FieldKind.SPANS and _PART & value.keys():
        return None
    if field.kind in OF_THE_TASK | QUANTITIES:
        return _one_atom(field, kind, value)
    match field.kind, kind, value:
        case (FieldKind.CHOICE | FieldKind.CHOICES, "choices", {"choices": str() | list() as labels}):
            return _labels(labels)
        case (FieldKind.PAIRWISE, "pairwise", {"selected": str(side)}):
            return [side] if side.strip() else []
        case (FieldKind.TAXONOMY, "taxonomy", {"taxonomy": list(paths)}):
            return _paths(paths)
        case (FieldKind.RATING, "rating", {"rating": stars}):
            whole = whole_number(stars)
            return None if whole is None or whole < 0 else [whole] if whole else []
        case (FieldKind.TEXT, "textarea", {"text": str() | list() as texts}):
            return _texts(texts)
        case (FieldKind.SPANS, _, _):
            (reading,) = from_words(field.reads, 1)
            return _spans(reading, value, document) if kind == reading.spans_type else None
        case _:
            return None


def _one_atom(field: Field, kind: str, value: Mapping[str, object]) -> Sequence[Hashable] | None:
    match field.kind, kind, value:
        case (FieldKind.NUMBER, "number", {"number": int() | float() as number}) if not isinstance(number, bool):
            return [field.line.number(float(number))] if isfinite(number) else None
        case (FieldKind.DATETIME, "datetime", {"datetime": str(text)}):
            moment = field.line.moment(text)
            return [moment] if moment else None if text.strip() else []
        case (FieldKind.OPTION | FieldKind.OPTIONS, "choices", {"choices": str() | list() as labels}):
            return _innermost(labels) if is_nested(field) else _labels(labels)
        case (FieldKind.RANKING, "ranker", {"ranker": Mapping() as columns}):
            found = columns_of(field.labels, columns)
            return None if found is None else [found]
        case _:
            return None


def _labels(found: str | list[object]) -> list[str] | None:
    """Return the labels that are there, blank ones left out; None where one is no text."""
    labels = [found] if isinstance(found, str) else found
    if not all(isinstance(label, str) for label in labels):
        return None
    return [label for label in labels if isinstance(label, str) and label.strip()]


def _paths(found: list[object]) -> list[str] | None:
    """Return the paths that are ticked; None where one is no list of steps, or a step looks like several."""
    paths: list[str] = []
    for one in found:
        steps = _labels(one) if isinstance(one, list) else None
        if steps is None or any(PATH_BREAK in step for step in steps):
            return None
        paths += [PATH_BREAK.join(steps)] if steps else []
    return paths


def _innermost(found: str | list[object]) -> list[str] | None:
    """Return the paths without those that others go on from: Label Studio adds them where all below is ticked."""
    paths = _paths(found) if isinstance(found, list) else None
    if paths is None:
        return None
    steps = [path.split(PATH_BREAK) for path in paths]
    above = {PATH_BREAK.join(path[:depth]) for path in steps for depth in range(1, len(path))}
    return [path for path in paths if path not in above]


def _texts(found: str | list[object]) -> list[str] | None:
    """Return what was written as a browser shows it, blank texts left out; None where something is no text."""
    texts = [displayed(text) for text in ([found] if isinstance(found, str) else found)]
    return None if None in texts else [text for text in texts if text and text.strip()]


def _spans(reading: Reading, value: Mapping[str, object], document: Document | None) -> list[Span] | None:
    given = value.get(reading.spans_type)
    labels = _labels(given) if isinstance(given, list) else None  # Label Studio cannot draw a label without its list
    ends = _ends(reading, value, document)
    return [Span(*ends, label) for label in labels] if ends and labels else None


def _ends(reading: Reading, value: Mapping[str, object], document: Document | None) -> tuple[int, int] | None:
    """Return which part of the text the region labels; of HTML, by the offsets over all of it where it has them."""
    match value:
        case {"globalOffsets": {"start": first, "end": last}} if reading.tag == HYPERTEXT and document:
            overall = _pair(first, last)
            return document.overall_offsets(*overall) if overall else None
        case {"start": first, "startOffset": start, "end": last, "endOffset": end} if document:
            paths = _nodes(reading, first, last)
            within = _pair(start, end)
            if paths is None or within is None:
                return None
            return document.offsets(TextPosition(paths[0], within[0], 0), TextPosition(paths[1], within[1], 0))
        case {"start": first, "end": last} if reading.tag not in (HYPERTEXT, PARAGRAPHS):
            ends = _pair(first, last)
            beyond = document is not None and ends is not None and ends[1] > len(document.text)
            return ends if ends and 0 <= ends[0] < ends[1] and not beyond else None
        case _:
            return None


def _pair(first: object, last: object) -> tuple[int, int] | None:
    start, end = whole_number(first), whole_number(last)
    return None if start is None or end is None else (start, end)


def _nodes(reading: Reading, first: object, last: object) -> tuple[str, str] | None:
    """Return where a span begins and ends: of paragraphs their numbers, of a page XPaths."""
    if reading.tag == PARAGRAPHS:
        numbers = _pair(first, last)
        return (str(numbers[0]), str(numbers[1])) if numbers else None
    return (first, last) if isinstance(first, str) and isinstance(last, str) else None


def region(field: Field, kind: str, value: Mapping[str, object], *, told_apart_by: str = "") -> dict[str, object]:
    """Return a region as Label Studio stores it; its id is the same for the same field and `told_apart_by`."""
    return {
        "id": _id(field.name + (f"\n{told_apart_by}" if told_apart_by else "")),
        "from_name": field.name,
        "to_name": field.to_name,
        "type": kind,
        "value": dict(value),
    }


@lru_cache(maxsize=1024)
def _id(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=5).hexdigest()


def span_region(field: Field, span: Span, document: Document | None) -> dict[str, object] | None:
    """Return the region that labels a part of the text, None where no part of it is on people's screen.

    None too where Label Studio would be harmed, see `_poisons`.
    """
    (reading,) = from_words(field.reads, 1)
    positions = document.positions(span.start, span.end) if document else _as_they_are(span)
    if positions is None or (
        document and reading.tag == PARAGRAPHS and reading.saves_text and _poisons(document, positions)
    ):
        return None
    start, end = positions
    value: dict[str, object] = {"start": start.offset, "end": end.offset}
    if reading.tag in (HYPERTEXT, PARAGRAPHS):
        value = {"start": start.path, "end": end.path, "startOffset": start.offset, "endOffset": end.offset}
    if reading.tag == HYPERTEXT:
        value["globalOffsets"] = {"start": start.overall, "end": end.overall}
    value[reading.spans_type] = [span.label]
    return region(field, reading.spans_type, value, told_apart_by=f"{span.start}-{span.end} {span.label}")


def _poisons(document: Document, positions: tuple[TextPosition, TextPosition]) -> bool:
    """Return whether Label Studio would cut through a character when it saves the text of a span in paragraphs.

    It applies the offsets to a text in which runs of spaces are one. Half a character makes it store what it can never
    read again: from then on it answers HTTP 500 for the task.
    """
    for position in positions:
        piece = next(piece for piece in document.pieces if piece.is_at(position.path))
        shown = _COLLAPSED.sub(" ", piece.text.strip(_SPACES)).encode("utf-16-le")
        after = shown[2 * position.offset : 2 * position.offset + 2]
        if after and 0xDC00 <= int.from_bytes(after, "little") <= 0xDFFF:
            return True
    return False


def _as_they_are(span: Span) -> tuple[TextPosition, TextPosition] | None:
    if not 0 <= span.start < span.end:
        return None
    return TextPosition("", span.start, span.start), TextPosition("", span.end, span.end)
