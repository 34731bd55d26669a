"""What can be seen of a unit without an encoder: its letters, its shape, and its neighbours'."""

import unicodedata
from collections.abc import Iterator, Sequence

from labelloop.learners.spans.tokenization import Offsets

_EDGE = ("^", "^", "^")


def features_of(text: str, units: Offsets) -> list[list[str]]:
    """Return the names of the features that hold of each unit, in the order of the units.

    Words as they are and in small letters, beginnings and endings, shapes (`Xxx`, `dd`), pairs and triples of
    neighbours, and whether a space comes before: pairs and triples are what carries scripts that have no spaces.
    """
    words = [text[start:end] for start, end in units.tolist()]
    spaced = [start > 0 and text[start - 1].isspace() for start in units[:, 0].tolist()]
    small = [*_EDGE, *(word.casefold() for word in words), *_EDGE]
    shapes = [*_EDGE, *(_shape(word) for word in words), *_EDGE]
    return [
        list(_names(words[place], spaced[place], small[place : place + 7], shapes[place : place + 7]))
        for place in range(len(words))
    ]


def _names(word: str, spaced: bool, small: Sequence[str], shapes: Sequence[str]) -> Iterator[str]:
    far, left, before, this, after, right, farther = small
    yield f"word={word}"
    yield f"small={this}"
    yield f"space={spaced}"
    for size in range(1, min(4, len(this) - 1) + 1):
        yield f"begins={this[:size]}"
        yield f"ends={this[-size:]}"
    for place, near in (("-2", left), ("-1", before), ("+1", after), ("+2", right)):
        yield f"{place}={near}"
    for place, near in (("-1", shapes[2]), ("0", shapes[3]), ("+1", shapes[4])):
        yield f"shape{place}={near}"
    yield f"shapes={shapes[2]} {shapes[3]} {shapes[4]}"
    yield f"-10={before} {this}"
    yield f"01={this} {after}"
    yield f"-2-1={left} {before}"
    yield f"12={after} {right}"
    yield f"-101={before} {this} {after}"
    yield f"-2-10={left} {before} {this}"
    yield f"012={this} {after} {right}"
    yield f"-3-2-1={far} {left} {before}"
    yield f"123={after} {right} {farther}"


def _shape(word: str) -> str:
    """Return the word's kinds of characters, runs cut to two: `Xxx` is Berlin, `dd` 1984, `c` a Chinese character."""
    shape = ""
    for character in word:
        kind = _kind(character)
        if not shape.endswith(kind * 2):
            shape += kind
    return shape


def _kind(character: str) -> str:
    category = unicodedata.category(character)
    match category[0]:
        case "L":
            return {"Lu": "X", "Lt": "X", "Ll": "x"}.get(category, "c")
        case "N":
            return "d"
        case "M":
            return "m"
        case "P" | "S":
            return character
    return "?"
