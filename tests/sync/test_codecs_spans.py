"""Spans: code points of what a model reads on our side, Label Studio's own units on the other."""

from collections.abc import Mapping
from html import escape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelloop.domain.schema import Field
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Span, Spans
from labelloop.errors import BrokenPromise
from sync.codecs.region_codec import from_regions, read_answer, task_text, to_regions, validate, wire_prediction
from sync.codecs.shown_text import document, shown_as
from sync.config.label_config import parse
from sync.config.object_tags import Reading, from_words

Data = Mapping[str, object]

INSIDE = '<Label value="Person"/><Label value="地点" alias="Place"/>'
TEXT = f'<View><Text name="t" value="$t"/><Labels name="who" toName="t">{INSIDE}</Labels></View>'
PAGE = f'<View><HyperText name="t" value="$t"/><HyperTextLabels name="who" toName="t">{INSIDE}</HyperTextLabels></View>'
LABELS_ON_PAGE = PAGE.replace("HyperTextLabels", "Labels")
TALK = (
    f'<View><Paragraphs name="t" value="$t" saveTextResult="no"/>'
    f'<ParagraphLabels name="who" toName="t">{INSIDE}</ParagraphLabels></View>'
)

alphabet = st.one_of(
    st.sampled_from("a b\n\r\t<&>\"'é🙂还行سلام"),
    st.sampled_from(["e\u0301", "👨‍👩‍👧", "\u200f", "\u200b", "\u00a0", "\r\n"]),
)
texts = st.lists(alphabet, min_size=1, max_size=30).map("".join)
pages = st.recursive(
    texts.map(escape),
    lambda inner: st.builds(
        lambda tag, parts: f"<{tag}>{'<br>'.join(parts)}</{tag}>",
        st.sampled_from(["p", "b", "div", "ul", "pre", "h1", "td", "table"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)
talks = st.lists(st.fixed_dictionaries({"author": st.one_of(texts, st.just("")), "text": texts}), max_size=4)
shown = st.one_of(
    texts.map(lambda text: (TEXT, {"t": text})),
    pages.map(lambda page: (PAGE, {"t": page})),
    pages.map(lambda page: (LABELS_ON_PAGE, {"t": page})),
    talks.map(lambda talk: (TALK, {"t": talk})),
)


def only(config: str) -> Field:
    (field,) = parse(config).fields
    return field


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, Data, Spans]:
    """Draw a configuration, a task's data, and spans that begin and end in what people see of it."""
    config, data = draw(shown)
    (how,) = from_words(only(config).reads, 1)
    whole = document(how, data["t"])
    places = [at for piece in whole.pieces for at in range(piece.start, piece.end)]
    spans = set()
    for _ in range(draw(st.integers(0, 4)) if places else 0):
        one, other = draw(st.sampled_from(places)), draw(st.sampled_from(places))
        spans.add(Span(min(one, other), max(one, other) + 1, draw(st.sampled_from(["Person", "Place"]))))
    return config, data, Spans(frozenset(spans))


@given(cases())
def test_what_was_encoded_decodes_to_itself(case: tuple[str, Data, Spans]) -> None:
    """In texts, pages and dialogues alike, overlapping or over several blocks, whatever the characters."""
    config, data, value = case
    field = only(config)
    regions = to_regions(field, value, data)
    assert from_regions(field, [*regions, *regions], data) == value
    assert len({region["id"] for region in regions}) == len(regions) == len(value.spans)
    assert regions == to_regions(field, value, data)
    sent = wire_prediction(field, value, score=0.5, model_version="v1", data=data)
    assert validate(config, sent) is None


@given(cases())
def test_without_offsets_over_the_page_xpaths_say_the_same(case: tuple[str, Data, Spans]) -> None:
    """Tools that leave out `globalOffsets` are understood too."""
    config, data, value = case
    field = only(config)
    bare: list[dict[str, Any]] = []
    for region in to_regions(field, value, data):
        stored: Any = region["value"]
        bare.append({**region, "value": {key: said for key, said in stored.items() if key != "globalOffsets"}})
    assert from_regions(field, bare, data) == value


@given(texts, st.sampled_from(["text", "hypertext", "paragraphs"]))
def test_what_is_given_back_to_label_studio_reads_the_same(text: str, tag: str) -> None:
    """An exported task shows the text that the model read, so that its spans still fit."""
    reading = Reading(tag)
    # nothing but spaces is no text of a page
    assert document(reading, shown_as(reading, text)).text == (text if tag != "hypertext" or text.strip() else "")


def test_offsets_are_in_label_studios_units() -> None:
    """Texts count code points; pages code points over all and UTF-16 in a node, <br> one; paragraphs UTF-16."""
    value = to_regions(only(TEXT), Spans(frozenset({Span(2, 4, "Person")})), {"t": "🙂 还行"})[0]["value"]
    assert value == {"start": 2, "end": 4, "labels": ["Person"]}

    page = {"t": "\n<p>a🙂b<br>🙂x <!-- c -->y<script>1</script>z</p><table><tr><td>cell</table>"}
    field = only(PAGE)
    assert task_text(field, page) == "a🙂b\n🙂x yz\ncell"
    (region,) = to_regions(field, Spans(frozenset({Span(5, 14, "Place")})), page)
    assert region["type"] == "hypertextlabels"
    assert region["value"] == {
        "start": "/p[1]/text()[2]",
        "startOffset": 2,
        "end": "/table[1]/tbody[1]/tr[1]/td[1]/text()[1]",
        "endOffset": 4,
        "globalOffsets": {"start": 5, "end": 13},
        "hypertextlabels": ["Place"],
    }

    talk = {"t": [{"author": "Ann", "text": "🙂 hi"}, {"author": "", "text": "还 🙂 行"}]}
    field = only(TALK)
    assert task_text(field, talk) == "Ann: 🙂 hi\n还 🙂 行"
    (region,) = to_regions(field, Spans(frozenset({Span(7, 15, "Person")})), talk)
    assert region["type"] == "paragraphlabels"
    assert region["value"] == {
        "start": "0",
        "startOffset": 3,
        "end": "1",
        "endOffset": 6,
        "paragraphlabels": ["Person"],
    }


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"start": 0, "end": 3},
        {"start": 0, "end": 0, "labels": ["Person"]},
        {"start": 2, "end": 1, "labels": ["Person"]},
        {"start": -1, "end": 1, "labels": ["Person"]},
        {"start": 0, "end": 400, "labels": ["Person"]},
        {"start": "zero", "end": "3", "labels": ["Person"]},
        {"start": 0.5, "end": 3, "labels": ["Person"]},
        {"start": False, "end": True, "labels": ["Person"]},
        {"start": 0, "end": None, "labels": ["Person"]},
        {"start": 0, "end": 3, "labels": []},
        {"start": 0, "end": 3, "labels": "Person"},
        {"start": 0, "end": 3, "labels": [5]},
        {"start": 0, "end": 3, "hypertextlabels": ["Person"]},
        {"start": "/p[1]", "startOffset": 0, "end": "/p[1]", "endOffset": 1, "labels": ["Person"]},
    ],
)
def test_spans_that_cannot_be_placed_make_the_answer_unreadable(value: object) -> None:
    """Beyond the text, empty, backwards, without a label or malformed: never "nothing here"."""
    field = only(TEXT)
    sound = to_regions(field, Spans(frozenset({Span(1, 2, "Place")})))
    odd = {"from_name": "who", "to_name": "t", "type": "labels", "value": value}
    for result in ([odd], [odd, *sound]):
        assert read_answer(field, result, {"t": "hello"}) is Unanswered.UNREADABLE


