"""Released spans as CoNLL, one token a line; the tokens are found by a rule that needs no language to be known."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from labelloop.domain.release_row import ReleaseRow
from labelloop.domain.values import Span, Spans

OUTSIDE = "O"
_WORD = ("L", "M", "N")
_CONTINUES = ("M", "Cf")
_ALONE = ("CJK", "HIRAGANA", "KATAKANA")


def conll_file(rows: Sequence[ReleaseRow]) -> bytes:
    """Return one line a token, `token tag`, and an empty line after each text, in order of task id, as UTF-8.

    Tags are BIO (the second version: every span begins with `B-`), as in Tjong Kim Sang and De Meulder 2003. White
    space in a label becomes `_`. Only `written` spans stand there.
    """
    ordered = sorted(rows, key=lambda row: row.task_id)
    return "".join("".join(f"{line}\n" for line in [*_lines(row), ""]) for row in ordered).encode()


def written(row: ReleaseRow) -> list[Span]:
    """Return the row's spans that CoNLL can hold, in order: of those that overlap the longest, none of white space."""
    kept: list[Span] = []
    given = row.value.spans if isinstance(row.value, Spans) else frozenset()
    for span in sorted(given, key=lambda span: (span.start - span.end, span)):
        apart = all(span.end <= other.start or other.end <= span.start for other in kept)
        if apart and row.text[span.start : span.end].strip():
            kept.append(span)
    return sorted(kept)


def unwritten(rows: Iterable[ReleaseRow]) -> int:
    """Return how many spans of the rows CoNLL cannot hold."""
    return sum(len(row.value.spans) - len(written(row)) for row in rows if isinstance(row.value, Spans))


def tokens(text: str, cuts: Iterable[int] = ()) -> list[tuple[int, int]]:
    """Return where the text's tokens begin and end (code points); a token never reaches across one of the `cuts`.

    Letters, marks and digits (Unicode categories L, M, N) in a row are a word, unless they are Chinese or Japanese:
    each of these, and every other character but white space, is a token. Marks and invisible format characters (M, Cf)
    go with what stands before them.
    >>> [text[a:b] for text in ["Anna's in 東京!"] for a, b in tokens(text)]
    ['Anna', "'", 's', 'in', '東', '京', '!']
    """
    breaks, found, in_word = set(cuts), list[tuple[int, int]](), False
    for at, character in enumerate(text):
        if character.isspace():
            in_word = False
            continue
        kind = unicodedata.category(character)
        touches = bool(found) and found[-1][1] == at and at not in breaks
        belongs = kind.startswith(_WORD) and not unicodedata.name(character, "").startswith(_ALONE)
        if touches and (kind.startswith(_CONTINUES) or (in_word and belongs)):
            found[-1] = (found[-1][0], at + 1)
        else:
            found.append((at, at + 1))
            in_word = belongs
    return found


def _lines(row: ReleaseRow) -> Iterator[str]:
    spans = written(row)
    begun: Span | None = None
    for start, end in tokens(row.text, (end for span in spans for end in (span.start, span.end))):
        inside = next((span for span in spans if span.start <= start < span.end), None)
        tag = f"{'I' if inside is begun else 'B'}-{'_'.join(inside.label.split())}" if inside else OUTSIDE
        yield f"{row.text[start:end]} {tag}"
        begun = inside
