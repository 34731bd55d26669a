"""Certify, label, release on a real queue with Label Studio as an object: the end of the loop turns by itself too."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from labelloop.domain import release_chunks as parts_module
from labelloop.domain.next_step import Phase, next_step
from labelloop.domain.records import Certificate, ClosedRound, Publication, Release
from labelloop.domain.release_row import Source
from labelloop.domain.tasks import Role
from labelloop.stores.release_files import RELEASE_FILE, read_release
from tests.core.made_up import truth
from tests.workers.conftest import PROJECT, Site, site
from tests.workers.fake_label_studio import FakeLabelStudio
from workers.cli import main


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clean_redis_url: str) -> Iterator[Site]:
    """A project whose first version serves; its pool has several chunks."""
    monkeypatch.setattr(parts_module, "CHUNK", 50)
    with site(monkeypatch, tmp_path, clean_redis_url, FakeLabelStudio(160)) as made:
        made.ring()
        made.label_studio.annotate(made.of(Role.TRAIN)[:30], person=1)
        for person in (1, 2):
            made.label_studio.annotate(made.of(Role.MONITOR), person)
        made.ring()
        yield made


def shown(here: Site) -> dict[int, bool]:
    """Return the queue's tasks, and whether each shows a pre-annotation."""
    studio = here.label_studio
    rows = {task: versions.get(studio.model_version) for task, versions in studio.predictions.items()}
    return {task: bool(row["result"]) for task, row in rows.items() if row}


def certified(here: Site) -> None:
    """Ask for a certificate, and let a person judge its tasks."""
    assert main(["certify", str(PROJECT), "--max-error", "0.2", "--n", "40"]) == 0
    here.work()
    here.label_studio.annotate(here.of(Role.CERTIFY), person=1)
    here.ring()


