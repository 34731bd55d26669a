"""`labelloop simulate`: a labelled file in, a learning curve out."""

import csv
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import Run
from tests.core.made_up import text, truth


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Return a CSV of texts whose words give the label, 40 of them to test on."""
    rows = [f"{text(n)},{truth(n)},{'test' if n < 40 else 'train'}" for n in range(160)]
    (tmp_path / "心情.csv").write_text("text,label,split\n" + "\n".join(rows), "utf-8")
    return str(tmp_path / "心情.csv")


def test_the_json_is_one_curve(run: Run, file: str) -> None:
    """What scripts read: labels, accuracy, macro-F1, learner, seconds, and the spread over the seeds."""
    done = run("simulate", file, "--rounds", "20,60", "--seeds", "2", "--json")

    assert (done.status, done.err) == (0, "")
    found = json.loads(done.out)
    assert set(found) == {"curve"}
    assert [(point["labels"], point["learner"], point["seeds"]) for point in found["curve"]] == [
        (20, "default", 2),
        (60, "default", 2),
    ]
    last = found["curve"][-1]
    assert last["strategy"] == "typical-then-cluster-margin"
    assert last["low"] <= last["accuracy"] <= last["high"] <= 1
    assert last["accuracy"] > 0.8
    assert last["macro_f1"] > 0.8
    assert last["seconds"] > 0


def test_learners_and_strategies_are_compared(run: Run, file: str, tmp_path: Path) -> None:
    """A table for each strategy, the champion beside its candidates, a forecast, a picture."""
    picture = tmp_path / "curve.svg"
    words = ("--learner", "linear", "--learner", "logistic", "--strategy", "random", "--strategy", "margin")
    done = run("simulate", file, *words, "--rounds", "20,60", "--seeds", "1", "--picture", str(picture))

    assert (done.status, done.err) == (0, "")
    assert "心情.csv, random: mean of 1 run" in done.out
    assert "心情.csv, margin: mean of 1 run" in done.out
    assert {"champion", "linear", "logistic"} <= set(done.out.split())
    assert "random, linear: 90 % accuracy" in done.out
    assert ElementTree.parse(picture).getroot().tag.endswith("svg")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("none.csv",), "There is no file"),
        (("data.xlsx",), "no known form"),
        (("心情.csv", "--rounds", "many"), "numbers with commas"),
        (("心情.csv", "--rounds", "20,500"), "texts are left to label"),
        (("心情.csv", "--field", "tone"), "no tone"),
        (("心情.csv", "--rounds", "20", "--learner", "nobody"), "no learner named nobody"),
        (("心情.csv", "--rounds", "20", "--strategy", "guess"), "no query strategy named guess"),
        (("心情.csv", "--picture", "curve.png"), "curve.svg"),
    ],
)
def test_what_cannot_be_simulated_is_said_so(run: Run, file: str, words: tuple[str, ...], says: str) -> None:
    """Status 2 and one sentence."""
    refused = run("simulate", *words)

    assert refused.status == 2
    assert says in refused.err
    assert refused.err.count("\n") == 1


def annotated(number: int) -> dict[str, Any]:
    """Return a row of Label Studio's JSON-MIN export: one choice, several choices, and stars."""
    several = {"choices": [truth(number), *(["third"] if number % 3 == 0 else [])]}
    about = {"id": number, "annotation_id": number, "annotator": 1, "lead_time": 1.0}
    return {**about, "text": text(number), "mood": truth(number), "topics": several, "note": {"rating": 1 + number % 2}}


@pytest.mark.parametrize("ending", [".json", ".csv"])
def test_every_control_of_a_shortened_export_has_a_curve(run: Run, tmp_path: Path, ending: str) -> None:
    """Columns of mere words may be data, so that they are named; each name is a curve."""
    rows, export = [annotated(n) for n in range(60)], tmp_path / f"export{ending}"
    if ending == ".json":
        export.write_text(json.dumps(rows), "utf-8")
    else:
        with export.open("w", encoding="utf-8", newline="") as stream:
            table = csv.DictWriter(stream, rows[0])
            table.writeheader()
            table.writerows({k: json.dumps(v) if isinstance(v, dict) else v for k, v in row.items()} for row in rows)
    how = ("--rounds", "20", "--seeds", "1", "--learner", "logistic", "--json")

    every = run("simulate", str(export), *how)
    assert (every.status, every.err) == (0, "")
    assert [one["field"] for one in json.loads(every.out)["fields"]] == ["topics", "note"]
    named = run("simulate", str(export), "--field", "mood", "--field", "topics", *how)
    assert [one["field"] for one in json.loads(named.out)["fields"]] == ["mood", "topics"]


def test_an_export_of_a_form_does_not_say_who_was_asked(run: Run, tmp_path: Path) -> None:
    """Where nothing is ticked the answer is "none", or the control was not on the screen: people are told."""
    rows = [annotated(n) | ({"topics": None} if n % 4 == 0 else {}) for n in range(60)]
    (tmp_path / "export.json").write_text(json.dumps(rows), "utf-8")
    done = run("simulate", str(tmp_path / "export.json"), "--rounds", "20", "--seeds", "1", "--learner", "logistic")

    assert 'Of these 15 have no label: read as the answer "none".' in done.out
    assert "An export does not say whether the field was on the screen." in done.out


def test_with_the_labelling_configuration_silence_counts_only_where_people_were_asked(run: Run, tmp_path: Path) -> None:
    """`Choices` of a conditional control are "none" where nothing is ticked, and nothing where it was hidden."""
    several = "".join(f'<Choice value="{value}"/>' for value in ("a", "b"))
    words = "".join(f'<Choice value="{value}"/>' for value in ("good", "bad", "odd"))
    (tmp_path / "config.xml").write_text(
        f'<View><Text name="text" value="$text"/><Choices name="mood" toName="text">{words}</Choices>'
        f'<Choices name="why" toName="text" choice="multiple" visibleWhen="choice-selected" whenTagName="mood" '
        f'whenChoiceValue="bad">{several}</Choices></View>'
    )
    tasks = []
    for n in range(90):
        said = {"mood": [truth(n)]}
        if truth(n) == "bad" and n % 2:
            said["why"] = ["a"] if n % 4 == 1 else ["a", "b"]
        result = [
            {"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": labels}}
            for name, labels in said.items()
        ]
        tasks.append({"id": n, "data": {"text": text(n)}, "annotations": [{"completed_by": 1, "result": result}]})
    (tmp_path / "export.json").write_text(json.dumps(tasks), "utf-8")
    how = ("--rounds", "10", "--seeds", "1", "--learner", "logistic")
    done = run("simulate", str(tmp_path / "export.json"), "--label-config", str(tmp_path / "config.xml"), *how)

    assert (done.status, done.err) == (0, "")
    assert "Read: 90 texts; mood (choice)" in done.out
    assert "Read: 30 texts; why (choices)" in done.out
    assert 'Of these 15 have no label: read as the answer "none".\n' in done.out
    assert "Left out: not asked annotations: 60." in done.out
    wrong = run("simulate", str(tmp_path / "export.json"), "--label-config", str(tmp_path / "export.json"), *how)
    assert wrong.status == 2
