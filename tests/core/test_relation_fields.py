"""A field of relations: learned from, measured on and predicted for pairs of the regions that another field marks."""

import csv
import io
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from labelloop.domain.guideline_text import first_guideline
from labelloop.domain.records import ClosedRound, Fit
from labelloop.domain.relations import Relation, Relations
from labelloop.domain.tasks import Role
from labelloop.domain.units import asked_text, with_regions
from labelloop.domain.values import Span, Spans, similarity
from labelloop.export.form_facts import FormFacts, read_released
from labelloop.export.formats import Format, release_files
from labelloop.learners.base import Example, FitContext
from labelloop.learners.by_pair import PairLearner
from labelloop.learners.linear.learner import LinearLearner
from labelloop.plugins import learner
from labelloop.settings import Settings
from labelloop.state.field_learners import field_learners
from labelloop.state.round_content import closed_round, fields_judged_now
from labelloop.steps.label_errors import label_errors
from labelloop.steps.model_store import load_model
from labelloop.steps.order_queue import order_queue
from labelloop.steps.people_release import write_people_release
from labelloop.steps.verdict_report import verdict_report
from labelloop.testing import BagOfWords
from sync.label_studio_export import form_json
from tests.core.form import turn
from tests.core.made_up import MODELS
from tests.core.relation_form import FIELDS, FIRMS, NAMES, RELATED, WAYS, RelationForm, answers, related, spans, text
from workers.admin.health_checks import not_asked_of_llm


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> RelationForm:
    """A round after which all audit tasks were judged by two people; not to be changed."""
    return after_a_round(tmp_path_factory.mktemp("relations"))


def after_a_round(folder: Path) -> RelationForm:
    """Return a project after its first round."""
    form = RelationForm(folder)
    form.say(form.untouched(60))
    for who in (1, 2):
        form.say(form.of(Role.MONITOR), who)
    turn(form)
    return form


def test_relations_have_a_version_and_figures_of_their_own(turned: RelationForm) -> None:
    """They are measured between the regions that people marked."""
    assert [fit.failure for fit in turned.view.ledger.all(Fit, 7)] == ["", ""]
    state = turned.view.state.focused("relations")
    (found,) = state.looped.evaluations
    assert (found.n, found.human_agreement) == (len(turned.of(Role.MONITOR)), 1.0)
    assert found.agreement is not None
    assert found.agreement > 0.8
    assert found.macro_f1 is not None
    assert found.macro_f1 > 0.8
    given = state.looped.verdict(1)
    assert given is not None
    report = verdict_report(turned.book, given)
    assert 0 <= report["end_to_end"]["low"] <= report["end_to_end"]["f1"] <= report["end_to_end"]["high"] <= 1
    assert report["krippendorff_alpha"]["people"] == 1.0


def test_people_are_shown_relations_between_the_regions_that_they_are_shown(turned: RelationForm) -> None:
    """Never to another one: Label Studio could not open the task."""
    head = order_queue(*turned.view.now(), context=MODELS)
    assert head is not None
    shown = [item for item in head.items if "relations" in item.predictions]
    assert len(shown) >= 20
    for item in shown:
        marked, said = item.predictions["who"].value, item.predictions["relations"].value
        assert isinstance(marked, Spans)
        assert isinstance(said, Relations)
        assert said.regions == marked.spans
        assert {end for one in said.relations for end in (one.head, one.tail)} <= marked.spans
    assert sum(item.predictions["relations"].value == related(item.task_id) for item in shown) >= len(shown) / 2


def test_a_round_lists_the_relations_and_is_read_back(turned: RelationForm) -> None:
    """Each with both its regions and their texts; the column of the field itself is for reading."""
    record = turned.view.ledger.newest(ClosedRound, 7, number=1)
    assert record is not None
    content = turned.book.artifacts.read(record.artifact, "data_labeled_1.csv").decode()
    for row in csv.DictReader(io.StringIO(content, newline="")):
        task = int(row["task_id"])
        listed = [
            (one["from"]["text"], one["label"], one["to"]["text"]) for one in json.loads(row["relations.relations"])
        ]
        words = [tuple(text(task)[s.start : s.end] for s in (r.head, r.tail)) for r in related(task).relations]
        labels = sorted(related(task).labels)
        assert listed == [(head, label, tail) for (head, tail), label in zip(words, labels, strict=True)]
        assert row["relations"] == str(related(task))
        assert (row["relations.kind"], json.loads(row["relations.labels"])) == ("choices", labels)
    for one in turned.view.state.by_field:
        closed = closed_round(turned.book, one, 1)
        assert closed is not None
        assert closed == replace(fields_judged_now(*turned.view.now()).by_field[one.field.name], number=1)


