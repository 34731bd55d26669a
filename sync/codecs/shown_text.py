"""From what a task shows people to the text a model reads, and between the offsets of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from labelloop.domain.json_values import content_of, displayed
from labelloop.domain.schema import PLAIN_TEXT
from labelloop.domain.tasks import OPTION_BREAK
from labelloop.domain.values import PATH_BREAK
from sync.codecs.hypertext import XPath, text_nodes
from sync.codecs.structured_text import list_text, table_text
from sync.config.object_tags import CHAT, HYPERTEXT, LIST, MARKDOWN, OPTIONS, PARAGRAPHS, TABLE, Reading

NAME_SEPARATOR = ": "
"""What stands between the name of who says it and what is said."""
_MESSAGES = Reading(PARAGRAPHS, text_key="content", name_key="role")


@dataclass(frozen=True, slots=True)
class TextPosition:
    """A position in what people see, in Label Studio's terms.

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
    path: str | XPath
    overall: int

    @property
    def end(self) -> int:
        """Return where the piece ends in the model's text."""
        return self.start + len(self.text)

    def is_at(self, path: str) -> bool:
        """Return whether people see the piece at this path."""
        return self.path.is_written(path) if isinstance(self.path, XPath) else self.path == path


@dataclass(frozen=True, slots=True)
class Document:
    """One input of a task: the text a model reads, and the pieces of it that people see, in order.

    What lies between pieces was added for the model: line ends, names of speakers; or nested too deep for any path.
    """

    text: str
    pieces: tuple[Piece, ...]
    utf16: bool = False

    def positions(self, start: int, end: int) -> tuple[TextPosition, TextPosition] | None:
        """Return where people see this part of the text, None where none of it is on their screen."""
        within = [piece for piece in self.pieces if piece.start < end and piece.end > start]
        if not within or start >= end or end > len(self.text):
            return None
        first, last = within[0], within[-1]
        return self._position(first, max(start, first.start)), self._position(last, min(end, last.end))

    def offsets(self, start: TextPosition, end: TextPosition) -> tuple[int, int] | None:
        """Return the part of the text that lies between two positions, None where they name none."""
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

    def _position(self, piece: Piece, at: int) -> TextPosition:
        before = piece.text[: at - piece.start]
        return TextPosition(str(piece.path), _utf16(before) if self.utf16 else len(before), piece.overall + len(before))

    def _offset(self, position: TextPosition) -> int | None:
        piece = next((piece for piece in self.pieces if piece.is_at(position.path)), None)
        if piece is None or position.offset < 0:
            return None
        inside = _from_utf16(piece.text, position.offset) if self.utf16 else position.offset
        return piece.start + inside if inside is not None and inside <= len(piece.text) else None


def document(reading: Reading, shown: object) -> Document:
    """Return an input of a task as a model reads it; empty where it is missing or the tag shows nothing of it.

    Numbers, booleans and lists are read as people see them, such as `4711`, `true` and `first,second`.
    NUL, which browsers leave out, is left out; halves of surrogate pairs, which databases and files refuse, become
    question marks. Of HTML, what is no text of the page (comments, styles, scripts) is left out and blocks end
    their line. A paragraph is a line that starts with its speaker's name, a message of a chat with its role, both as
    `content_of` says.
    """
    match reading.tag:
        case tag if tag == PARAGRAPHS:
            return _paragraphs(reading, shown)
        case tag if tag == CHAT:
            return _paragraphs(_MESSAGES, shown)
        case tag if tag == TABLE:
            return _plain(table_text(shown))
        case tag if tag == LIST:
            return _plain(list_text(list_items(shown)))
        case tag if tag == OPTIONS:
            return _plain(list_text(_choices(shown, nested=reading.nested)))
    text = displayed(shown) or ""
    return _plain(text) if reading.tag in (PLAIN_TEXT, MARKDOWN) else _page(clean(text), reading.inline)


def list_items(shown: object) -> list[tuple[str, str]]:
    """Return the id and the text of each item of a List: its title, its body, and the text of its HTML."""
    return [((displayed(item.get("id")) or "").replace("\n", " "), _item_text(item)) for item in _objects(shown)]


