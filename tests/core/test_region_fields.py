"""A field about regions: learned from, measured on and predicted for the regions that other fields mark."""

import csv
import io
import json
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from labelloop.domain.asked import answers_where_asked, predictions_where_asked, regions_asked
from labelloop.domain.conditions import Condition, Requirement
from labelloop.domain.guideline_text import first_guideline
from labelloop.domain.predictions import Prediction
from labelloop.domain.records import ClosedRound, Fit
from labelloop.domain.schema import Unit
from labelloop.domain.tasks import Role
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.units import asked_text, with_regions
from labelloop.domain.values import ByRegion, Choice, FieldKind, Span, Spans, Value, similarity
from labelloop.export.form_facts import FormFacts, read_released
from labelloop.export.formats import Format, release_files
from labelloop.learners.base import Example, FitContext
from labelloop.learners.by_region import RegionLearner
from labelloop.learners.linear.learner import LinearLearner
from labelloop.state.round_content import closed_round, fields_judged_now
from labelloop.steps.label_errors import label_errors
from labelloop.steps.model_store import load_model
from labelloop.steps.order_queue import order_queue
from labelloop.steps.people_release import write_people_release
from labelloop.steps.verdict_report import verdict_report
from labelloop.testing import BagOfWords
from sync.label_studio_export import form_json
from tests.core.form import turn
from tests.core.made_up import LABELS, MODELS, WORDS, truth
from tests.core.region_form import FIELDS, NAMES, PERSONS, RegionForm, answers, mood, person, spans, text


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> RegionForm:
    """A round after which all audit tasks were judged by two people; not to be changed."""
    return after_a_round(tmp_path_factory.mktemp("regions"))


def after_a_round(folder: Path) -> RegionForm:
    """Return a project after its first round."""
    form = RegionForm(folder)
    form.say(form.untouched(30))
    for who in (1, 2):
        form.say(form.of(Role.MONITOR), who)
    turn(form)
    return form


def test_each_field_about_regions_has_a_version_and_figures_of_its_own(turned: RegionForm) -> None:
    """It is measured on the regions that people marked, so that it can be told from the version that finds regions."""
    state = turned.view.state
    assert [fit.version for fit in turned.view.ledger.all(Fit, 7)] == ["v1", "v2", "v3"]
    for one in state.by_field[1:]:
        (found,) = one.looped.evaluations
        assert (found.n, found.human_agreement) == (len(turned.of(Role.MONITOR)), 1.0)
        assert found.agreement is not None
        assert found.agreement > 0.9
        assert found.accuracy is not None
        assert found.macro_f1 is not None
        given = one.looped.verdict(1)
        assert given is not None
        together = verdict_report(turned.book, given)["end_to_end"]
        assert 0.5 < together["low"] <= together["f1"] <= together["high"] <= 1
    first = state.by_field[0].looped.verdict(1)
    assert first is not None
    assert "end_to_end" not in verdict_report(turned.book, first)


def test_people_are_shown_what_is_said_of_the_regions_that_they_are_shown(turned: RegionForm) -> None:
    """Of persons only, since nobody is asked about places; audit tasks stay blind."""
    head = order_queue(*turned.view.now(), context=MODELS)
    assert head is not None
    shown = [item for item in head.items if item.predictions]
    assert len(shown) >= 20
    fields = {field.name: field for field in FIELDS}
    for item in shown:
        marked = item.predictions["who"].value
        assert isinstance(marked, Spans)
        for name in ("心情", "sure"):
            if name in item.predictions:
                said = item.predictions[name].value
                assert isinstance(said, ByRegion)
                assert said.by_span.keys() == regions_asked(fields[name], fields, {"who": marked})
    right = [
        item for item in shown if "心情" in item.predictions and item.predictions["心情"].value == mood(item.task_id)
    ]
    assert len(right) >= 0.8 * len(shown)