def test_relations_are_released_and_exported(turned: RelationForm) -> None:
    """One row a task; Label Studio is given them between the regions of the same annotation."""
    write_people_release(*turned.view.now())
    facts = read_released(*turned.view.now())
    assert isinstance(facts, FormFacts)
    for task in facts.tasks:
        assert {name: row.value for name, row in task.labels.items()} == answers(task.task_id)
    files = release_files(facts, (Format.CSV, Format.JSON_LINES, Format.PARQUET))
    card = files["README.md"].decode()
    assert "`relations` (relations)" in card
    assert "however many of its relations bear it" in card
    assert "`<field>.relations`" in card
    rows = [json.loads(line) for line in files["data.jsonl"].splitlines()]
    assert any(row["relations.relations"] for row in rows)
    for imported in json.loads(form_json(FIELDS, facts.tasks)):
        result = imported["annotations"][0]["result"]
        ids = {one.get("id") for one in result}
        assert all({one["from_id"], one["to_id"]} <= ids for one in result if one["type"] == "relation")


def test_doubtful_relations_are_found(tmp_path: Path) -> None:
    """The task's text is shown as people know it."""
    turned = after_a_round(tmp_path)
    wrong = next(task for task in turned.untouched(30) if related(task).relations)
    turned.say_all(wrong, 1, answers(wrong) | {"relations": Relations(spans(wrong).spans)})
    turned.say(turned.untouched(30))
    found = label_errors(turned.book, turned.view.state.focused("relations"), context=MODELS)
    suspects = [one for one in found.ranking if one.task_id == wrong]
    assert [one.text for one in suspects] == [text(wrong)]


def test_a_stored_version_relates_what_it_is_told_is_marked(turned: RelationForm) -> None:
    """Where fewer than two regions are named it says nothing."""
    fit = turned.view.state.focused("relations").deployed
    assert fit is not None
    model = load_model(turned.book, fit, context=MODELS)
    silent, alone, asked = model.predict(
        [text(1), with_regions(text(1), list(spans(1).spans)[:1]), with_regions(text(1), spans(1).spans)]
    )
    assert (silent.value, silent.is_shown, alone.is_shown) == (Relations(frozenset()), False, False)
    assert (asked.value, asked.is_shown) == (related(1), True)


def test_no_llm_is_asked_about_relations_yet(tmp_path: Path) -> None:
    """Nor any learner that cannot choose a label; the others of the rules compete."""
    form = RelationForm(tmp_path)
    rules = form.view.state.rules.model_copy(update={"learners": ("prompt", "linear", "tagger")})
    state = replace(form.view.state, rules=rules).focused("relations")
    assert field_learners(state) == ("linear",)
    assert learner("prompt").kinds >= {RELATED.kind}
    settings = Settings(llm_base_url="http://127.0.0.1:1")
    (said,) = not_asked_of_llm(settings, form.book, form.view.id)
    assert said.what == "No LLM is asked about relations: other learners learn relations."
    assert "which marked parts of the text are related" in str(first_guideline(RELATED))


def test_two_pairs_of_a_sentence_are_told_apart() -> None:
    """What stands beyond another region says nothing of this pair."""
    rng, examples = random.Random(5), []
    for task in range(90):
        whole, regions, relations = "", list[Span](), list[Relation]()
        for name, firm in zip(rng.sample(NAMES, 2), rng.sample(FIRMS, 2), strict=True):
            way, label, forwards = rng.choice(WAYS)
            start, said = len(whole), way.format(name, firm)
            pair = [
                Span(start + said.index(w), start + said.index(w) + len(w), of)
                for w, of in ((name, "Person"), (firm, "Org"))
            ]
            regions += pair
            head, tail = pair if forwards else pair[::-1]
            relations += [Relation(head, tail, label)] if label else []
            whole += f"{said} and "
        value = Relations(frozenset(regions), frozenset(relations))
        examples.append(Example(task, asked_text(whole, [value]), value))
    model = PairLearner(LinearLearner()).fit(RELATED, examples[:60], FitContext(BagOfWords(256), seed=1))
    found = [one.value for one in model.predict([example.text for example in examples[60:]])]
    alike = [similarity(value, example.value) for value, example in zip(found, examples[60:], strict=True)]
    assert sum(alike) / len(alike) > 0.8