def _choices(shown: object, *, nested: bool) -> list[tuple[str, str]]:
    """Return what Label Studio stores and shows of each choice that a task brings along: alias or value, and HTML.

    Of nested ones those that have none below them, by their paths, each with what is shown of the ones above it.
    """
    found: list[tuple[str, str]] = []
    above: tuple[tuple[str, str], ...] = ()
    waiting = [(above, item) for item in reversed(_objects(shown))]  # no recursion: people's data may be deep
    while waiting:
        above, item = waiting.pop()
        stored = displayed(item.get("alias")) or displayed(item.get("value")) or ""
        name = stored.replace("\n", " ")
        if not name.strip() or (nested and PATH_BREAK in name):
            continue
        steps = (*above, (name, _choice_text(item, name)))
        if nested and item.get("children"):
            waiting += [(steps, child) for child in reversed(_objects(item.get("children")))]
        else:
            found.append((PATH_BREAK.join(step for step, _ in steps), "\n".join(text for _, text in steps if text)))
    return found


def _objects(shown: object) -> list[Mapping[str, object]]:
    return [item for item in shown if isinstance(item, Mapping)] if isinstance(shown, list) else []


def _choice_text(item: Mapping[str, object], name: str) -> str:
    html = displayed(item.get("html")) or ""
    text = _page(clean(html), True).text if html else displayed(item.get("value")) or ""
    return "" if text == name else text


def shown_as(reading: Reading, text: str) -> object:
    """Return what a task must hold for people to see this text, and for `document` to give it back."""
    if reading.tag == PARAGRAPHS:
        return [{reading.name_key: "", reading.text_key: line} for line in text.split("\n")]
    if reading.tag == CHAT:
        return [{"role": "", "content": line} for line in text.split("\n")]
    if reading.tag == TABLE:
        columns, *rows = (line.split("\t") for line in text.split("\n"))
        return [dict(zip(columns, row, strict=False)) for row in rows]
    if reading.tag == LIST:
        blocks = (block.partition("\n") for block in text.split(OPTION_BREAK))
        return [{"id": name, "body": rest} for name, _, rest in blocks]
    if reading.tag == OPTIONS:
        blocks = (block.partition("\n") for block in text.split(OPTION_BREAK))
        return [_choice(name.split(PATH_BREAK) if reading.nested else [name], rest) for name, _, rest in blocks]
    if reading.tag != HYPERTEXT:
        return text
    inside = escape(text).replace("\r", "&#13;")
    return f'<div style="white-space: pre-wrap">{inside}</div>'


def _choice(path: Sequence[str], text: str) -> dict[str, object]:
    *above, name = path
    made: dict[str, object] = {"value": name, "html": escape(text)} if text else {"value": name}
    for step in reversed(above):
        made = {"value": step, "children": [made]}
    return made


def clean(text: str) -> str:
    """Return the text without NUL characters and halves of surrogate pairs; no other character moves."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _plain(text: str) -> Document:
    text = clean(text)
    return Document(text, (Piece(0, text, "", 0),) if text else ())


def _item_text(item: Mapping[str, object]) -> str:
    title, body, html = (displayed(item.get(key)) or "" for key in ("title", "body", "html"))
    return "\n".join(part for part in (title, body, _page(clean(html), True).text) if part.strip())


@lru_cache(maxsize=8)  # all annotations and predictions of a task lie in the same page
def _page(html: str, inline: bool) -> Document:
    pieces: list[Piece] = []
    text = ""
    for node in text_nodes(html, inline=inline):
        if node.new_line and text and not text.endswith("\n"):
            text += "\n"
        if node.text.strip() or (text and not text.endswith("\n")):
            if node.path is not None:
                pieces.append(Piece(len(text), node.text, node.path, node.overall))
            text += node.text
    return Document(text, tuple(pieces), utf16=True)


def _paragraphs(reading: Reading, shown: object) -> Document:
    pieces: list[Piece] = []
    lines: list[str] = []
    start = 0
    for number, turn in enumerate(shown if isinstance(shown, list) else ()):
        who, what = _said_at(turn, reading.name_key), _said_at(turn, reading.text_key)
        before = who + NAME_SEPARATOR if who.strip() else ""
        if what:
            pieces.append(Piece(start + len(before), what, str(number), 0))
        lines.append(before + what)
        start += len(lines[-1]) + 1
    return Document("\n".join(lines), tuple(pieces), utf16=True)


def _said_at(turn: object, key: str) -> str:
    return clean(content_of(turn.get(key))) if isinstance(turn, Mapping) else ""


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _from_utf16(text: str, units: int) -> int | None:
    """Return how many code points lie before this many UTF-16 units, None past the end; inside a pair, before it."""
    left = text.encode("utf-16-le")[: 2 * units]
    return len(left.decode("utf-16-le", "ignore")) if len(left) == 2 * units else None
