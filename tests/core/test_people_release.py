"""A release without a certificate: what people said, and nothing else; and how tasks that they are split on settle."""

import json
from dataclasses import replace

import pytest

from labelloop.domain.records import Release
from labelloop.domain.release_row import Source
from labelloop.domain.tasks import Role
from labelloop.errors import UserError
from labelloop.export.facts import read_facts
from labelloop.export.formats import Format, release_files
from labelloop.state.round_content import as_measured, closed_round
from labelloop.steps.certify import start_attempt
from labelloop.steps.close_round import close_round
from labelloop.steps.evaluate import evaluate
from labelloop.steps.order_queue import order_queue, record_publication
from labelloop.steps.people_release import write_people_release
from labelloop.stores.book import Book
from labelloop.stores.ledger import Ledger, open_engine
from labelloop.stores.rebuild import rebuild
from labelloop.stores.release_files import RELEASE_FILE, SUMMARY_FILE, read_release
from tests.core.made_up import LABELS, MODELS, MadeUp, Make, turn
from workers.admin.release_preview import goes_without_certificate, labels_left_out, preview
from workers.jobs.still_open import left_open

pytestmark = pytest.mark.slow


def half_labelled(make: Make) -> MadeUp:
    """Return a project where people are split on one TRAIN and one audit task, and a quarter is labelled."""
    world = make(tasks=80)
    world.judge_audit()
    world.judge(world.untouched(20))
    for role in (Role.TRAIN, Role.MONITOR):
        task = next(a.task_id for a in world.view.mirror.annotations() if a.task_id in world.of(role))
        world.judge([task], person=2, value=LABELS[(task + 1) % 3])
    return world


def test_what_people_are_still_given_after_a_release_is_counted(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is open after one without a certificate; after another nothing, or all where they are too many."""
    world = half_labelled(make)
    found = write_people_release(*world.view.now())
    certified = replace(found, certificate=1, version="v1")
    labelled = {a.task_id for a in world.view.mirror.annotations()}
    state = world.view.state

    assert left_open(state, found) == 80 - len(labelled)
    assert left_open(state, certified) == 0
    monkeypatch.setattr("workers.jobs.still_open.MOST_CLOSED", 10)
    assert left_open(state, certified) == 80 - len(labelled)


def summary(world: MadeUp, found: Release) -> dict:  # type: ignore[type-arg]
    return json.loads(world.book.artifacts.read(found.artifact, SUMMARY_FILE))  # type: ignore[no-any-return]


def test_what_people_said_is_released_without_a_model_or_certificate(make: Make) -> None:
    """Every settled label is in it; the others are listed with the reason why they are not."""
    world = half_labelled(make)
    found = write_people_release(*world.view.now())
    rows = read_release(world.book.artifacts.read(found.artifact, RELEASE_FILE))
    labelled = {a.task_id for a in world.view.mirror.annotations()}
    assert (found.tasks, found.by_people, found.by_model, found.version) == (
        len(labelled) - 2,
        len(labelled) - 2,
        0,
        "",
    )
    assert {row.source for row in rows} == {Source.PEOPLE}
    assert {(row.margin, row.confidence, row.version) for row in rows} == {(None, None, "")}
    page = summary(world, found)
    assert (page["max_error"], page["certificate_artifact"]) == (None, None)
    assert len(page["not_released"]) == found.left_out == 80 - found.tasks
    split = labels_left_out(world.book, found)
    assert len(split) == 2
    assert all("tie between" in why for why in split.values())
    assert preview(*world.view.now(), people_only=True).by_people == found.tasks


def test_the_same_labels_are_released_once(make: Make) -> None:
    """Only when people have said more there is another release."""
    world = half_labelled(make)
    first = write_people_release(*world.view.now())
    assert write_people_release(*world.view.now()) == first
    world.judge(world.untouched(1))
    second = write_people_release(*world.view.now())
    assert (second.number, second.tasks) == (2, first.tasks + 1)


def test_its_card_says_that_people_gave_every_label(make: Make) -> None:
    """In every format, with people's own agreement and no model's."""
    world = half_labelled(make)
    close_round(*world.view.now())
    turn(world.view)
    write_people_release(*world.view.now())
    facts = read_facts(*world.view.now())
    files = release_files(facts, (Format.CSV, Format.JSON_LINES, Format.PARQUET))
    card = files["README.md"].decode()
    assert "labelled by people; no label is a model's." in card
    assert "people gave every label, the model none" in card
    assert "people agree with each other by" in card
    assert "The model's labels are used" not in card
    assert "None" not in card
    assert "nobody has labelled it" not in card
    assert json.loads(files["data.jsonl"].splitlines()[0])["margin"] is None


def test_nothing_is_released_before_a_label_or_during_an_attempt(make: Make) -> None:
    """Both are said, with the way out."""
    world = make(tasks=300)
    with pytest.raises(UserError, match="Nobody has labelled"):
        write_people_release(*world.view.now())
    world.judge(world.untouched(60))
    close_round(*world.view.now())
    turn(world.view)
    start_attempt(*world.view.now(), max_error=0.1, confidence=0.95, n=60)
    with pytest.raises(UserError, match="--abandon"):
        write_people_release(*world.view.now())


def test_a_project_that_people_labelled_alone_needs_no_certificate(make: Make) -> None:
    """Once no task is left untouched, `release` means people's labels."""
    world = half_labelled(make)
    assert not goes_without_certificate(world.view.state)
    world.judge(world.untouched(80))
    assert goes_without_certificate(world.view.state)


def test_it_is_rebuilt_from_its_manifest(make: Make, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A lost ledger knows it again."""
    world = half_labelled(make)
    found = write_people_release(*world.view.now())
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('new') / 'ledger.sqlite'}")
    again = Book(Ledger(engine), world.book.artifacts)
    rebuild(again.artifacts, again.ledger)
    assert again.ledger.newest(Release, 7) == found


def test_an_audit_task_that_a_third_person_settles_keeps_its_figures(make: Make) -> None:
    """The label counts from then on; how far the first two agree, and the model with them, stays what it was."""
    world = half_labelled(make)
    close_round(*world.view.now())
    turn(world.view)
    before = world.view.ledger.newest(Release, 7)
    first = evaluate(*world.view.now(), 1, context=MODELS)[-1]
    split = labels_left_out(world.book, write_people_release(*world.view.now()))
    assert before is None
    head = order_queue(*world.view.now(), context=MODELS, again=list(split))
    assert head is not None
    assert dict(head.again) == dict.fromkeys(split, 3)
    assert head.publication.put_back == 2
    assert all(item.prediction is None for item in head.items[:2])
    record_publication(*world.view.now(), head)

    world.judge(split, person=3)
    world.judge(world.untouched(20))
    second = close_round(*world.view.now())
    assert second is not None
    turn(world.view)
    again = evaluate(*world.view.now(), 2, context=MODELS)[-1]
    closed = closed_round(*world.view.now(), 2)
    assert closed is not None
    audit = next(task for task in closed.tasks if task.task.id in split and task.role is Role.MONITOR)
    assert (len(audit.annotations), audit.consensus.value is not None) == (3, True)
    measured = next(task for task in as_measured(*world.view.now(), closed).tasks if task.task.id == audit.task.id)
    assert len(measured.annotations) == 2
    assert again.human_agreement == first.human_agreement
    assert labels_left_out(world.book, write_people_release(*world.view.now())) == {}