def test_a_round_lists_what_is_said_of_each_region_and_is_read_back(turned: RegionForm) -> None:
    """With the region's own text; the column of the field itself is for reading."""
    record = turned.view.ledger.newest(ClosedRound, 7, number=1)
    assert record is not None
    content = turned.book.artifacts.read(record.artifact, "data_labeled_1.csv").decode()
    for row in csv.DictReader(io.StringIO(content, newline="")):
        task, who = int(row["task_id"]), person(int(row["task_id"]))
        (region,) = json.loads(row["心情.regions"])
        named = text(task)[who.start : who.end]
        assert region == {"start": who.start, "end": who.end, "label": "Person", "text": named, "value": truth(task)}
        assert row["心情"] == f"{who}: {truth(task)}"
        assert (row["心情.kind"], json.loads(row["心情.labels"])) == ("choice", [truth(task)])
    for one in turned.view.state.by_field:
        closed = closed_round(turned.book, one, 1)
        assert closed is not None
        assert closed == replace(fields_judged_now(*turned.view.now()).by_field[one.field.name], number=1)


def test_what_people_said_of_regions_is_released_and_exported(turned: RegionForm) -> None:
    """One row a task; Label Studio is given the answers under the ids of the regions they are about."""
    write_people_release(*turned.view.now())
    facts = read_released(*turned.view.now())
    assert isinstance(facts, FormFacts)
    for task in facts.tasks:
        assert {name: row.value for name, row in task.labels.items()} == answers(task.task_id)
    files = release_files(facts, (Format.CSV, Format.JSON_LINES, Format.PARQUET))
    card = files["README.md"].decode()
    assert "`who` (spans), `心情` (choice of each region), `sure` (rating of each region)" in card
    assert "however many of its regions have it" in card
    assert "`<field>.regions`" in card
    first = json.loads(files["data.jsonl"].splitlines()[0])
    assert [region["value"] for region in first["sure.regions"]] == [first["sure.labels"][0]]
    imported = json.loads(form_json(FIELDS, facts.tasks))[0]["annotations"][0]["result"]
    marks = {region["id"]: region["value"] for region in imported if region["from_name"] == "who"}
    for region in imported:
        assert marks[region["id"]]["start"] == region["value"]["start"]


def test_doubtful_answers_about_regions_are_found(tmp_path: Path) -> None:
    """The task's text is shown as people know it."""
    turned = after_a_round(tmp_path)
    wrong = next(iter(turned.untouched(1)))
    lie = next(label for label in LABELS if label != truth(wrong))
    turned.say_all(wrong, 1, answers(wrong) | {"心情": mood(wrong, lie)})
    turned.say(turned.untouched(30))
    found = label_errors(turned.book, turned.view.state.focused("心情"), context=MODELS)
    (suspect,) = [one for one in found.ranking if one.task_id == wrong]
    assert (suspect.text, suspect.given, suspect.expected) == (text(wrong), mood(wrong, lie), mood(wrong))


def test_where_no_version_marks_regions_nothing_is_said_of_them(tmp_path: Path) -> None:
    """Its model serves all the same, and answers as soon as there are regions."""
    form = RegionForm(tmp_path)
    form.say(form.untouched(30), leave_out=("who",))
    for who in (1, 2):
        form.say(form.of(Role.MONITOR), who, leave_out=("who",))
    turn(form)
    assert [one.looped.deployed is None for one in form.view.state.by_field] == [True, False, False]
    head = order_queue(*form.view.now(), context=MODELS)
    assert head is not None
    assert len(head.items) >= 20
    assert not any(item.predictions for item in head.items)
    fit = form.view.state.focused("心情").deployed
    assert fit is not None
    model = load_model(form.book, fit, context=MODELS)
    silent, asked = model.predict([text(1), with_regions(text(1), {person(1)})])
    assert (silent.value, silent.confidence, silent.is_shown) == (ByRegion.of(FieldKind.CHOICE, {}), 0.0, False)
    assert (asked.value, asked.is_shown) == (mood(1), True)


