"""Relations of a whole annotation: read with the regions that are there, and written only between those."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labelloop.domain.asked import answers_where_asked, predictions_where_asked
from labelloop.domain.predictions import Prediction
from labelloop.domain.relations import Relation, Relations
from labelloop.domain.tasks import Origin
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Span, Spans, Value
from labelloop.errors import UserError
from sync.api.wire import WireAnnotation, WirePrediction, WireTask
from sync.codecs.form_codec import merged_prediction, merged_regions, read_field
from sync.codecs.region_codec import validate
from sync.config.label_config import parse
from sync.label_studio_file import read_form, read_label_studio
from sync.pull import state

CONFIG = """<View><Relations><Relation value="works for"/><Relation value="认识"/></Relations>
<Labels name="who" toName="t"><Label value="Person"/><Label value="Org"/></Labels>
<Text name="t" value="$text"/><Text name="other" value="$more"/>
<Choices name="tone" toName="other"><Choice value="a"/><Choice value="b"/></Choices></View>"""
FIELDS = {field.name: field for field in parse(CONFIG).fields}
WHO, RELATED = FIELDS["who"], FIELDS["relations"]
DATA = {"text": "Ada works for Acme, as does 王小明.", "more": ""}
ADA, ACME, WANG = Span(0, 3, "Person"), Span(14, 18, "Org"), Span(28, 31, "Person")
EVERY = frozenset({ADA, ACME, WANG})
WORKS, KNOWS = Relation(ADA, ACME, "works for"), Relation(ADA, WANG, "认识")
MARKS = merged_regions([(WHO, Spans(EVERY))], DATA)
IDS = dict(zip(sorted(EVERY), [region["id"] for region in MARKS], strict=True))


OTHER = {**MARKS[0], "from_name": "brush", "id": "x"}


def relation(head: object, tail: object, *labels: str, direction: str = "right") -> dict[str, object]:
    """Return a relation as Label Studio stores it; what is no region is the id of one."""
    ends = [IDS[end] if isinstance(end, Span) else end for end in (head, tail)]
    return {
        "type": "relation",
        "from_id": ends[0],
        "to_id": ends[1],
        "direction": direction,
        "labels": list(labels or ["works for"]),
    }


def read(*result: object) -> object:
    """Return what counts of an annotation's relations."""
    return answers_where_asked(
        FIELDS, {name: read_field(one, FIELDS, list(result), DATA) for name, one in FIELDS.items()}
    )["relations"]


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ([*MARKS, relation(ADA, ACME)], Relations(EVERY, frozenset({WORKS}))),
        (MARKS, Relations(EVERY)),
        # the same pair twice, and the same way round the other way
        ([*MARKS, relation(ADA, ACME), relation(ADA, ACME)], Relations(EVERY, frozenset({WORKS}))),
        ([*MARKS, relation(ADA, ACME), relation(ACME, ADA, direction="left")], Relations(EVERY, frozenset({WORKS}))),
        # to a region that was deleted
        ([*MARKS, relation(ADA, ACME), relation(ADA, "gone")], Unanswered.UNREADABLE),
        ([*MARKS, relation(ADA, "gone")], Unanswered.UNREADABLE),
        # to one that another control marks
        ([*MARKS, OTHER, relation("x", ADA)], Relations(EVERY)),
        ([*MARKS, OTHER, relation("x", ADA), relation(ADA, ACME)], Relations(EVERY, frozenset({WORKS}))),
        ([*MARKS, relation(ADA, ADA)], Relations(EVERY)),
        ([MARKS[0]], Unanswered.NOT_ASKED),
        ([], Unanswered.NOT_ASKED),
        ([relation("gone", "lost")], Unanswered.CONDITION_UNMET),
        ([*MARKS, relation(ADA, ACME, direction="up")], Unanswered.UNREADABLE),
        ([{**MARKS[0], "type": "brush"}, *MARKS[1:], relation(ADA, ACME)], Unanswered.CONDITION_UNKNOWN),
    ],
)
def test_relations_are_read_between_the_regions_that_are_there(result: list[object], said: object) -> None:
    """Where there are two and nobody relates them the answer is "none"; with fewer there is nothing to ask."""
    assert read(*result) == said


def test_a_label_that_is_gone_is_no_answer_until_it_is_renamed() -> None:
    """As it is of any other field."""
    result = [*MARKS, relation(ADA, ACME, "employed by")]
    value = read_field(RELATED, FIELDS, result, DATA)
    assert isinstance(value, Relations)
    assert not RELATED.allows(value)
    renamed = replace(RELATED, renames=(("employed by", "works for"),))
    assert read_field(renamed, FIELDS | {"relations": renamed}, result, DATA) == Relations(EVERY, frozenset({WORKS}))
    assert not RELATED.allows(Relations(EVERY, frozenset({Relation(ADA, ACME)})))


