"""Label Studio's own exports, as its own converter writes them: the same answers in every format, or a refusal."""

import json
from pathlib import Path
from typing import Any

import pytest

from labelloop.domain.values import FieldKind
from labelloop.errors import UserError
from labelloop.simulate.labelled_texts import Labelled
from labelloop.simulate.table_reader import read_table
from sync.label_studio_file import read_annotations, read_label_studio
from sync.label_studio_table import is_table_of_annotations, tasks_of

TEXT = '<Text name="t" value="$review"/>'
CHOICES = '<Choice value="a|b"/><Choice value="b"/><Choice value="还行"/>'
WHEN = "2026-11-29T09:29:03.243765Z"


def region(kind: str, **value: Any) -> dict[str, Any]:
    return {"from_name": "said", "to_name": "t", "type": kind, "value": value}


def span(start: int, end: int, *labels: str) -> dict[str, Any]:
    return region("labels", start=start, end=end, text="x", labels=list(labels))


ONE = [[region("choices", choices=[label])] for label in ("a|b", "b", "还行")]
CASES: dict[str, tuple[str, list[list[dict[str, Any]]], FieldKind]] = {
    "one": (f'<Choices name="said" toName="t">{CHOICES}</Choices>', [*ONE, []], FieldKind.CHOICE),
    "several": (
        f'<Choices name="said" toName="t" choice="multiple">{CHOICES}</Choices>',
        [*ONE, [region("choices", choices=["a|b", "还行"])], []],
        FieldKind.CHOICES,
    ),
    "stars": ('<Rating name="said" toName="t"/>', [[region("rating", rating=n)] for n in (1, 4)], FieldKind.RATING),
    "taxonomy": (
        f'<Taxonomy name="said" toName="t">{CHOICES}</Taxonomy>',
        [[region("taxonomy", taxonomy=[["a|b", "c"], ["b"]])], [region("taxonomy", taxonomy=[["b"]])], []],
        FieldKind.TAXONOMY,
    ),
    "spans": (
        '<Labels name="said" toName="t"><Label value="City"/><Label value="Dish"/></Labels>',
        [[span(0, 3, "City"), span(4, 6, "Dish")], [span(0, 3, "City", "Dish")], []],
        FieldKind.SPANS,
    ),
    "written": (
        '<TextArea name="said" toName="t"/>',
        [[region("textarea", text=["one"])], [region("textarea", text=["two", "lines"])], []],
        FieldKind.TEXT,
    ),
}


def exported(folder: Path, control: str, results: list[list[dict[str, Any]]]) -> dict[str, Path]:
    """Write the annotations in every format of Label Studio's converter; the second task has two of them."""
    from label_studio_sdk.converter.converter import Converter  # takes seconds

    tasks = [
        {
            "id": number,
            "data": {"review": f"review, number {number}; 很好", "likes": number},
            "annotations": [
                {"id": 10 * number + n, "result": result, "created_at": WHEN, "updated_at": WHEN, "completed_by": n}
                for n in range(2 if number == 2 else 1)
            ],
        }
        for number, result in enumerate(results, 1)
    ]
    (folder / "export.json").write_text(json.dumps(tasks), "utf-8")
    converter = Converter(f"<View>{TEXT}{control}</View>", str(folder), download_resources=False)  # type: ignore[no-untyped-call]
    files = {"json": folder / "export.json"}
    for name, ending in (("JSON_MIN", "json"), ("CSV", "csv"), ("TSV", "tsv")):
        converter.convert(str(folder / "export.json"), str(folder / name), name, is_dir=False)  # type: ignore[no-untyped-call]
        files[name] = next((folder / name).rglob("*"), folder / name)
        if files[name].suffix != f".{ending}":
            files[name] = files[name].rename(folder / f"{name}.{ending}")
    return files


def read(path: Path, name: str | None = None) -> Labelled:
    return read_label_studio(path, name) if path.suffix == ".json" else read_annotations(read_table(path), name)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_every_export_says_the_same(tmp_path: Path, case: str) -> None:
    """Whichever format was chosen: the kind of field, texts and answers, empty ones too."""
    control, results, kind = CASES[case]
    files = exported(tmp_path, control, results)
    expected = read(files["json"], "said")
    assert expected.field.kind is kind
    none = kind in (FieldKind.CHOICES, FieldKind.TAXONOMY, FieldKind.SPANS)
    assert len(expected.rows) == len([result for result in results if result or none])
    for path in files.values():
        found = read(path, "said")
        assert (found.field.kind, found.field.labels, found.left_out) == (
            expected.field.kind,
            expected.field.labels,
            expected.left_out,
        )
        assert [(row.text, row.value) for row in found.rows] == [(row.text, row.value) for row in expected.rows]


OF_ANNOTATION = {"annotator": 1, "annotation_id": 5, "lead_time": 2.0}


@pytest.mark.parametrize(
    ("rows", "name", "says"),
    [
        ([{"text": "x", "said": ["a", "b"]}], "said", "perRegion"),
        ([{"text": "x", "said": [{"start": 0, "end": 1, "choices": ["a", "b"]}]}], "said", "perRegion"),
        ([{"text": "x", "said": [{"number": 4}]}], "said", "not supported"),
        ([{"text": "x", "said": "a", "tone": "b"}], None, "which of said, tone is a control: say so with --field"),
        ([{"text": "x", "said": "a"}], "other", "no column other"),
    ],
)
def test_what_cannot_be_told_or_learned_is_refused(
    tmp_path: Path, rows: list[dict[str, Any]], name: str | None, says: str
) -> None:
    """By name, with the way out."""
    file = tmp_path / "min.json"
    file.write_text(json.dumps([{"id": n, **OF_ANNOTATION, **row} for n, row in enumerate(rows)]), "utf-8")
    with pytest.raises(UserError, match=says):
        read_label_studio(file, name)


def test_the_only_column_beside_the_texts_is_the_control() -> None:
    """Labels are words, and so are texts: the longest are the texts."""
    rows = [{"id": n, **OF_ANNOTATION, "a": f"quite a long text {n}", "b": "good"} for n in range(3)]
    task = tasks_of(Path("x.csv"), rows, None)[0]
    assert task["data"] == {"a": "quite a long text 0"}
    assert [one["from_name"] for one in task["annotations"][0]["result"]] == ["b"]
    assert is_table_of_annotations(rows[0])
    assert not is_table_of_annotations(["text", "label"])
