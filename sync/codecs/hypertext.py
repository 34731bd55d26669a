"""The text nodes of a page as Label Studio's HyperText shows it, with the XPaths a browser would give them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from sync.codecs.page_budget import affordable

# Label Studio takes these out of a page, with all that is in them, before it shows it.
REMOVED = frozenset({"script", "iframe"})
# Text in these is counted by Label Studio's offsets but is no text of the page.
UNSEEN = frozenset({"style", "title", "textarea", "option", "template", "noscript"})
# fmt: off
INLINE = frozenset((
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i",
    "img", "input", "ins", "kbd", "label", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small", "span",
    "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
))
# fmt: on


DEEPEST = 512
"""Browsers nest elements no deeper, so that what a page nests deeper has another XPath there."""


@dataclass(frozen=True, slots=True, eq=False)
class XPath:
    """Where a node is, from the body: its own step, such as `p[2]`, below its parent's; written out by `str`.

    A chain, since paths written out for every node of a deep page would take its length times its depth.
    """

    parent: "XPath | None"
    step: str

    def __str__(self) -> str:
        steps = []
        at: XPath | None = self
        while at is not None:
            steps.append(f"/{at.step}")
            at = at.parent
        return "".join(reversed(steps))

    def is_written(self, path: str) -> bool:
        """Return whether this is how the path is written."""
        at: XPath | None = self
        while at is not None and path.endswith(f"/{at.step}"):
            path, at = path[: -len(at.step) - 1], at.parent
        return at is None and not path


@dataclass(frozen=True, slots=True)
class Node:
    """A text node: its text, its XPath, how many code points (and <br>) stand before it on the page.

    `path` is None where it lies deeper than `DEEPEST`. `new_line` says that it starts a line: a block or a <br> stands
    between it and the text before.
    """

    text: str
    path: XPath | None
    overall: int
    new_line: bool


def text_nodes(html: str, *, inline: bool) -> Iterator[Node]:
    """Yield the text nodes people can read, in the page's order.

    `inline` pages stand inside Label Studio's page, where nothing of them is a head; others are a document of their
    own. Of a page that would cost too much its beginning is read.
    """
    # An HTML5 parser, since XPaths and offsets must be those of the browser: it adds <tbody>, ends <p>, moves text.
    html = affordable(html)
    page = LexborHTMLParser(f"<!doctype html><body>{html}" if inline else html)
    overall, new_line = 0, False
    open_elements = [_Element.of(page.body, None, seen=True)] if page.body is not None else []
    while open_elements:
        inside = open_elements[-1]
        child = next(inside.children, None)
        if child is None:
            open_elements.pop()
            new_line |= inside.block
            continue
        path = inside.path_of(child)
        if not isinstance(child, str):
            open_elements.append(_Element.of(child, path, seen=inside.seen))
            new_line |= open_elements[-1].block
            overall += child.tag == "br"
            continue
        if inside.seen:
            yield Node(child, path if len(open_elements) <= DEEPEST else None, overall, new_line)
            new_line = False
        overall += len(child)


@dataclass(frozen=True, slots=True)
class _Element:
    """An element on the way through a page: what is left of its children, and how many of each name came by."""

    children: Iterator[LexborNode | str]
    path: XPath | None
    seen: bool
    block: bool
    counts: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, node: LexborNode, path: XPath | None, *, seen: bool) -> "_Element":
        return cls(_children(node), path, seen and node.tag not in UNSEEN, node.tag not in INLINE)

    def path_of(self, child: LexborNode | str) -> XPath:
        name = "text()" if isinstance(child, str) else str(child.tag)
        self.counts[name] += 1
        return XPath(self.path, f"{name}[{self.counts[name]}]")


def _children(parent: LexborNode) -> Iterator[LexborNode | str]:
    """Yield elements, and texts joined over what Label Studio takes out between them."""
    text = ""
    for child in parent.iter(include_text=True):
        if child.is_text_node:
            text += child.text_content or ""
        elif child.is_element_node and child.tag not in REMOVED:
            if text:
                yield text
            text = ""
            yield child
    if text:
        yield text
