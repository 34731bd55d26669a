"""Whoever writes a task's HTML decides neither how long it is read nor how much memory that takes."""

import pytest

from sync.codecs.hypertext import DEEPEST
from sync.codecs.page_budget import affordable
from sync.codecs.shown_text import document
from sync.config.object_tags import HYPERTEXT, Reading
from tests.peak import cost

PAGE = Reading(HYPERTEXT)
BEFORE = """
from sync.codecs.shown_text import document
from sync.config.object_tags import Reading
html = {html}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "html",
    [
        "'<div>' * 40_000 + 'deep'",
        "'<div>a' * 33_000",
        "'<div>' * 2_000_000",
        "''.join(f'<p><b id={n}>x' for n in range(50_000))",
        "''.join(f'<p><b id={n}><!--</b>--><style></b></style>x' for n in range(50_000))",
        "'<p>a</p>' * 1_000_000",
        "'<b x=\"a>' * 200_000",
        "'<!-- ' * 500_000",
    ],
    ids=["deep", "deep with text", "very deep", "never closed", "seemingly closed", "long", "open quotes", "comments"],
)
def test_a_page_costs_little(html: str) -> None:
    """200 kB of nested elements took 5.4 GB, and unclosed ones grow by their square: now neither does."""
    spent = cost("document(Reading('hypertext'), html)", BEFORE.format(html=html))
    assert spent.mib < 150
    assert spent.seconds < 15


def test_ordinary_pages_are_read_whole() -> None:
    """A table of ten thousand rows, an embedded picture of megabytes, and tags without an end are ordinary."""
    table = "<table>" + "<tr><td>one<td><b>two</b> <a href='x'>three</a></tr>" * 10_000 + "</table>"
    picture = f"<p><img src='data:image/png;base64,{'A' * 5_000_000}'>after the picture</p>"
    sloppy = "a line<br>" * 20_000 + "<p>a paragraph" * 20_000
    for html in (table, picture, sloppy):
        assert affordable(html) == html
    assert document(PAGE, picture).text == "after the picture"


def test_offsets_are_right_before_the_part_that_is_too_deep() -> None:
    """What lies deeper than a browser nests is read, but has no place on the screen; the rest keeps its own."""
    html = "<p>before</p>" + "<div>" * (DEEPEST + 10) + "deep" + "</div>" * (DEEPEST + 10) + "<p>after</p>"
    shown = document(PAGE, html)
    assert shown.text == "before\ndeep\nafter"
    for word, path in (("before", "/p[1]/text()[1]"), ("after", "/p[2]/text()[1]")):
        start = shown.text.index(word)
        positions = shown.positions(start, start + len(word))
        assert positions is not None
        assert (positions[0].path, positions[0].offset) == (path, 0)
        assert shown.offsets(*positions) == (start, start + len(word))
    start = shown.text.index("deep")
    assert shown.positions(start, start + 4) is None


def test_a_cut_page_keeps_the_places_of_its_beginning() -> None:
    """The part that is read has the paths and offsets that it has in the whole page."""
    html = "<p>one</p><p>two</p>" + "<div>" * 40_000
    assert affordable(html) != html
    shown = document(PAGE, html)
    positions = shown.positions(4, 7)
    assert positions is not None
    assert (positions[0].path, shown.offsets(*positions)) == ("/p[2]/text()[1]", (4, 7))
