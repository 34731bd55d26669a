"""How an LLM's responses are read: what says no value of the field is no answer, and quotes are found as they look."""

import json
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, Choices, FieldKind, Rating, Span, Spans, Text, Value
from labelloop.learners.prompt.quote_alignment import folded, located
from labelloop.learners.prompt.response_reading import Reply, Unreadable, read
from labelloop.learners.prompt.token_confidence import certainty
from labelloop.llm.chat_messages import ChatResponse, Token

WORDS = (
    *(
        "café",
        "cafe\u0301",
        "ﬁnd",
        "of\ufb01ce",
        "ＡＢＣ",
        "abc",
        "“so”",
        "it’s",
        "co\u00adop",
        "中文",
        "「好」",
        "😀",
        "1…2",
    ),
    *("ｶﾞｽ", "ガス", "한글", unicodedata.normalize("NFD", "한글"), "a\u0323\u0301", "a\u0301\u0323", "x\u200by", "œuf"),
)
GAPS = (" ", "\u00a0", "\u3000", "\n", "  ", " \t", "\u2009", "\u200b ", "\u2028")
STRAIGHT = str.maketrans("“”’「」\u00a0\u3000", '""\'""  ', "\u00ad\u200b")
RETOLD: tuple[Callable[[str], str], ...] = (
    lambda quote: unicodedata.normalize("NFC", quote),
    lambda quote: unicodedata.normalize("NFKC", quote),
    lambda quote: unicodedata.normalize("NFD", quote),
    lambda quote: quote.translate(STRAIGHT),
    lambda quote: " ".join(unicodedata.normalize("NFKC", quote.translate(STRAIGHT)).split()),
    lambda quote: f"\n {quote} ",
)


def of(kind: FieldKind, *labels: str) -> Field:
    return Field("field", kind, labels, "text", ("text",))


def found(field: Field, answer: Any, text: str = "A text.") -> Value | Unreadable | None:
    reply = read(field, text, json.dumps(answer))
    return reply.value if isinstance(reply, Reply) else reply


@pytest.mark.parametrize(
    ("labels", "said", "meant"),
    [
        (("door", "None"), None, Unreadable.NULL),
        (("door", "null"), None, Unreadable.NULL),
        (("true", "false"), True, "true"),
        (("True", "False"), False, "False"),
        (("true", "True"), True, "true"),
        (("TRUE", "True"), True, Unreadable.OTHER_LABEL),
        (("1", "0"), True, Unreadable.OTHER_LABEL),
        (("1", "2"), 1, "1"),
        (("1", "2"), 2.0, "2"),
        (("1.0", "2.0"), 1, "1.0"),
        (("1", "1.0"), 1.0, "1.0"),
        (("0.50", "1.50"), 1.5, "1.50"),
        (("1", "2"), 3, Unreadable.OTHER_LABEL),
        (("1", "2"), float("nan"), Unreadable.OTHER_LABEL),
        (("1", "2"), "1.0", Unreadable.OTHER_LABEL),
        (("cafe\u0301", "tea"), "café", "cafe\u0301"),
        (("好，坏", "坏"), " 好,坏", "好，坏"),
        (("Ａ", "A"), "A", "A"),
        (("spam", "ham"), "Spam", Unreadable.OTHER_LABEL),
        (("spam", "ham"), ["spam"], Unreadable.OTHER_FORM),
        (("spam", "{}"), {}, Unreadable.OTHER_FORM),
    ],
)
def test_a_label_is_what_json_says(labels: Sequence[str], said: Any, meant: str | Unreadable) -> None:
    """Null is no answer, whatever the labels; booleans and numbers are labels by their spelling or their worth."""
    wanted = meant if isinstance(meant, Unreadable) else Choice(meant)
    assert found(of(FieldKind.CHOICE, *labels), {"label": said}) == wanted


@pytest.mark.parametrize(
    ("said", "stars"), [(4, 4), ("4", 4), (4.0, 4), ("4.0", 4), (4.5, 0), (True, 0), (6, 0), (None, 0), ("four", 0)]
)
def test_stars_are_numbers_or_their_spelling(said: Any, stars: int) -> None:
    """Half a star, or one too many, is none."""
    answer = found(of(FieldKind.RATING, *"12345"), {"label": said})
    assert answer == Rating(stars, 5) if stars else isinstance(answer, Unreadable)


