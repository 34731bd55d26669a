"""What single regions of a result say, for each kind of field: the atoms that values are made of."""

import hashlib
import re
from collections.abc import Hashable, Mapping, Sequence

from labelloop.domain.schema import Field
from labelloop.domain.values import PATH_BREAK, FieldKind, Span
from sync.documents import Document, Place
from sync.reading import HYPERTEXT, PARAGRAPHS, Reading, from_words

Region = Mapping[str, object]

_SPACES = " \t\r\n\f"
_COLLAPSED = re.compile(f"[{_SPACES}]+")


def atoms(field: Field, region: object, document: Document | None) -> list[Hashable]:
    """Return what the region says of the field: labels, stars, texts or spans; nothing where it is malformed.

    `document` is what the spans lie in; None where offsets are taken as they are, which only a plain text allows.
    """
    match region:
        case {"from_name": field.name, "type": str(kind), "value": Mapping() as value}:
            return list(_said(field, kind, value, document))
        case _:
            return []


def _said(field: Field, kind: str, value: Mapping[str, object], document: Document | None) -> Sequence[Hashable]:
    match field.kind, kind, value:
        case (FieldKind.CHOICE | FieldKind.CHOICES, "choices", {"choices": list(labels)}):
            return _texts(labels)
        case (FieldKind.PAIRWISE, "pairwise", {"selected": str(side)}):
            return [side]
        case (FieldKind.TAXONOMY, "taxonomy", {"taxonomy": list(paths)}):
            return _texts([PATH_BREAK.join(_texts(path)) for path in paths if isinstance(path, list)])
        case (FieldKind.RATING, "rating", {"rating": int() | float() as stars}):
            whole = not isinstance(stars, bool) and (isinstance(stars, int) or stars.is_integer())
            return [int(stars)] if whole and stars > 0 else []
        case (FieldKind.TEXT, "textarea", {"text": str(text)}):
            return _texts([text])
        case (FieldKind.TEXT, "textarea", {"text": list(texts)}):
            return _texts(texts)
        case (FieldKind.SPANS, _, _):
            (reading,) = from_words(field.reads, 1)
            if kind == reading.spans_type:
                return _spans(reading, value, document)
    return []


def _texts(found: Sequence[object]) -> list[str]:
    return [text for text in found if isinstance(text, str) and text.strip()]


def _spans(reading: Reading, value: Mapping[str, object], document: Document | None) -> list[Span]:
    labels = value.get(reading.spans_type)
    ends = _ends(reading, value, document)
    if ends is None or not isinstance(labels, list):
        return []
    return [Span(*ends, label) for label in _texts(labels)]


def _ends(reading: Reading, value: Mapping[str, object], document: Document | None) -> tuple[int, int] | None:
    """Return which part of the text the region labels; of HTML, by the offsets over all of it where it has them."""
    match value:
        case {"globalOffsets": {"start": int(start), "end": int(end)}} if reading.tag == HYPERTEXT and document:
            return document.overall_offsets(start, end)
        case {"start": str(first), "startOffset": int(start), "end": str(last), "endOffset": int(end)} if document:
            return document.offsets(Place(first, start, 0), Place(last, end, 0))
        case {"start": int(first), "startOffset": int(start), "end": int(last), "endOffset": int(end)} if (
            reading.tag == PARAGRAPHS and document
        ):
            return document.offsets(Place(str(first), start, 0), Place(str(last), end, 0))
        case {"start": int(start), "end": int(end)} if reading.tag not in (HYPERTEXT, PARAGRAPHS):
            beyond = document is not None and end > len(document.text)
            return (start, end) if 0 <= start < end and not beyond else None
        case _:
            return None


def region(field: Field, kind: str, value: Mapping[str, object], *, told_apart_by: str = "") -> dict[str, object]:
    """Return a region as Label Studio stores it; its id is the same for the same field and `told_apart_by`."""
    name = field.name + (f"\n{told_apart_by}" if told_apart_by else "")
    return {
        "id": hashlib.blake2b(name.encode(), digest_size=5).hexdigest(),
        "from_name": field.name,
        "to_name": field.to_name,
        "type": kind,
        "value": dict(value),
    }


def span_region(field: Field, span: Span, document: Document | None) -> dict[str, object] | None:
    """Return the region that labels a part of the text, None where no part of it is on people's screen.

    None too where Label Studio would be harmed, see `_poisons`.
    """
    (reading,) = from_words(field.reads, 1)
    places = document.places(span.start, span.end) if document else _as_they_are(span)
    if places is None or (document and reading.tag == PARAGRAPHS and reading.saves_text and _poisons(document, places)):
        return None
    start, end = places
    value: dict[str, object] = {"start": start.offset, "end": end.offset}
    if reading.tag in (HYPERTEXT, PARAGRAPHS):
        value = {"start": start.path, "end": end.path, "startOffset": start.offset, "endOffset": end.offset}
    if reading.tag == HYPERTEXT:
        value["globalOffsets"] = {"start": start.overall, "end": end.overall}
    value[reading.spans_type] = [span.label]
    return region(field, reading.spans_type, value, told_apart_by=f"{span.start}-{span.end} {span.label}")


def _poisons(document: Document, places: tuple[Place, Place]) -> bool:
    """Return whether Label Studio would cut through a character when it saves the text of a span in paragraphs.

    It applies the offsets to a text in which runs of spaces are one. Half a character makes it store what it can never
    read again: from then on it answers HTTP 500 for the task.
    """
    for place in places:
        piece = next(piece for piece in document.pieces if piece.path == place.path)
        shown = _COLLAPSED.sub(" ", piece.text.strip(_SPACES)).encode("utf-16-le")
        after = shown[2 * place.offset : 2 * place.offset + 2]
        if after and 0xDC00 <= int.from_bytes(after, "little") <= 0xDFFF:
            return True
    return False


def _as_they_are(span: Span) -> tuple[Place, Place] | None:
    if not 0 <= span.start < span.end:
        return None
    return Place("", span.start, span.start), Place("", span.end, span.end)
