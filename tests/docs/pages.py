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


def links(text: str) -> list[str]:
    """Return the targets of links and pictures outside code."""
    return _LINK.findall(re.sub(r"`[^`\n]*`", "``", _FENCE.sub("", text)))


def anchors(text: str) -> set[str]:
    r"""Return the anchors of a page's headings, as GitHub makes them.

    >>> sorted(anchors("# How it works\n## What `up` does, and why\n"))
    ['how-it-works', 'what-up-does-and-why']
    """
    headings = re.findall(r"^#+ +(.*)$", _FENCE.sub("", text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