def test_certify_label_certificate_release(here: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """From the command to the finished data set: people judge blind, workers predict, people label the rest."""
    studio, ledger = here.label_studio, here.view.ledger
    before = {task for task, content in shown(here).items() if content}
    assert main(["certify", str(PROJECT), "--max-error", "0.2", "--n", "40", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["granted"] is None
    here.work()
    drawn = set(here.of(Role.CERTIFY))
    assert before & drawn, "some had been pre-annotated"
    assert shown(here) == dict.fromkeys(drawn, False)
    assert not any(row["result"] for task in drawn for row in studio.predictions[task].values())

    studio.annotate(here.of(Role.TRAIN)[30:45], person=2)
    here.bell.ring(PROJECT, close=True)
    here.work()
    assert len(ledger.all(ClosedRound, PROJECT)) == 1, "frozen"
    assert not here.bell.close_wanted(PROJECT)
    capsys.readouterr()
    for command in (f"rollback {PROJECT} --to v1", f"train {PROJECT}", f"round close {PROJECT}"):
        assert main(command.split()) == 2
        said = capsys.readouterr().err
        assert (
            "to certify v1 is open: its model is frozen, and no round closes. Let annotators label the 40 tasks" in said
        )
        assert f"labelloop certify {PROJECT} --abandon" in said

    studio.annotate(drawn, person=1)
    here.ring()
    found = ledger.newest(Certificate, PROJECT)
    assert found is not None
    assert found.granted, found.reason

    assert main(["release", str(PROJECT)]) == 0
    here.work()
    assert here.view.state.looped.missing_chunks == []
    capsys.readouterr()
    assert main(["train", str(PROJECT), "--now"]) == 2
    assert f"labelloop release {PROJECT} --abandon" in capsys.readouterr().err
    while here.view.state.phase is Phase.RELEASE:
        left = [task for task in shown(here) if not studio.stored[task].annotations]
        assert left
        studio.annotate(left, person=3)
        here.ring()
    written = ledger.newest(Release, PROJECT)
    assert written is not None
    rows = read_release(here.book.artifacts.read(written.artifact, RELEASE_FILE))
    assert len(rows) == 160
    by_model = {row.task_id for row in rows if row.source is Source.MODEL}
    assert by_model <= studio.closed, "nobody is given what the model has labelled"
    pushes = list(studio.pushes)
    here.ring()
    assert studio.pushes == pushes, "and no queue follows"
    assert sum(str(row.value) != truth(row.task_id) for row in rows) <= 0.2 * 160
    assert {row.task_id for row in rows if row.source is Source.PEOPLE} >= drawn
    capsys.readouterr()
    assert main(["status", str(PROJECT), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["certificate"]["granted"] is True
    assert told["release"]["tasks"] == 160
    assert told["next"] == "nothing: release 1 is written"
    assert main(["status", str(PROJECT)]) == 0
    assert "Release 1: 160 labels" in capsys.readouterr().out


@pytest.mark.parametrize("jobs_done", range(5))
def test_a_flushed_queue_loses_no_release(here: Site, jobs_done: int) -> None:
    """Redis is emptied anywhere between the order and the queue of the rest: one ring goes on where it stood."""
    certified(here)
    assert main(["release", str(PROJECT)]) == 0
    here.work(most=jobs_done) if jobs_done else None
    here.bell.redis.flushall()
    here.ring()
    assert here.view.state.looped.missing_chunks == []
    assert next_step(here.view.progress()) is None


def test_now_needs_no_worker(here: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """The chunks are predicted by the command itself, and the rest is put before people."""
    certified(here)
    here.bell.redis.flushall()
    capsys.readouterr()
    assert main(["release", str(PROJECT), "--now", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["predicted"] == told["chunks"] == 4
    assert told["waiting"] is not None
    assert next_step(here.view.progress()) is None


def test_new_tasks_call_the_release_off(here: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """The loop goes on, and the command says that a new certificate is needed."""
    certified(here)
    assert main(["release", str(PROJECT)]) == 0
    more = FakeLabelStudio(170)
    here.label_studio.stored |= {i: task for i, task in more.stored.items() if i > 160}
    here.label_studio.predictions |= {i: {} for i in range(161, 171)}
    here.label_studio.now = max(task.updated_at for task in here.label_studio.stored.values())
    here.ring()
    if here.view.state.phase is Phase.RELEASE:  # the new tasks came with the last chunk's ring
        here.ring()
    assert here.view.state.phase is Phase.ROUNDS
    assert here.view.ledger.all(Release, PROJECT) == []
    capsys.readouterr()
    assert main(["release", str(PROJECT)]) == 2
    assert "10 added" in capsys.readouterr().err


def test_an_abandoned_attempt_gives_the_loop_back(here: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """Its tasks are pre-annotated TRAIN tasks again, and rounds close."""
    assert main(["certify", str(PROJECT), "--max-error", "0.2", "--n", "40"]) == 0
    here.work()
    assert main(["certify", str(PROJECT), "--max-error", "0.2", "--n", "40"]) == 2
    assert "--abandon" in capsys.readouterr().err
    assert main(["certify", str(PROJECT), "--abandon"]) == 0
    here.work()
    assert here.of(Role.CERTIFY) == []
    assert any(shown(here).values())
    newest = here.view.ledger.newest(Publication, PROJECT)
    assert newest is not None
    assert newest.name == "v1.3"
    assert main(["certify", str(PROJECT), "--abandon"]) == 2


def test_in_a_release_open_audit_tasks_need_one_person(here: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """Two are for measuring, and nothing is measured any more; status counts them among what is left."""
    again = here.of(Role.MONITOR)[:5]
    for task in again:
        here.label_studio.unlabel(task)
    here.ring()
    certified(here)
    capsys.readouterr()
    assert main(["certify", str(PROJECT), "--n", "30", "--max-error", "0.2", "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["plan"]["audit_open"] == 5
    assert main(["certify", str(PROJECT), "--without", "moo", "--dry-run"]) == 2
    assert "(did you mean mood?)" in " ".join(capsys.readouterr().err.split())
    assert main(["certify", str(PROJECT), "--without", "mood", "--dry-run"]) == 2
    assert "nothing would be certified" in " ".join(capsys.readouterr().err.split())
    assert main(["release", str(PROJECT), "--now", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["waiting_audit"] == 5
    assert {here.label_studio.overlaps[task] for task in again} == {1}


def test_people_s_labels_are_released_alone(here: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Without a certificate, at any time, and exported with a data card; then the loop goes on."""
    assert main(["release", str(PROJECT)]) == 2
    assert f"labelloop release {PROJECT} --people-only" in capsys.readouterr().err
    assert main(["release", str(PROJECT), "--people-only", "--dry-run"]) == 0
    assert "A release would have 50 labels by people." in capsys.readouterr().out
    assert here.view.ledger.all(Release, PROJECT) == []
    assert main(["release", str(PROJECT), "--people-only"]) == 0
    written = capsys.readouterr().out
    assert "Release 1: 50 labels, all by people; 110 tasks left out." in written
    assert "110 tasks stay open: people may go on labelling them" in written
    assert main(["export", str(PROJECT), str(tmp_path / "out"), "--format", "csv,jsonl,parquet,label-studio"]) == 0
    assert main(["status", str(PROJECT)]) == 0
    said = capsys.readouterr().out
    assert "Release 1: 50 labels, all by people" in said
    assert "Next: people: " in said


def test_the_last_tasks_of_a_certificate_wait_for_nobody_alone(here: Site) -> None:
    """Who opens one and leaves locks it for a day: the last ones are offered to a second person, once."""
    assert main(["certify", str(PROJECT), "--max-error", "0.2", "--n", "40"]) == 0
    here.work()
    drawn, studio = here.of(Role.CERTIFY), here.label_studio
    studio.annotate(drawn[:34], person=1)
    here.ring()
    pushes = len(studio.pushes)
    assert not studio.overlaps.keys() & set(drawn)
    studio.annotate(drawn[34:36], person=1)
    here.ring()
    assert {task: studio.overlaps[task] for task in drawn[36:]} == dict.fromkeys(drawn[36:], 2)
    assert len(studio.pushes) == pushes + 1
    assert shown(here) == dict.fromkeys(drawn[36:], False)
    studio.annotate(drawn[36:39], person=2)
    here.ring()
    assert len(studio.pushes) == pushes + 1
