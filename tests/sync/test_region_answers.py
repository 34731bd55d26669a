"""What is said about each region, and of pairs of them, as Label Studio stores it and as we do."""

from collections.abc import Mapping

import pytest

from labelloop.domain.relations import Relation
from labelloop.domain.schema import Field
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Choice, Choices, Moment, Number, Rating, Span, Spans, Text, Value
from sync.codecs.region_answers import RegionAnswers, marks_of, read_region_answers, to_region_answers
from sync.codecs.region_codec import task_text, validate
from sync.codecs.relation_codec import read_relations, to_relations
from sync.config.label_config import fields_with_conditions
from tests.e2e.field_kinds import as_dialogue, as_page

OBJECTS: dict[str, tuple[str, str, Mapping[str, object]]] = {
    "text": ('<Text name="t" value="$text"/>', "Labels", {"text": "Ada 👩‍🚀 met 王小明 in 北京."}),
    "page": ('<HyperText name="t" value="$page"/>', "HyperTextLabels", as_page("Ada 👩‍🚀 met 王小明 in 北京.")),
    "talk": (
        '<Paragraphs name="t" value="$talk" layout="dialogue" saveTextResult="no"/>',
        "ParagraphLabels",
        as_dialogue("Ada 👩‍🚀 met 王小明 in 北京."),
    ),
}
CONTROLS = (
    '<Choices name="tone" toName="t" perRegion="true"><Choice value="好"/><Choice value="bad"/></Choices>'
    '<Choices name="many" toName="t" perRegion="true" choice="multiple"><Choice value="x"/><Choice value="y"/>'
    "</Choices>"
    '<Rating name="sure" toName="t" perRegion="true"/>'
    '<TextArea name="note" toName="t" perRegion="true"/>'
    '<Number name="age" toName="t" perRegion="true"/>'
    '<DateTime name="born" toName="t" perRegion="true" only="date"/>'
    '<Taxonomy name="tax" toName="t" perRegion="true"><Choice value="a"><Choice value="b"/></Choice></Taxonomy>'
)
SAID: dict[str, tuple[Value, Value]] = {
    "tone": (Choice("好"), Choice("bad")),
    "many": (Choices(frozenset({"x", "y"})), Choices(frozenset({"y"}))),
    "sure": (Rating(4), Rating(1)),
    "note": (Text("她是谁?\nlong"), Text("so")),
    "age": (Number(36.5), Number(4.0)),
    "born": (Moment("1815-12-10"), Moment("2024-02-29")),
    "tax": (Choices(frozenset({"a > b"})), Choices(frozenset({"a"}))),
}


def config(kind: str) -> str:
    shown, tag, _ = OBJECTS[kind]
    labels = f'<{tag} name="ner" toName="t"><Label value="Person"/><Label value="Place"/></{tag}>'
    relations = '<Relations><Relation value="met"/><Relation value="知道"/></Relations>'
    return f"<View>{relations}{labels}{shown}{CONTROLS}</View>"


def fields(kind: str) -> dict[str, Field]:
    return {field.name: field for field in fields_with_conditions(config(kind))[0]}


def spans_in(text: str) -> tuple[Span, Span]:
    """Return two spans of the text that overlap."""
    start, end = text.index("Ada"), text.index("王小明") + 3
    return Span(start, end, "Person"), Span(end - 3, end, "Person")


TEXT = fields("text")
ADA, WANG = spans_in(str(OBJECTS["text"][2]["text"]))
MARKS = marks_of(TEXT["ner"], Spans(frozenset({ADA, WANG})))
MARKED = [dict(region) for region in MARKS.values()]
IDS = {str(region["id"]): frozenset({span}) for span, region in MARKS.items()}


def tone(of: Span, label: str, **more: object) -> dict[str, object]:
    """Return an answer as a program may store it: without the place of its region."""
    region = {"from_name": "tone", "to_name": "t", "type": "choices", "value": {"choices": [label]}}
    return {**region, "id": MARKS[of]["id"] if of in MARKS else "gone", **more}


@pytest.mark.parametrize("kind", OBJECTS)
def test_answers_about_regions_go_there_and_back(kind: str) -> None:
    """Of every kind of control, on texts, pages and paragraphs, on overlapping spans; Label Studio checks them."""
    every, data = fields(kind), OBJECTS[kind][2]
    spans = spans_in(task_text(every["ner"], data))
    marks = marks_of(every["ner"], Spans(frozenset(spans)), data)
    result: list[dict[str, object]] = [dict(region) for region in marks.values()]
    for name, said in SAID.items():
        result += to_region_answers(every[name], dict(zip(spans, said, strict=True)), marks)
    related = Relation(*spans, "知道")
    result += to_relations({related}, marks)
    assert validate(config(kind), {"result": result, "score": 0.5, "model_version": "v1"}) is None
    for name, said in SAID.items():
        read = read_region_answers(every[name], [every["ner"]], result, data)
        assert read == RegionAnswers(dict(zip(spans, said, strict=True)))
    ids = {str(region["id"]): frozenset({span}) for span, region in marks.items()}
    assert read_relations(result, ids) == frozenset({related})


