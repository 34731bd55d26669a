"""After the learner, too, every kind of field is treated as what it is: from the first round to the exported files."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from labelloop.domain.records import Evaluation
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Role
from labelloop.domain.value_cells import value_of
from labelloop.domain.values import OF_THE_TASK, QUANTITIES, FieldKind, Ranking, Spans, Text, Value, labels_of
from labelloop.errors import UserError
from labelloop.export.facts import Facts, read_facts
from labelloop.export.formats import FILES, Format, release_files
from labelloop.rules import Rules
from labelloop.steps.certify import CERTIFICATE_FILE, certify, start_attempt
from labelloop.steps.close_round import close_round
from labelloop.steps.label_errors import label_errors
from labelloop.steps.verdict_report import verdict_report
from labelloop.stores.atomic_folder import write_folder
from labelloop.stores.release_files import SUMMARY_FILE
from sync.codecs.region_codec import from_regions, task_text
from sync.label_studio_export import label_studio_json
from tests.core.ending import certified, released
from tests.core.every_kind import Known
from tests.core.made_up import MODELS, turn

pytestmark = pytest.mark.slow

RULES = Rules(round_size=10, monitor_size=40, queue_rounds=2)
NO_CHANCE = {FieldKind.SPANS, FieldKind.TEXT} | OF_THE_TASK
NO_LABELS = {FieldKind.TEXT, FieldKind.OPTION, FieldKind.OPTIONS} | QUANTITIES


@pytest.fixture(scope="module", params=list(FieldKind))
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    """Yield a project of each kind that has gone through its loop to the end."""
    made = Known(tmp_path_factory.mktemp(request.param), request.param, 260, RULES)
    made.judge_audit()
    made.judge(made.untouched(90))
    close_round(*made.view.now())
    turn(made.view)
    certified(made, n=60, max_error=0.1)
    released(made)
    yield made
    made.book.ledger.engine.dispose()


@pytest.fixture(scope="module")
def facts(world: Known) -> Facts:
    """Return what is exported."""
    return read_facts(*world.view.now())


def said(facts: Facts) -> list[Value]:
    return [row.value for row in facts.rows]


def files(facts: Facts) -> dict[str, bytes]:
    wanted = [name for name in Format if name is not Format.CONLL or facts.field.kind is FieldKind.SPANS]
    return release_files(facts, wanted) | {"label-studio.json": label_studio_json(facts.field, facts.rows)}


def test_the_model_is_measured_by_what_fits_the_kind(world: Known) -> None:
    """Spans by F1 of spans; free texts have no labels to be right or wrong about."""
    measured = world.view.ledger.newest(Evaluation, 7)
    assert measured is not None
    assert measured.n > 30
    assert measured.agreement is not None
    assert measured.agreement > 0.6
    assert (measured.macro_f1 is None) == (world.kind in {FieldKind.TEXT} | QUANTITIES)


def test_the_verdict_says_what_means_something(world: Known) -> None:
    """Chance-corrected agreement where chance can be told, F1 of spans where there are spans, labels where given."""
    verdict = world.view.state.looped.verdict(1)
    assert verdict is not None
    report = verdict_report(world.book, verdict)
    assert report["human_agreement"]["value"] < 1
    alpha, kappas = report["krippendorff_alpha"], report["cohen_kappa"]
    if world.kind in NO_CHANCE:
        assert (alpha["people"], alpha["people_and_model"], kappas) == (None, None, [])
    else:
        assert 0 < alpha["people"] < 1
        assert kappas[0]["kappa"] == pytest.approx(alpha["people"], abs=0.02)
    found = report["consensus"]
    assert found["accuracy"]["low"] < found["accuracy"]["value"]
    assert [one["label"] for one in found["labels"]] == list(world.view.state.field.labels)
    assert (found["spans"] is not None) == (world.kind is FieldKind.SPANS)
    assert (found["macro_f1"]["value"] is None) == (world.kind in NO_LABELS)
    if found["spans"]:
        strict, partial = found["spans"]["strict"], found["spans"]["partial"]
        assert strict["low"] <= strict["f1"] <= strict["high"]
        assert strict["f1"] <= partial["f1"]
    assert bool(report["disputed"]["people"]) == (world.kind not in {FieldKind.TEXT, FieldKind.RANKING} | QUANTITIES)
    assert report["disputed"]["tasks"]


def test_the_certificate_counts_labels_where_there_are_labels(world: Known) -> None:
    """Precision by label, without an interval for spans; free texts have none."""
    attempt = world.view.state.attempt
    assert attempt is not None
    assert attempt.certificate is not None
    assert attempt.certificate.granted
    page = json.loads(world.book.artifacts.read(attempt.certificate.artifact, CERTIFICATE_FILE))
    assert [one["label"] for one in page["labels"]] == list(world.view.state.field.labels)
    assert all((one["low"] is None) == (world.kind is FieldKind.SPANS) for one in page["labels"])
    assert world.kind in NO_LABELS or sum(one["automated"] for one in page["labels"])


def test_the_release_has_every_task_and_few_errors(world: Known, facts: Facts) -> None:
    """The promise was at most one in ten; what two people were split on is left out."""
    assert {row.task_id for row in facts.rows} <= world.truths.keys()
    assert facts.release.by_model
    assert sum(row.value != world.truths[row.task_id][1] for row in facts.rows) <= 0.1 * len(world.truths)
    summary = json.loads(world.book.artifacts.read(facts.release.artifact, SUMMARY_FILE))
    assert bool(summary["label_shares"]) == (world.kind not in NO_LABELS)


def test_every_table_gives_the_values_back(facts: Facts) -> None:
    """CSV, JSON Lines and Parquet hold the same, spans with their text."""
    made = files(facts)
    lines = [json.loads(line) for line in made[FILES[Format.JSON_LINES]].splitlines()]
    table = pq.read_table(io.BytesIO(made[FILES[Format.PARQUET]])).to_pylist()
    cells = list(csv.DictReader(io.StringIO(made[FILES[Format.CSV]].decode(), newline="")))
    assert lines == table
    assert [row["input_text"] for row in cells] == [row["input_text"] for row in lines]
    assert [row["label"] for row in cells] == [row["label"] for row in lines]
    assert [json.loads(row["labels"]) for row in cells] == [row["labels"] for row in lines]
    assert [row["labels"] for row in lines] == [sorted(labels_of(value)) for value in said(facts)]
    if facts.field.kind is FieldKind.SPANS:
        assert [json.loads(row["spans"]) for row in cells] == [row["spans"] for row in lines]
    assert [read_back(facts.field, row) for row in lines] == said(facts)


def read_back(field: Field, row: dict[str, Any]) -> Value:
    """Return the value of an exported row, by what docs/export.md says of its columns."""
    if field.kind is FieldKind.SPANS:
        for span in row["spans"]:
            assert row["input_text"][span["start"] : span["end"]] == span["text"]
        return value_of(field.kind, [[span["start"], span["end"], span["label"]] for span in row["spans"]])
    if field.kind is FieldKind.RATING:
        return value_of(field.kind, [int(row["label"]), len(field.labels)])
    if field.kind is FieldKind.NUMBER:
        return field.line.number(float(row["label"]))
    if field.kind is FieldKind.RANKING:
        return Ranking(((field.labels[0], tuple(row["label"].split(" > "))),))
    return value_of(field.kind, [row["label"]] if field.kind in (FieldKind.TEXT, FieldKind.DATETIME) else row["labels"])


def test_label_studio_reads_its_own_file(facts: Facts) -> None:
    """The regions say the same of the same text."""
    for task, row in zip(json.loads(files(facts)["label-studio.json"]), facts.rows, strict=True):
        (answer,) = task.get("annotations") or task["predictions"]
        assert task_text(facts.field, task["data"]) == row.text
        assert from_regions(facts.field, answer["result"], task["data"]) == row.value


def test_hugging_face_opens_every_kind(facts: Facts, tmp_path: Path) -> None:
    """With spans as a list of what stands where."""
    from datasets import load_dataset

    write_folder(tmp_path / "out", files(facts), known=())
    found = load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    assert found["input_text"][:] == [row.text for row in facts.rows]
    assert [read_back(facts.field, row) for row in found] == said(facts)


def test_the_card_speaks_of_what_there_is(facts: Facts) -> None:
    """Spans have their F1, free texts no shares."""
    card = files(facts)["README.md"].decode()
    assert ("strict F1" in card) == ("| `spans` |" in card) == (facts.field.kind is FieldKind.SPANS)
    assert ("token-classification" in card) == (facts.field.kind is FieldKind.SPANS)
    assert ("no labels to count" in card) == (facts.field.kind in NO_LABELS)
    assert "None" not in card
    assert "nan" not in card


def test_conll_is_for_spans_alone(facts: Facts) -> None:
    """Of any other field it is refused, with the way out."""
    if facts.field.kind is FieldKind.SPANS:
        assert FILES[Format.CONLL] in files(facts)
        return
    with pytest.raises(UserError, match="leave the format conll out"):
        release_files(facts, (Format.CONLL,))


def test_doubtful_values_of_every_kind_are_found(world: Known) -> None:
    """Looking for them works, and right ones are seldom doubted."""
    found = label_errors(*world.view.now(), context=MODELS)
    assert found.judged
    assert len(found.ranking) < 0.5 * found.judged


def test_a_certificate_may_let_nearly_right_answers_count(tmp_path: Path) -> None:
    """Free texts are seldom the same to the letter: of those that are like enough a promise can be made."""
    made = Known(tmp_path, FieldKind.TEXT, 260, RULES)
    made.judge_audit()
    made.judge(made.untouched(90))
    close_round(*made.view.now())
    turn(made.view)
    start_attempt(*made.view.now(), max_error=0.1, confidence=0.95, n=60, min_similarity=0.8)
    for task in made.of(Role.CERTIFY):
        made.judge([task], value=Text(f"{made.truths[task][1]} "))
    certificate = certify(*made.view.now(), context=MODELS)
    assert certificate.granted
    page = json.loads(made.book.artifacts.read(certificate.artifact, CERTIFICATE_FILE))
    assert page["min_similarity"] == 0.8
    assert "are less than 80 % similar to people's" in page["promise"]
    released(made)
    card = release_files(read_facts(*made.view.now()), (Format.CSV,))["README.md"].decode()
    assert "in this data set are less than 80 % similar to people's" in card
    made.book.ledger.engine.dispose()


def test_spans_are_what_they_were(facts: Facts) -> None:
    """Where people and model mark nothing the row says so."""
    if facts.field.kind is FieldKind.SPANS:
        assert any(isinstance(value, Spans) and not value.spans for value in said(facts))
