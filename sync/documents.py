"""From what a task shows people to the text a model reads, and between the offsets of both."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from labelloop.domain.schema import PLAIN_TEXT
from sync.hypertext import text_nodes
from sync.reading import PARAGRAPHS, Reading

SAID = ": "
"""What stands between the name of who says it and what is said."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in what people see, in Label Studio's terms.

    `path` is the XPath of a HTML text node or the number of a paragraph, empty for a plain text; `offset` counts from
    there (code points in a plain text, else UTF-16 units), `overall` code points from the start of all text nodes.
    """

    path: str
    offset: int
    overall: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the text that stands as it is on people's screen: where it starts there and in the model's text."""

    start: int
    text: str
    path: str
    overall: int

    @property
    def end(self) -> int:
        """Return where the piece ends in the model's text."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Document:
    """One input of a task: the text a model reads, and the pieces of it that people see, in order.

    What lies between pieces was added for the model: line ends, names of speakers.
    """

    text: str
    pieces: tuple[Piece, ...]
    utf16: bool = False

    def places(self, start: int, end: int) -> tuple[Place, Place] | None:
        """Return where people see this part of the text, None where none of it is on their screen."""
        within = [piece for piece in self.pieces if piece.start < end and piece.end > start]
        if not within or start >= end or end > len(self.text):
            return None
        first, last = within[0], within[-1]
        return self._place(first, max(start, first.start)), self._place(last, min(end, last.end))

    def offsets(self, start: Place, end: Place) -> tuple[int, int] | None:
        """Return the part of the text that lies between two places, None where they name none."""
        begin, finish = self._offset(start), self._offset(end)
        return (begin, finish) if begin is not None and finish is not None and begin < finish else None

    def overall_offsets(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the part of the text between two offsets over all HTML text nodes, None where none lies there."""
        within = [p for p in self.pieces if p.overall < end and p.overall + len(p.text) > start]
        if not within or not 0 <= start < end:
            return None
        first, last = within[0], within[-1]
        begin = first.start + max(start - first.overall, 0)
        return begin, min(last.start + end - last.overall, last.end)

    def _place(self, piece: Piece, at: int) -> Place:
        before = piece.text[: at - piece.start]
        return Place(piece.path, _utf16(before) if self.utf16 else len(before), piece.overall + len(before))

    def _offset(self, place: Place) -> int | None:
        piece = next((piece for piece in self.pieces if piece.path == place.path), None)
        if piece is None or place.offset < 0:
            return None
        inside = _from_utf16(piece.text, place.offset) if self.utf16 else place.offset
        return piece.start + inside if inside is not None and inside <= len(piece.text) else None


def document(reading: Reading, shown: object) -> Document:
    """Return an input of a task as a model reads it; empty where it is missing or not of the kind the tag shows.

    NUL, which browsers leave out, is left out; halves of surrogate pairs, which databases and files refuse, become
    question marks. Of HTML, what is no text of the page (comments, styles, scripts) is left out and blocks end
    their line. A paragraph is a line that starts with its speaker's name.
    """
    if reading.tag == PARAGRAPHS:
        return _paragraphs(reading, shown)
    if not isinstance(shown, str):
        return Document("", ())
    if reading.tag == PLAIN_TEXT:
        text = clean(shown)
        return Document(text, (Piece(0, text, "", 0),) if text else ())
    return _page(clean(shown), reading.inline)


def shown_as(reading: Reading, text: str) -> object:
    """Return what a task must hold for people to see this text, and for `document` to give it back."""
    if reading.tag == PARAGRAPHS:
        return [{reading.name_key: "", reading.text_key: line} for line in text.split("\n")]
    if reading.tag == PLAIN_TEXT:
        return text
    inside = escape(text).replace("\r", "&#13;")
    return f'<div style="white-space: pre-wrap">{inside}</div>'


def clean(text: str) -> str:
    """Return the text without NUL characters and halves of surrogate pairs; no other character moves."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=8)  # all annotations and predictions of a task lie in the same page
def _page(html: str, inline: bool) -> Document:
    pieces: list[Piece] = []
    text = ""
    for node in text_nodes(html, inline=inline):
        if node.new_line and text and not text.endswith("\n"):
            text += "\n"
        if node.text.strip() or (text and not text.endswith("\n")):
            pieces.append(Piece(len(text), node.text, node.path, node.overall))
            text += node.text
    return Document(text, tuple(pieces), utf16=True)


def _paragraphs(reading: Reading, shown: object) -> Document:
    pieces: list[Piece] = []
    lines: list[str] = []
    start = 0
    for number, said in enumerate(shown if isinstance(shown, list) else ()):
        who, what = (_text_at(said, key) for key in (reading.name_key, reading.text_key))
        before = who + SAID if who.strip() else ""
        if what:
            pieces.append(Piece(start + len(before), what, str(number), 0))
        lines.append(before + what)
        start += len(lines[-1]) + 1
    return Document("\n".join(lines), tuple(pieces), utf16=True)


def _text_at(said: object, key: str) -> str:
    found = said.get(key) if isinstance(said, Mapping) else None
    return clean(found) if isinstance(found, str) else ""


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _from_utf16(text: str, units: int) -> int | None:
    """Return how many code points lie before this many UTF-16 units, None past the end; inside a pair, before it."""
    left = text.encode("utf-16-le")[: 2 * units]
    return len(left.decode("utf-16-le", "ignore")) if len(left) == 2 * units else None