def test_only_answers_about_regions_count_that_people_were_asked_about() -> None:
    """By the region's label; one whose region is gone, or of another label, was left over."""
    place = next(span for span in spans(1).spans if span.label == "Place")
    both = ByRegion.of(FieldKind.CHOICE, {**mood(1).by_span, place: Choice("odd")})
    nobody = Spans(frozenset({place}))
    assert counted(who=spans(1), 心情=both)["心情"] == mood(1)
    assert counted(who=nobody, 心情=both)["心情"] is Unanswered.CONDITION_UNMET
    assert counted(who=nobody, 心情=Unanswered.UNREADABLE)["心情"] is Unanswered.CONDITION_UNMET
    assert counted(who=nobody, 心情=Unanswered.EMPTY)["心情"] is Unanswered.NOT_ASKED
    assert counted(who=spans(1), 心情=Unanswered.EMPTY)["心情"] is Unanswered.EMPTY
    assert counted(who=spans(1), 心情=both.within({place}))["心情"] is Unanswered.EMPTY
    assert counted(who=Unanswered.UNREADABLE, 心情=both)["心情"] is Unanswered.CONDITION_UNKNOWN
    assert counted(who=Unanswered.SKIPPED, 心情=Unanswered.SKIPPED)["心情"] is Unanswered.SKIPPED


def test_an_answer_about_a_region_may_depend_on_another_about_the_same() -> None:
    """As with a reason that is asked only where somebody feels bad."""
    ada, bob = Span(0, 3, "Person"), Span(8, 11, "Person")
    why = replace(FIELDS[1], name="why", condition=Condition((*PERSONS.requirements, Requirement(("心情",), ("bad",)))))
    fields = {field.name: field for field in (*FIELDS, why)}
    said: dict[str, Value] = {
        "who": Spans(frozenset({ada, bob})),
        "心情": of({ada: "bad", bob: "good"}),
        "why": of({ada: "odd", bob: "odd"}),
    }
    assert answers_where_asked(fields, said)["why"] == of({ada: "odd"})
    sure = {name: Prediction(value, 0.5, 0.5) for name, value in said.items()}
    assert predictions_where_asked(fields, sure)["why"].value == of({ada: "odd"})
    assert "why" not in predictions_where_asked(fields, sure | {"心情": Prediction(of({ada: "good"}), 0.5, 0.5)})
    assert predictions_where_asked(fields, {"心情": sure["心情"]}) == {}


def of(moods: dict[Span, str]) -> ByRegion:
    """Return how people feel."""
    return ByRegion.of(FieldKind.CHOICE, {span: Choice(label) for span, label in moods.items()})


def counted(**said: Value | Unanswered) -> Mapping[str, Value | Unanswered]:
    """Return what counts of the answers of one annotation."""
    return answers_where_asked({field.name: field for field in FIELDS if field.name in said}, said)


def test_two_regions_of_a_sentence_are_told_apart() -> None:
    """A learner that takes in a whole text at once reads of each what belongs to it."""
    rng, examples = random.Random(5), []
    for task in range(60):
        (one, other), moods = rng.sample(NAMES, 2), rng.choices(LABELS, k=2)
        first, second = (
            f"{name} felt {rng.choice(WORDS[mood])}" for name, mood in zip((one, other), moods, strict=True)
        )
        whole = f"{first} , and {second} ."
        start = whole.rindex(other)
        said = of({Span(0, len(one), "Person"): moods[0], Span(start, start + len(other), "Person"): moods[1]})
        examples.append(Example(task, asked_text(whole, [said]), said))
    learned, held = examples[:40], examples[40:]
    model = RegionLearner(LinearLearner()).fit(FIELDS[1], learned, FitContext(BagOfWords(256), seed=1))
    answers = [found.value for found in model.predict([example.text for example in held])]
    alike = [similarity(found, example.value) for found, example in zip(answers, held, strict=True)]
    assert sum(alike) / len(alike) > 0.8


def test_an_llm_is_told_which_part_of_the_text_it_is_asked_about() -> None:
    """The same words whether one region is asked about or the lead reads the guideline."""
    told = first_guideline(FIELDS[1])
    assert "fits the marked part of the text. (A model is shown it between ⟦ and ⟧," in told.task
    assert first_guideline(FIELDS[1].of_one_region) == told
    assert "the text." in first_guideline(replace(FIELDS[1], unit=Unit.TASK)).task
