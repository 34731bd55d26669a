"""CoNLL: a reader that knows only the format and the texts gets the spans back."""

import random
from dataclasses import replace

import pytest

from labelloop.domain.release_row import ReleaseRow
from labelloop.domain.values import Span, Spans
from labelloop.export.conll import conll_file, tokens, unwritten, written
from tests.core.released import MODEL

TEXTS = (
    "Anna met Omar in New York, 2026.",
    "王芳住在北京。",
    "カタカナとひらがな and kanji 漢字",
    "مرحبا يا عمر في القاهرة",
    "नमस्ते दिल्ली",
    "👩‍👩‍👧 family 🇩🇪 ❤️ café",
    "  leading\u2028lines\nand\ttabs\u00a0end ",
    "a\x00b \u200b O B-Person #tag",
)


def row(number: int, text: str, *spans: Span) -> ReleaseRow:
    """Return a released row with these spans."""
    return replace(MODEL, task_id=number, text=text, value=Spans(frozenset(spans)))


def read(content: bytes, texts: list[str]) -> list[list[Span]]:
    """Read CoNLL as its readers do, and find the tokens again in the texts."""
    blocks = content.decode().removesuffix("\n\n").split("\n\n")
    return [spans_of(block.split("\n"), text) for block, text in zip(blocks, texts, strict=True)]


def spans_of(lines: list[str], text: str) -> list[Span]:
    """Return the spans of one block."""
    at, found = 0, list[Span]()
    for line in lines:
        token, tag = line.split(" ")
        start = text.index(token, at)
        assert not text[at:start].strip()
        at = start + len(token)
        sort, _, label = tag.partition("-")
        if sort == "B":
            found.append(Span(start, at, label))
        elif sort == "I":
            assert found[-1].label == label
            found[-1] = replace(found[-1], end=at)
        else:
            assert tag == "O"
    assert not text[at:].strip()
    return found


def test_every_character_is_in_one_token_or_white_space() -> None:
    """Whatever the language, and wherever a span cuts."""
    for text in TEXTS:
        for cuts in ((), range(len(text))):
            found = tokens(text, cuts)
            inside = [at for start, end in found for at in range(start, end)]
            assert inside == [at for at, character in enumerate(text) if not character.isspace()]
            assert all(start < end for start, end in found)


def test_words_are_words_in_any_language() -> None:
    """Words keep their marks, Chinese and Japanese characters stand alone, and so does every other character."""
    cut = [[text[start:end] for start, end in tokens(text)] for text in TEXTS]
    assert cut[0] == ["Anna", "met", "Omar", "in", "New", "York", ",", "2026", "."]
    assert cut[1] == list("王芳住在北京。")
    assert cut[3] == TEXTS[3].split()
    assert cut[4] == TEXTS[4].split()
    assert "❤️" in cut[5]
    assert "café" in cut[5]


def test_a_known_text_gives_the_known_lines() -> None:
    """BIO of the second version: a span begins with B, also right after another one; white space in a label is `_`."""
    made = row(1, "Anna Lee, 北京", Span(0, 8, "full name"), Span(10, 11, "Place"), Span(11, 12, "Place"))
    empty = row(2, "Nobody")
    assert conll_file([empty, made]).decode() == (
        "Anna B-full_name\nLee I-full_name\n, O\n北 B-Place\n京 B-Place\n\nNobody O\n\n"
    )


@pytest.mark.parametrize("seed", range(20))
def test_random_spans_are_read_back(seed: int) -> None:
    """Those that are written come back with their ends, but for white space at the edges; the others are counted."""
    rng = random.Random(seed)
    rows = []
    for number, text in enumerate(TEXTS):
        ends = [sorted(rng.sample(range(len(text) + 1), 2)) for _ in range(rng.randrange(6))]
        rows.append(row(number, text, *(Span(a, b, rng.choice(("Person", "Place"))) for a, b in ends)))
    found = read(conll_file(rows), list(TEXTS))
    assert found == [[trimmed(span, one.text) for span in written(one)] for one in rows]
    given = sum(len(one.value.spans) for one in rows if isinstance(one.value, Spans))
    assert unwritten(rows) == given - sum(map(len, found))


def trimmed(span: Span, text: str) -> Span:
    """Return the span without white space at its edges."""
    inside = text[span.start : span.end]
    start = span.start + len(inside) - len(inside.lstrip())
    return Span(start, start + len(inside.strip()), span.label)


def test_of_spans_that_overlap_the_longest_is_kept() -> None:
    """Nested ones and those of white space are left out, and counted."""
    text = "Bank of New York"
    outer, inner, crossing = Span(0, 16, "Org"), Span(8, 16, "Place"), Span(5, 11, "Place")
    assert written(row(1, text, inner, outer, crossing)) == [outer]
    assert written(row(1, text, Span(4, 5, "Org"))) == []
    assert unwritten([row(1, text, inner, outer, crossing), row(2, text, inner), row(3, text, Span(4, 5, "Org"))]) == 3
