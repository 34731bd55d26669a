"""What /predict answers where a field is about the regions that another one marks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from labelloop.domain.predictions import Prediction
from labelloop.domain.values import ByRegion, Choice, FieldKind, Relations, Span, Spans, Value
from labelloop.learners.by_pair import PairModel
from labelloop.learners.by_region import RegionModel
from ml_backend.predict import pre_annotate
from ml_backend.snapshot import Loaded, Snapshot
from sync.codecs.form_codec import read_field
from sync.codecs.region_codec import validate
from sync.config.label_config import parse
from tests.e2e.field_kinds import as_dialogue, as_page

CONTROLS = (
    '<Choices name="tone" toName="t" perRegion="true"{}><Choice value="好"/><Choice value="bad"/></Choices>'
    '<{tag} name="who" toName="t"><Label value="Person"/><Label value="Place"/></{tag}>'
)
SHOWN = {
    "text": ('<Text name="t" value="$text"/>', "Labels"),
    "page": ('<HyperText name="t" value="$page"/>', "HyperTextLabels"),
    "talk": ('<Paragraphs name="t" value="$talk" layout="dialogue" saveTextResult="no"/>', "ParagraphLabels"),
}
NAMES = {"Ada": "Person", "王小明": "Person", "Brno": "Place"}


@dataclass(frozen=True)
class FindsNames:
    """Implements Model: marks the names that it knows, with this confidence."""

    confidence: float = 0.9

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        found = ([Span(at, at + len(n), NAMES[n]) for n in NAMES if (at := text.find(n)) >= 0] for text in texts)
        return [Prediction(Spans(frozenset(spans)), 0.5, self.confidence) for spans in found]

    def save(self, directory: Path) -> None:
        raise NotImplementedError


class HearsTone:
    """Implements Model: Ada is always bad."""

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        return [Prediction(Choice("bad" if "⟦Ada⟧" in text else "好"), 0.4, 0.8) for text in texts]

    def save(self, directory: Path) -> None:
        raise NotImplementedError


class HearsMeetings:
    """Implements Model: whoever is named first is with the other, both ways where that is a place."""

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        return [Prediction(Choice("in" if "⟪Place⟫" in text else "with"), 0.4, 0.8) for text in texts]

    def save(self, directory: Path) -> None:
        raise NotImplementedError


WAYS = {"with": frozenset({("with", True)}), "in": frozenset({("with", True), ("with", False)})}


def config(kind: str, attributes: str = "") -> str:
    """Return a configuration in which the field about regions stands before the one that marks them."""
    shown, tag = SHOWN[kind]
    return f"<View>{shown}{CONTROLS.format(attributes, tag=tag)}</View>"


def snapshot(xml: str, marks: FindsNames | None, **more: Any) -> Snapshot:
    """Return a project that answers with both fields, or without the one that marks regions."""
    fields = {field.name: field for field in parse(xml).fields}
    loaded = [Loaded("v2", fields["tone"], RegionModel(FieldKind.CHOICE, HearsTone(), 1.0))]
    loaded += [Loaded("v1", fields["who"], marks)] if marks else []
    return Snapshot(12, "v1+v2", tuple(loaded), train=frozenset({1, 2}), **more)


def data(kind: str, text: str) -> dict[str, Any]:
    """Return a task's data that shows the text."""
    made: dict[str, dict[str, Any]] = {
        "text": {"text": text},
        "page": dict(as_page(text)),
        "talk": dict(as_dialogue(text)),
    }
    return made[kind]


def said(xml: str, entry: Any, shown: dict[str, Any]) -> dict[str, Value | object]:
    """Return what an entry says of each field."""
    fields = {field.name: field for field in parse(xml).fields}
    return {name: read_field(field, fields, entry["result"], shown) for name, field in fields.items()}


def tones(value: object) -> list[str]:
    """Return what is said of the regions, in their order."""
    assert isinstance(value, ByRegion)
    return [str(one) for one in value.by_span.values()]


