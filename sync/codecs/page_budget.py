"""How much of a page an HTML parser is given: what keeps its time and memory within bounds, whoever wrote the page."""

import re
from collections import Counter

MOST_WORK = 20_000_000
"""What a parser may have to do. An ordinary page takes about 150 a tag, so that more than 100,000 tags are read."""
_EVERY_TAG, _EVERY_FORMAT = 100, 60
_SMALL = 1_000
"""So few tags never cost too much."""

# fmt: off
_NEVER_OPEN = frozenset((  # void, or closed by the next of its kind
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
    "p", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot", "option", "html", "head", "body",
))
_FORMATTING = frozenset((  # left open, they are opened again in every block that follows
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
))
# fmt: on
_TAG = re.compile(
    r"<!--[\s\S]*?(?:-->|\Z)"
    r"|<(script|style|textarea|title|xmp|iframe|noembed|noframes)\b[\s\S]*?(?:</\1|\Z)"
    r"""|<(?P<closes>/?)(?P<name>[a-z][^\s/>]*+)(?:[^=>]++|=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))?)*+""",
    re.IGNORECASE,
)


def affordable(html: str) -> str:
    """Return as much of a page, from its beginning, as does not cost too much; nearly always all of it.

    A parser looks upwards from many a tag, so that depth costs time by its square, and opens formatting elements that
    were never closed again and again, so that they cost memory by their square.

    >>> affordable("<p>Hello"), len(affordable("<div>" * 40_000)) // len("<div>")
    ('<p>Hello', 6224)
    """
    if html.count("<") <= _SMALL:
        return html
    opened: Counter[str] = Counter()
    depth = formatting = work = 0
    for tag in _TAG.finditer(html):
        name = (tag["name"] or "").lower()
        step = -(opened[name] > 0) if tag["closes"] else 1
        if name and name not in _NEVER_OPEN:
            opened[name] += step
            formatting += step * (name in _FORMATTING)
            depth += step
        work += _EVERY_TAG + depth + _EVERY_FORMAT * formatting
        if work > MOST_WORK:
            return html[: tag.start()]
    return html
