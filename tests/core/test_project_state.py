"""A project's state: all of it in a few statements, the same on each database, and never a query more afterwards."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from benchmarks.collect import counted_sql
from labelloop.domain.next_step import next_step
from labelloop.domain.records import (
    Certificate,
    CertifyDraw,
    Record,
    RefitOrder,
    Release,
    ReleaseChunk,
    ReleaseOrder,
    TaskRole,
    Verdict,
)
from labelloop.domain.tasks import Role, fingerprint
from labelloop.errors import NotConnected
from labelloop.state.load import load
from labelloop.state.progress import progress
from labelloop.state.round_content import closed_round, most_new_labels
from labelloop.steps.close_round import close_round
from labelloop.steps.training_examples import training_examples
from labelloop.stores.ledger import Ledger
from labelloop.stores.ledger_tables import FACTS
from labelloop.stores.mirror import Mirror
from labelloop.stores.project_rows import read_facts, read_task_index
from tests.core.made_up import ENCODE, NOON, Make, publish, turn
from tests.core.test_ledger import ONE_OF_EACH
from tests.core.test_mirror import said, state

EVERY_KIND: list[Record] = [
    *ONE_OF_EACH,
    Verdict(7, 1, "v1", 1, "cannot tell", "few", 4, 1 / 3, None, 0.1, None, 3, created_at=NOON, artifact="a"),
    CertifyDraw(7, 1, "v1", 300, 9000, 0.05, 0.025, created_at=NOON, artifact="a", min_similarity=0.8),
    Certificate(7, 1, "v1", True, "enough", 300, 12, 8, 2 / 3, 0.7, 0.05, 0.025, created_at=NOON, artifact="a"),
    ReleaseOrder(7, 1, "v1", 9300, False, created_at=NOON, artifact="a"),
    ReleaseChunk(7, 1, 0, 1000, created_at=NOON, artifact="a"),
    Release(7, 1, 1, "v1", 9300, 300, 9000, 3, created_at=NOON, artifact="a"),
    RefitOrder(7, 1, 1, created_at=NOON, artifact="a"),
]


def test_one_statement_reads_every_fact_as_it_was_added(engine: Engine) -> None:
    """Of every kind, whatever columns it has, oldest first; those of other projects are not among them."""
    ledger = Ledger(engine)
    assert {type(record) for record in EVERY_KIND} == set(FACTS)
    for record in EVERY_KIND:
        assert ledger.add(record)
        assert ledger.add(replace(record, project_id=8))
    later = [record for record in EVERY_KIND if ledger.add(replace(record, created_at=NOON + timedelta(days=1)))]
    assert later, "connections and the like may repeat"
    with counted_sql() as asked:
        facts = read_facts(engine, 7)
    assert len(asked) == 1
    for kind in FACTS:
        assert list(facts.all(kind)) == ledger.all(kind, 7)


def test_one_statement_reads_which_tasks_there_are(engine: Engine) -> None:
    """Roles of deleted tasks stay, blank texts are told from others, and everybody who touched a task is named."""
    ledger, mirror = Ledger(engine), Mirror(engine, 7)
    empty = read_task_index(engine, 7, None)
    assert not any((empty.ids, empty.with_text, empty.roles, empty.annotators))
    mirror.put(
        [
            state(1, said(1, 1), replace(said(2, 1, None, skipped=True), annotator_id=2), said(3, 1)),
            state(2, text=" \u3000\n"),
            state(3, text="喜欢"),
        ]
    )
    Mirror(engine, 8).put([state(4, said(9, 4))])
    ledger.add_roles(TaskRole(7, task, role) for task, role in ((1, Role.TRAIN), (2, Role.MONITOR), (9, Role.TRAIN)))
    ledger.add_certify_tasks(7, 1, [1])
    with counted_sql() as asked:
        found = read_task_index(engine, 7, None)
    assert len(asked) == 1
    assert found.ids == {1, 2, 3}
    assert found.with_text == {1, 3}
    assert found.without_role == {3}
    assert found.roles == {1: Role.TRAIN, 2: Role.MONITOR, 9: Role.TRAIN}
    assert found.annotators == {1: {1, 2}}
    assert read_task_index(engine, 7, 1).roles == {**found.roles, 1: Role.CERTIFY}


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from(" \t\n\x1c\x85\u00a0\u2028\u3000\u200b"))))
def test_a_text_is_blank_where_its_fingerprint_is_that_of_none(text: str) -> None:
    """So that nobody has to read texts to know which tasks have one."""
    assert (fingerprint(text) == fingerprint("")) is not bool(text.strip())


def test_a_state_takes_two_statements_and_what_follows_from_it_none(make: Make) -> None:
    """However much there is: rounds, versions, a queue, tasks."""
    world = make(tasks=200)
    publish(world.view)
    world.judge_audit()
    world.judge(world.untouched(12))
    close_round(*world.view.now())
    turn(world.view)
    with counted_sql() as asked:
        found = load(world.book, 7)
    assert len(asked) == 2
    with counted_sql() as asked:
        assert next_step(progress(found)) is None
        assert (found.published_name, found.round_due_at, found.attempt) == ("v1", 10, None)
    assert asked == []


@pytest.mark.parametrize("labels", [12, 60])
def test_what_is_learned_from_is_gathered_in_as_many_statements_whatever_it_is(make: Make, labels: int) -> None:
    """One for the texts of the audit tasks; none for each label."""
    world = make(tasks=200)
    world.judge(world.untouched(labels))
    close_round(*world.view.now())
    found = world.view.state
    closed = closed_round(world.book, found, 1)
    assert closed is not None
    with counted_sql() as asked:
        assert len(training_examples(world.book, found, closed, encode=ENCODE)) == labels
    assert len(asked) == 1


def test_the_bound_on_new_labels_is_never_below_them(make: Make) -> None:
    """Deleted, skipped, disputed and repeated labels included: no round that is due is missed."""
    world = make(tasks=120)
    first = world.untouched(12)
    world.judge(first)
    close_round(*world.view.now())
    before = world.view.round(1)
    world.judge(first[:2], person=2, value="odd")
    world.view.mirror.forget(first[4:8])
    world.judge(world.untouched(3), skipped=True)
    world.judge(world.untouched(5))
    closed = close_round(*world.view.now(), asked=True)
    now = world.view.round(2)
    assert closed is not None
    assert now is not None
    assert before is not None
    assert len({one.task.id for one in now.training} - {one.task.id for one in before.training}) == 5
    assert most_new_labels(world.book, replace(world.view.state, rounds=world.view.state.rounds[:1])) == 8
    assert most_new_labels(*world.view.now()) == 5, "those that are skipped, and those in dispute"


def test_a_project_that_was_never_or_is_no_longer_connected_is_said_so(make: Make) -> None:
    """Unless it is asked for as one that may have been taken out of the loop."""
    world = make(tasks=4)
    with pytest.raises(NotConnected, match="labelloop connect 99"):
        load(world.book, 99, disconnected=True)
    world.book.record(replace(world.view.state.connection, active=False), "connection-2")
    with pytest.raises(NotConnected):
        load(world.book, 7)
    assert not load(world.book, 7, disconnected=True).connection.active