@pytest.mark.parametrize("kind", SHOWN)
def test_regions_are_answered_with_what_is_said_of_them(kind: str) -> None:
    """In one prediction, under their ids, on texts, pages and paragraphs; Label Studio's own check accepts it."""
    xml, shown = config(kind), data(kind, "Ada met 王小明 in Brno.")
    entry, other = pre_annotate(
        snapshot(xml, FindsNames()),
        xml,
        [{"id": 1, "data": shown}, {"id": 2, "data": data(kind, "Nobody is here.")}],
    )
    assert isinstance(entry, dict)
    assert validate(xml, entry) is None
    found = said(xml, entry, shown)
    assert isinstance(found["who"], Spans)
    assert len(found["who"].spans) == 3
    assert tones(found["tone"]) == ["bad", "好", "好"]
    assert entry["score"] == pytest.approx(0.8**3)
    assert isinstance(other, dict)
    assert other["result"] == []


def test_nothing_is_said_of_regions_that_nobody_is_asked_about() -> None:
    """A place has no tone here."""
    xml, shown = config("text", ' whenLabelValue="Person"'), data("text", "Ada met 王小明 in Brno.")
    (entry,) = pre_annotate(snapshot(xml, FindsNames()), xml, [{"id": 1, "data": shown}])
    assert tones(said(xml, entry, shown)["tone"]) == ["bad", "好"]


def test_where_no_regions_are_shown_nothing_is_said_of_them() -> None:
    """Without a version that marks them, or where it is not sure enough; audit tasks stay blind."""
    xml, tasks = config("text"), [{"id": 1, "data": {"text": "Ada"}}, {"id": 7, "data": {"text": "Ada"}}]
    assert pre_annotate(snapshot(xml, None), xml, tasks) == [[], []]
    assert pre_annotate(snapshot(xml, FindsNames(0.3), show_from=0.5), xml, tasks) == [[], []]
    sure, blind = pre_annotate(snapshot(xml, FindsNames(), show_from=0.5), xml, tasks)
    assert (bool(sure), blind) == (True, [])


def test_a_field_that_is_about_the_task_now_is_not_answered_by_its_old_version() -> None:
    """The configuration of the request decides."""
    xml = config("text")
    (entry,) = pre_annotate(
        snapshot(xml, FindsNames()), xml.replace(' perRegion="true"', ""), [{"id": 1, "data": {"text": "Ada"}}]
    )
    assert isinstance(entry, dict)
    assert {region["from_name"] for region in entry["result"]} == {"who"}


@pytest.mark.parametrize("kind", SHOWN)
def test_relations_lead_to_regions_of_the_same_answer_only(kind: str) -> None:
    """With another region Label Studio could not open the task; where there is one region there are none."""
    related = '<Relations><Relation value="with"/></Relations></View>'
    xml, shown = config(kind).replace("</View>", related), data(kind, "Ada met 王小明 in Brno.")
    field = {one.name: one for one in parse(xml).fields}["relations"]
    answers = snapshot(xml, FindsNames())
    answers = replace(answers, loaded=(*answers.loaded, Loaded("v3", field, PairModel(WAYS, HearsMeetings()))))
    tasks = [{"id": 1, "data": shown}, {"id": 2, "data": data(kind, "Ada is here.")}]
    entry, alone = pre_annotate(answers, xml, tasks)
    assert isinstance(entry, dict)
    assert isinstance(alone, dict)
    assert validate(xml, entry) is None
    assert not [one for one in alone["result"] if one["type"] == "relation"]
    ids = {one.get("id") for one in entry["result"]}
    drawn = [one for one in entry["result"] if one["type"] == "relation"]
    assert all({one["from_id"], one["to_id"]} <= ids for one in drawn)
    assert sorted(one["direction"] for one in drawn) == ["bi", "bi", "right"]
    found = said(xml, entry, shown)["relations"]
    assert isinstance(found, Relations)
    assert (len(found.regions), len(found.relations)) == (3, 5)
    without = replace(answers, loaded=tuple(one for one in answers.loaded if one.field.name != "who"))
    assert pre_annotate(without, xml, tasks) == [[], []]
