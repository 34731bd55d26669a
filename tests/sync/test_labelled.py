"""Label Studio's JSON export as a labelled file."""

import json
from pathlib import Path
from typing import Any

import pytest

from labelloop.domain.values import Choice, Choices, FieldKind, Moment, Number, Rating, Span, Spans, Text, Value
from labelloop.errors import UserError
from sync.label_studio_file import read_label_studio


def region(kind: str, value: dict[str, Any], name: str = "mood", to_name: str = "text") -> dict[str, Any]:
    return {"from_name": name, "to_name": to_name, "type": kind, "value": value}


def chosen(*labels: str) -> list[dict[str, Any]]:
    return [region("choices", {"choices": list(labels)})]


def task(data: dict[str, Any], *results: list[dict[str, Any]], cancelled: bool = False) -> dict[str, Any]:
    return {"data": data, "annotations": [{"result": result, "was_cancelled": cancelled} for result in results]}


def export(folder: Path, *tasks: object) -> Path:
    file = folder / "export.json"
    file.write_text(json.dumps(tasks, ensure_ascii=False), "utf-8")
    return file


def test_people_settle_on_a_label_and_the_split_is_kept(tmp_path: Path) -> None:
    """Majority decides; ties, skipped tasks and tasks without an answer are passed over."""
    data = read_label_studio(
        export(
            tmp_path,
            task({"text": "很好🙂", "split": "test"}, chosen("good"), chosen("bad"), chosen("good")),
            task({"text": "tie"}, chosen("good"), chosen("bad")),
            task({"text": "skipped"}, chosen("good"), cancelled=True),
            task({"text": "nobody"}),
            task({"text": "so so"}, chosen("bad")),
        )
    )

    assert (data.field.name, data.field.kind, data.field.labels) == ("mood", FieldKind.CHOICE, ("bad", "good"))
    assert [(row.text, row.value, row.split) for row in data.rows] == [
        ("很好🙂", Choice("good"), "test"),
        ("so so", Choice("bad"), ""),
    ]


@pytest.mark.parametrize(
    ("result", "kind", "value"),
    [
        (chosen("good", "bad"), FieldKind.CHOICES, Choices(frozenset({"good", "bad"}))),
        ([region("rating", {"rating": 4})], FieldKind.RATING, Rating(4, 5)),
        ([region("rating", {"rating": 9})], FieldKind.RATING, Rating(9, 9)),
        ([region("taxonomy", {"taxonomy": [["A", "B"]]})], FieldKind.TAXONOMY, Choices(frozenset({"A > B"}))),
        ([region("textarea", {"text": ["so"]})], FieldKind.TEXT, Text("so")),
        ([region("number", {"number": 12.5})], FieldKind.NUMBER, Number(12.5)),
        ([region("datetime", {"datetime": "2024-05-17"})], FieldKind.DATETIME, Moment("2024-05-17")),
        ([region("datetime", {"datetime": "09:30"})], FieldKind.DATETIME, Moment("09:30", 15.0)),
        (
            [region("labels", {"start": 1, "end": 3, "labels": ["地"]})],
            FieldKind.SPANS,
            Spans(frozenset({Span(1, 3, "地")})),
        ),
    ],
)
def test_the_kind_is_told_from_the_regions(
    tmp_path: Path, result: list[dict[str, Any]], kind: FieldKind, value: Value
) -> None:
    """An export has no labelling configuration."""
    data = read_label_studio(export(tmp_path, task({"text": "在北京🙂"}, result)))

    assert (data.field.kind, data.rows[0].value) == (kind, value)
    assert data.field.allows(value)


def test_a_pair_has_both_its_texts(tmp_path: Path) -> None:
    """A model compares two inputs."""
    pair = [region("pairwise", {"selected": "left"}, to_name="one,two")]
    data = read_label_studio(export(tmp_path, task({"one": "a", "two": "b"}, pair)))

    assert (data.rows[0].value, data.field.inputs) == (Choice("left"), ("one", "two"))


def test_another_control_and_another_key_are_found(tmp_path: Path) -> None:
    """The only text among the data is what people saw."""
    both = [*chosen("good"), region("choices", {"choices": ["loud"]}, name="tone")]
    data = read_label_studio(export(tmp_path, task({"review": "hello", "n": 3}, both)), "tone")

    assert (data.field.name, data.rows[0].value, data.rows[0].text) == ("tone", Choice("loud"), "hello")


