"""The project's Markdown, taken apart: tables, code, links and the anchors that headings make."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/**/*.md")])

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def name(page: Path) -> str:
    """Return the page's path below the project's folder."""
    return page.relative_to(ROOT).as_posix()


def read(path: str) -> str:
    """Return a page by its path below the project's folder."""
    return (ROOT / path).read_text("utf-8")


def code(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return [block for marked, block in _FENCE.findall(text) if marked == language]


def rows(text: str, columns: int) -> list[list[str]]:
    r"""Return the cells of every table row with so many columns, headings and rules included.

    >>> rows("| a | b \\| c |", 2)
    [['a', 'b \\| c']]
    """
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))] for line in lines]
    return [row for row in cells if len(row) == columns]


def without_fences(text: str) -> str:
    """Return the text without its fenced blocks."""
    return _FENCE.sub("", text)


def prose(text: str, *, fences: bool = False) -> str:
    """Return the text without code and without the targets of links; with the fenced blocks if asked to."""
    text = text if fences else without_fences(text)
    return _LINK.sub(lambda link: link[0].split("](")[0], re.sub(r"`[^`\n]*`", "``", text))


def code_spans(text: str) -> list[str]:
    """Return what is marked as code within sentences."""
    return re.findall(r"`([^`\n]+)`", without_fences(text))


def links(text: str) -> list[str]:
    """Return the targets of links and pictures outside code."""
    return _LINK.findall(re.sub(r"`[^`\n]*`", "``", without_fences(text)))


def anchors(text: str) -> set[str]:
    r"""Return the anchors of a page's headings, as GitHub makes them.

    >>> sorted(anchors("# How it works\n## What `up` does, and why\n"))
    ['how-it-works', 'what-up-does-and-why']
    """
    headings = re.findall(r"^#+ +(.*)$", without_fences(text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