def test_a_text_that_was_written_is_not_the_text_of_its_region() -> None:
    """Label Studio stores the region's text under the key that a TextArea writes to, in all but a TextArea."""
    stored = [{**MARKED[0], "value": {"start": 0, "end": 3, "text": "Ada", "labels": ["Person"]}}]
    about = {"id": stored[0]["id"], "to_name": "t"}
    note = {**about, "from_name": "note", "type": "textarea", "value": {"start": 0, "end": 3, "text": ["who?", "她"]}}
    rated = {
        **about,
        "from_name": "sure",
        "type": "rating",
        "value": {"start": 0, "end": 3, "text": "Ada", "rating": 2},
    }
    person = Span(0, 3, "Person")
    for name, said in (("note", Text("who?\n她")), ("sure", Rating(2))):
        assert read_region_answers(TEXT[name], [TEXT["ner"]], [*stored, note, rated]) == RegionAnswers({person: said})


@pytest.mark.parametrize(
    ("said", "answers", "left_over"),
    [
        ([], {ADA: Unanswered.EMPTY, WANG: Unanswered.EMPTY}, 0),
        ([tone(ADA, "bad")], {ADA: Choice("bad"), WANG: Unanswered.EMPTY}, 0),
        ([tone(ADA, "bad"), tone(ADA, "好")], {ADA: Unanswered.CONTRADICTORY, WANG: Unanswered.EMPTY}, 0),
        ([tone(WANG, "bad", type="labels")], {ADA: Unanswered.EMPTY, WANG: Unanswered.UNREADABLE}, 0),
        # the region was deleted while its answer stayed
        ([tone(Span(0, 1, "Place"), "bad")], {ADA: Unanswered.EMPTY, WANG: Unanswered.EMPTY}, 1),
        ([{**tone(ADA, "bad"), "id": None}], {ADA: Unanswered.EMPTY, WANG: Unanswered.EMPTY}, 1),
    ],
)
def test_each_region_has_its_own_answer(
    said: list[object], answers: dict[Span, Value | Unanswered], left_over: int
) -> None:
    """What cannot be read of one region leaves the others alone; answers about no region are counted, not learned."""
    assert read_region_answers(TEXT["tone"], [TEXT["ner"]], [*MARKED, *said]) == RegionAnswers(answers, left_over)


def test_silence_about_a_region_means_none_where_several_may_be_said() -> None:
    """As it does of a whole task; a region that nobody could read leaves it open what all of them are about."""
    none = Choices(frozenset())
    assert read_region_answers(TEXT["many"], [TEXT["ner"]], MARKED) == RegionAnswers({ADA: none, WANG: none})
    odd = {**MARKED[0], "value": {"start": 3, "end": 1, "labels": ["Person"]}}
    assert read_region_answers(TEXT["many"], [TEXT["ner"]], [*MARKED, odd]) is Unanswered.UNREADABLE


def test_the_same_part_marked_twice_has_one_answer_or_none() -> None:
    """Two people's work in one annotation, say: where the answers differ nobody can tell."""
    again = {**dict(MARKS[ADA]), "id": "again"}
    for label, answer in (("bad", Choice("bad")), ("好", Unanswered.CONTRADICTORY)):
        said = [*MARKED, again, tone(ADA, "bad"), {**tone(ADA, label), "id": "again"}]
        read = read_region_answers(TEXT["tone"], [TEXT["ner"]], said)
        assert isinstance(read, RegionAnswers)
        assert read.answers[ADA] == answer


def relation(head: Span | str, tail: Span | str, **more: object) -> dict[str, object]:
    """Return a relation as Label Studio stores it; a name stands for a region that is not there."""
    ends = {
        key: MARKS[one]["id"] if isinstance(one, Span) else one for key, one in (("from_id", head), ("to_id", tail))
    }
    return {"type": "relation", "direction": "right", "labels": ["met"], **ends, **more}


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ([relation(ADA, WANG)], {Relation(ADA, WANG, "met")}),
        ([relation(ADA, WANG, direction="left")], {Relation(WANG, ADA, "met")}),
        ([relation(ADA, WANG, direction="bi")], {Relation(ADA, WANG, "met"), Relation(WANG, ADA, "met")}),
        ([relation(ADA, WANG, labels=[])], {Relation(ADA, WANG)}),
        ([{"type": "relation", "from_id": MARKS[ADA]["id"], "to_id": MARKS[WANG]["id"]}], {Relation(ADA, WANG)}),
        ([relation(ADA, WANG, labels=["met", "知道"])], {Relation(ADA, WANG, "met"), Relation(ADA, WANG, "知道")}),
        ([], set()),
    ],
)
def test_relations_are_read_with_their_direction(stored: list[object], read: set[Relation]) -> None:
    """Both ways are two relations; without a label it is one all the same."""
    assert read_relations([*MARKED, *stored], IDS) == frozenset(read)


def test_a_relation_to_a_region_that_is_gone_is_not_read_and_never_written() -> None:
    """Label Studio could not open the task with it."""
    assert read_relations([*MARKED, relation(ADA, "gone"), relation(ADA, WANG)], IDS) is Unanswered.UNREADABLE
    assert list(to_relations({Relation(ADA, Span(0, 1, "Place"), "met")}, MARKS)) == []


@pytest.mark.parametrize(
    "odd", [{"direction": "up"}, {"labels": "met"}, {"labels": [5]}, {"from_id": 5}, {"to_id": None}]
)
def test_an_odd_relation_makes_all_unreadable(odd: dict[str, object]) -> None:
    """What is left of them might mean something else."""
    assert read_relations([*MARKED, relation(ADA, WANG), relation(WANG, ADA, **odd)], IDS) is Unanswered.UNREADABLE