@pytest.mark.parametrize(
    ("tasks", "name", "says"),
    [
        ([], None, "no list of tasks"),
        ([{"text": "flat", "mood": "good"}], None, "no label"),
        ([task({"text": "x"}), {"text": "flat"}], None, "as JSON"),
        ([task({"text": "x"})], None, "has none"),
        ([task({"text": "x"}, chosen("good"))], "tone", "no annotation of tone; it has mood"),
        ([task({"a": "x", "b": "y"}, chosen("good"))], None, "which of a, b"),
        ([task({"text": "x"}, [region("choices", {"start": 0, "end": 1, "choices": ["a"]})])], None, "perRegion"),
        ([task({"text": "x"}, [region("rectanglelabels", {"x": 0})])], None, "not supported: mood .rectanglelabels"),
        ([task({"text": "x"}, [region("number", {"number": 1})], chosen("a"))], "tone", "it has mood"),
        ([task({"text": "x"}, [region("ranker", {}, name="tone")], chosen("a"))], "tone", "not supported .ranker"),
    ],
)
def test_what_is_no_such_export_is_said_so(tmp_path: Path, tasks: list[object], name: str | None, says: str) -> None:
    """The message says what to do."""
    with pytest.raises(UserError, match=says):
        read_label_studio(export(tmp_path, *tasks), name)


def test_what_is_no_answer_is_counted(tmp_path: Path) -> None:
    """Null, odd and unreadable annotations leave out themselves; the same person's newer one counts."""
    odd = [
        {"data": {"text": f"odd {n}"}, "annotations": found}
        for n, found in enumerate([None, [], [None], [{"result": None}], [{"result": 5}], [{"was_cancelled": True}]])
    ]
    twice = [
        {"completed_by": {"id": 5}, "updated_at": f"2026-01-0{day}", "result": chosen(label)}
        for day, label in ((2, "bad"), (1, "good"))
    ]
    data = read_label_studio(
        export(
            tmp_path,
            task({"text": "sound"}, chosen("good")),
            task({"text": "half"}, [*chosen("good"), region("choices", {"choices": [None]})]),
            task({"text": "tie"}, chosen("good"), chosen("bad")),
            task({"text": "odd names"}, [{"from_name": ["mood"], "type": {}, "value": None}]),
            {"data": {"text": "twice"}, "annotations": twice},
            {"data": {"text": 4711}, "annotations": [{"result": chosen("bad")}]},
            {"data": {"text": None}, "annotations": [{"result": chosen("bad")}]},
            *odd,
        )
    )
    assert [(row.text, str(row.value)) for row in data.rows] == [("sound", "good"), ("twice", "bad"), ("4711", "bad")]
    assert dict(data.left_out) == {
        "empty annotations": 1,
        "rows without a text": 1,
        "skipped annotations": 1,
        "tasks that nobody labelled": 3,
        "tasks that people do not agree on": 1,
        "unreadable annotations": 3,
    }


@pytest.mark.parametrize(
    ("kind", "data", "value", "text"),
    [
        ("labels", "<p>in 北京</p>", {"start": "/p[1]/text()[1]", "end": "/p[1]/text()[1]"}, "in 北京"),
        ("hypertextlabels", "in <b>北京</b>", {"globalOffsets": {"start": 3, "end": 5}}, "in 北京"),
        ("paragraphlabels", [{"text": "in 北京"}], {"start": "0", "end": "0"}, "in 北京"),
    ],
)
def test_spans_tell_what_they_lie_in(tmp_path: Path, kind: str, data: object, value: dict[str, Any], text: str) -> None:
    """A page by its XPaths, a dialogue by its turns."""
    said = region(kind, {"startOffset": 3, "endOffset": 5, **value, kind: ["Place"]})
    found = read_label_studio(export(tmp_path, task({"text": data}, [said])))
    assert (found.rows[0].text, found.rows[0].value) == (text, Spans(frozenset({Span(3, 5, "Place")})))


def test_a_file_that_is_no_json_is_said_so(tmp_path: Path) -> None:
    """Neither a missing one."""
    (tmp_path / "broken.json").write_text("{", "utf-8")
    for name, says in (("broken.json", "cannot be read as JSON"), ("none.json", "There is no file")):
        with pytest.raises(UserError, match=says):
            read_label_studio(tmp_path / name)