def test_a_prediction_never_leads_to_a_region_that_it_does_not_hold() -> None:
    """Label Studio could not open the task: what is left is between the regions that people are shown."""
    related = Relations(EVERY, frozenset({WORKS, KNOWS}))
    two = Spans(frozenset({ADA, ACME}))
    said: dict[str, Value] = {"who": two, "relations": related}
    sure = {name: Prediction(value, 0.9, 0.9) for name, value in said.items()}
    assert predictions_where_asked(FIELDS, sure)["relations"].value == Relations(two.spans, frozenset({WORKS}))
    assert "relations" not in predictions_where_asked(FIELDS, {"relations": sure["relations"]})
    alone = {"who": Prediction(Spans(frozenset({ADA})), 0.9, 0.9), "relations": sure["relations"]}
    assert "relations" not in predictions_where_asked(FIELDS, alone)
    for shown in (two, Spans(frozenset())):
        sent = merged_prediction([(WHO, shown), (RELATED, related)], score=0.5, model_version="v1", data=DATA)
        assert validate(CONFIG, sent) is None
        ids = {region.get("id") for region in sent["result"]}  # type: ignore[attr-defined]
        ends = [one[end] for one in sent["result"] if one["type"] == "relation" for end in ("from_id", "to_id")]  # type: ignore[attr-defined]
        assert set(ends) <= ids
        assert len(ends) == 2 * (len(shown.spans) > 1)


@pytest.mark.parametrize(
    ("related", "stored"),
    [
        ({WORKS}, [("right", ["works for"])]),
        ({Relation(ADA, WANG, "认识"), Relation(WANG, ADA, "认识")}, [("bi", ["认识"])]),
        ({WORKS, Relation(ACME, ADA, "认识")}, [("right", ["works for"]), ("right", ["认识"])]),
        ({WORKS, Relation(ADA, ACME, "认识")}, [("right", ["works for", "认识"])]),
    ],
)
def test_relations_go_there_and_back(related: set[Relation], stored: list[object]) -> None:
    """One that holds both ways is one of both directions."""
    value = Relations(EVERY, frozenset(related))
    regions = merged_regions([(WHO, Spans(EVERY)), (RELATED, value)], DATA)
    assert [(one["direction"], one["labels"]) for one in regions if one["type"] == "relation"] == stored
    assert read(*regions) == value


@pytest.mark.parametrize(
    ("after", "origin"),
    [([relation(ADA, ACME)], Origin.ACCEPTED), ([], Origin.CORRECTED), ([relation(ACME, ADA)], Origin.CORRECTED)],
)
def test_what_people_made_of_the_relations_they_were_shown_is_told(after: list[object], origin: Origin) -> None:
    """By comparison with the prediction, as of any field."""
    shown = WirePrediction.model_validate({"id": 5, "model_version": "v1", "result": [*MARKS, relation(ADA, ACME)]})
    made: Any = {"id": 1, "result": [*MARKS, *after], "parent_prediction": 5, "updated_by": 1, "completed_by": 1}
    made |= {"updated_at": "2026-11-30T08:00:00Z", "created_at": "2026-11-30T08:00:00Z"}
    task = WireTask.model_validate(
        {"id": 7, "data": DATA, "annotations": [made], "predictions": [shown], "updated_at": made["updated_at"]}
    )
    assert isinstance(task.annotations[0], WireAnnotation)
    (found,) = [one for one in state(list(FIELDS.values()), task).annotations if one.field == "relations"]
    assert found.origin is origin


def test_relations_are_replayed_with_the_configuration_only(tmp_path: Path) -> None:
    """An export does not say which marks they are between; what marks the regions can be replayed without."""
    path = tmp_path / "export.json"
    annotation = {"id": 1, "completed_by": 1, "result": [*MARKS, relation(ADA, ACME)]}
    path.write_text(json.dumps([{"id": 7, "data": DATA, "annotations": [annotation]}]), "utf-8")
    (row,) = read_form(path, CONFIG, "relations").rows
    assert row.value == Relations(EVERY, frozenset({WORKS}))
    with pytest.raises(UserError, match="give its configuration with --label-config"):
        read_label_studio(path, "relations")
    (row,) = read_label_studio(path, "who").rows
    assert row.value == Spans(EVERY)