@pytest.mark.parametrize(("start", "end"), [(1, 3), (1.0, 3.0), ("1", "3"), (" 1 ", "3.0")])
def test_offsets_that_a_table_has_changed_are_offsets(start: object, end: object) -> None:
    """Whole fractions and texts of digits are drawn where the numbers would be, in every object tag."""
    span = {"start": start, "end": end}
    inside = {"startOffset": start, "endOffset": end}
    node = {"start": "/text()[1]", "end": "/text()[1]"}
    for config, data, value, found in (
        (TEXT, {"t": "hello"}, span, Span(1, 3, "Person")),
        (PAGE, {"t": "hello"}, {**node, **inside}, Span(1, 3, "Person")),
        (PAGE, {"t": "hello"}, {**node, "startOffset": 0, "endOffset": 1, "globalOffsets": span}, Span(1, 3, "Person")),
        (TALK, {"t": [{"text": "hello"}]}, {"start": "0", "end": 0.0, **inside}, Span(1, 3, "Person")),
    ):
        field = only(config)
        (reading,) = from_words(field.reads, 1)
        kind = reading.spans_type
        region = {"from_name": "who", "type": kind, "value": {**value, kind: ["Person"]}}
        assert from_regions(field, [region], data) == Spans(frozenset({found}))


def test_a_region_of_another_type_or_key_is_unreadable() -> None:
    """Label Studio draws it without its label; so it does where the label is no list, or the type in capitals."""
    value = {"start": "0", "startOffset": 0, "end": "0", "endOffset": 2}
    for kind, key in (("paragraphlabels", "labels"), ("labels", "labels"), ("labels", "paragraphlabels")):
        region = {"from_name": "who", "type": kind, "value": {**value, key: ["Person"]}}
        assert read_answer(only(TALK), [region], {"t": [{"text": "hello"}]}) is Unanswered.UNREADABLE
    for kind, labels in (("labels", "Person"), ("Labels", ["Person"])):
        region = {"from_name": "who", "type": kind, "value": {"start": 0, "end": 2, "labels": labels}}
        assert read_answer(only(TEXT), [region], {"t": "hello"}) is Unanswered.UNREADABLE