@pytest.mark.parametrize(
    ("kind", "answer", "wanted"),
    [
        (FieldKind.CHOICES, {"labels": []}, Choices(frozenset())),
        (FieldKind.CHOICES, {"labels": ["a", 1]}, Choices(frozenset({"a", "1"}))),
        (FieldKind.CHOICES, {"labels": None}, Unreadable.NULL),
        (FieldKind.CHOICES, {"labels": ["a", None]}, Unreadable.NULL),
        (FieldKind.CHOICES, {"labels": "a"}, Unreadable.OTHER_FORM),
        (FieldKind.CHOICES, {"labels": {}}, Unreadable.OTHER_FORM),
        (FieldKind.CHOICES, {}, Unreadable.OTHER_FORM),
        (FieldKind.TEXT, {"text": None, "unsure": False}, Unreadable.NULL),
        (FieldKind.TEXT, {"text": 42}, Text("42")),
        (FieldKind.TEXT, {"text": "", "unsure": False}, None),
        (FieldKind.TEXT, {"text": "x", "unsure": "true"}, None),
        (FieldKind.TEXT, {"text": "x", "unsure": "perhaps"}, Unreadable.OTHER_FORM),
        (FieldKind.SPANS, {"spans": [], "unsure": False}, Spans(frozenset())),
        (FieldKind.SPANS, {"spans": None}, Unreadable.NULL),
        (FieldKind.SPANS, {"spans": {}}, Unreadable.OTHER_FORM),
        (FieldKind.SPANS, {"spans": ""}, Unreadable.OTHER_FORM),
        (FieldKind.SPANS, {"spans": [None]}, Unreadable.OTHER_FORM),
        (FieldKind.SPANS, {"spans": [{"quote": None, "label": "a"}]}, Unreadable.NULL),
        (FieldKind.SPANS, {"spans": [{"quote": "text", "label": "b"}]}, Unreadable.OTHER_LABEL),
        (FieldKind.SPANS, {"spans": [{"quote": "Berlin", "label": "a"}]}, Unreadable.NO_QUOTE),
        (FieldKind.SPANS, {"spans": [{"quote": "", "label": "a"}]}, Unreadable.NO_QUOTE),
        (FieldKind.SPANS, {"spans": [{"quote": "text", "label": "a", "occurrence": None}]}, (2, 6)),
        (FieldKind.SPANS, {"spans": [{"quote": "text", "label": "a", "occurrence": 1.5}]}, Unreadable.OTHER_FORM),
    ],
)
def test_nothing_is_only_what_says_nothing(kind: FieldKind, answer: Any, wanted: Any) -> None:
    """An empty list says that nothing applies; null, another form or quotes that are all lost do not."""
    field = of(kind, *(() if kind is FieldKind.TEXT else ("a", "1")))
    if isinstance(wanted, tuple):
        wanted = Spans(frozenset({Span(wanted[0], wanted[1], "a")}))
    assert found(field, answer) == wanted


@pytest.mark.parametrize(
    ("text", "quote", "number", "place"),
    [
        ("A ﬁne day", "fine", 1, (2, 5)),
        ("Cafe\u0301 au lait", "Café", 1, (0, 5)),
        ("全角ＡＢＣ，半角", "ABC,", 1, (2, 6)),
        ("He said “no” – twice", '"no" - twice', 1, (8, 20)),
        ("co\u00adoperate\u00a0now", "cooperate now", 1, (0, 14)),
        ("10\u202f000 €", "10000", 1, (0, 6)),
        ("fine ﬁne fine", "fine", 3, (9, 13)),
        ("ﬁne", "ine", 1, None),
        ("cafe\u0301s", "cafes", 1, None),
        ("wait…", "wait.", 1, None),
        ("half a pair \ud83d!", "pair ?!", 1, (7, 14)),
    ],
)
def test_a_quote_is_found_as_it_looks(text: str, quote: str, number: int, place: tuple[int, int] | None) -> None:
    """Code points of the text as it is stored; no character is cut in two."""
    assert located(text, quote, number) == place


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(GAPS)), min_size=1, max_size=8), st.data())
def test_whatever_form_a_quote_comes_in_it_leads_back_to_its_words(
    pieces: list[tuple[str, str]], data: st.DataObject
) -> None:
    """Any run of words, retold in any way, is found; where it stands once, at exactly its code points."""
    first = data.draw(st.integers(0, len(pieces) - 1))
    last = data.draw(st.integers(first, len(pieces) - 1))
    text = "".join(word + gap for word, gap in pieces)
    start = sum(len(word + gap) for word, gap in pieces[:first])
    end = start + sum(len(word + gap) for word, gap in pieces[first:last]) + len(pieces[last][0])
    quote = data.draw(st.sampled_from(RETOLD))(text[start:end])
    place = located(text, quote, 1)

    assert place is not None
    assert folded(text[slice(*place)]).without_spaces().text == folded(quote).without_spaces().text
    if len(folded(text).without_spaces().places(folded(quote).without_spaces().text)) == 1:
        assert place == (start, end)


def test_a_number_is_as_sure_as_its_own_token() -> None:
    """Not as another number of the response that holds the same digits."""
    pieces = (('{"sure": ', 0.0), ("0.91", -9.0), (', "label": ', 0.0), ("1", -0.5), ("}", 0.0))
    tokens = tuple(Token(piece.encode(), logprob) for piece, logprob in pieces)
    response = ChatResponse("".join(piece for piece, _ in pieces), tokens, 1, 1, "")

    assert certainty(response, (1,), long=False) == pytest.approx(0.6065, abs=1e-3)