def test_a_region_with_several_labels_is_several_spans() -> None:
    """So Label Studio stores it where more than one label may be chosen."""
    region = {"from_name": "who", "type": "labels", "value": {"start": 0, "end": 2, "labels": ["Person", "Place"]}}
    assert from_regions(only(TEXT), [region], {"t": "hey"}) == Spans(
        frozenset({Span(0, 2, "Person"), Span(0, 2, "Place")})
    )


def test_what_paragraphs_show_of_numbers_and_lists_is_read_and_marked() -> None:
    """As seen on the screen of 1.23.2: numbers as they are, a list's elements without commas, no booleans, no null."""
    field = only(TALK)
    talk = {"t": [{"author": 7, "text": 4711}, {"author": ["x", "y"], "text": ["one", "two", 3]}, {"text": 0}]}
    talk["t"] += [{"author": True, "text": True}, {"author": None, "text": None}, {"author": 0, "text": 2.50}]
    assert task_text(field, talk) == "7: 4711\nxy: onetwo3\n0\n\n\n0: 2.5"
    spans = Spans(frozenset({Span(4, 6, "Person"), Span(13, 17, "Person"), Span(20, 21, "Place")}))
    regions = to_regions(field, spans, talk)
    places: list[Any] = [region["value"] for region in regions]
    assert [(place["start"], place["startOffset"], place["endOffset"]) for place in places] == [
        ("0", 1, 3),
        ("1", 1, 5),
        ("2", 0, 1),
    ]
    assert from_regions(field, regions, talk) == spans


def test_parts_that_nobody_sees_are_not_marked() -> None:
    """A speaker's name and a line end are not on the screen as text: what is left of the span is marked, or nothing."""
    field = only(TALK)
    talk = {"t": [{"author": "Ann", "text": "hello"}, {"text": True}, "odd", {"author": 7, "text": ""}]}
    assert task_text(field, talk) == "Ann: hello\n\n\n7: "
    assert (
        to_regions(field, Spans(frozenset({Span(0, 4, "Person"), Span(10, 12, "Person"), Span(5, 99, "Place")})), talk)
        == []
    )
    (region,) = to_regions(field, Spans(frozenset({Span(0, 7, "Person")})), talk)
    assert from_regions(field, [region], talk) == Spans(frozenset({Span(5, 7, "Person")}))


def test_spans_that_label_studio_would_cut_through_an_emoji_are_not_sent() -> None:
    """It could never read the task again; with saveTextResult="no" there is nothing to cut."""
    talk = {"t": [{"author": "", "text": "a  b 🙂 c"}]}
    ends_after_the_emoji = Spans(frozenset({Span(3, 7, "Person")}))
    assert len(to_regions(only(TALK), ends_after_the_emoji, talk)) == 1
    saves = only(TALK.replace(' saveTextResult="no"', ""))
    cut = [at for at in range(1, 9) if not to_regions(saves, Spans(frozenset({Span(0, at, "Person")})), talk)]
    assert cut == [5]


def test_spans_of_a_page_need_its_data() -> None:
    """Without it nobody can tell where they are."""
    value = Spans(frozenset({Span(0, 1, "Person")}))
    for use in (lambda: to_regions(only(PAGE), value), lambda: from_regions(only(TALK), [])):
        with pytest.raises(BrokenPromise, match="without the task's data"):
            use()
    assert to_regions(only(PAGE), value, {}) == []


def test_a_page_nested_very_deep_is_read() -> None:
    """No depth of tags stops the loop."""
    assert task_text(only(PAGE), {"t": "<div>x" * 3000}).count("x") == 3000
