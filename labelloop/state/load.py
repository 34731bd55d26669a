"""Reading a project's state: the one place that does, so that everything after it is a pure function."""

from dataclasses import replace

from labelloop.domain.gold_record import GoldTask
from labelloop.domain.lookup import matching, newest
from labelloop.domain.next_step import Phase
from labelloop.domain.people_needed import people_needed
from labelloop.domain.published_queue import PublishedQueue
from labelloop.domain.records import (
    LARGEST_ID,
    Certificate,
    CertifyDraw,
    ClosedRound,
    Connection,
    Publication,
    SchemaVersion,
)
from labelloop.errors import NotConnected
from labelloop.rules import Rules
from labelloop.state.field_states import field_states
from labelloop.state.project_state import ProjectState
from labelloop.stores.book import Book
from labelloop.stores.project_rows import Facts, read_facts, read_task_index
from labelloop.stores.queue_order import read_queue


def load(book: Book, project_id: int, *, disconnected: bool = False) -> ProjectState:
    """Read a project's state: two statements, and a file for its queue.

    While labels are put back the annotations of those tasks are read too, and once a release is predicted its files
    and texts. Raises NotConnected for a project that is not looped now or, with `disconnected`, never was.
    """
    if project_id > LARGEST_ID:
        raise NotConnected(project_id)
    facts = read_facts(book.ledger.engine, project_id)
    connection = newest(facts.all(Connection))
    if connection is None or not (connection.active or disconnected):
        raise NotConnected(project_id)
    schemas, publications = facts.all(SchemaVersion), facts.all(Publication)
    rules = Rules.stored(connection.rules)
    encoders = str(book.encoders.spec(rules.encoder, rules.windows)), str(book.encoders.spec(None))
    looped, former = field_states(facts, schemas, encoders)
    state = ProjectState(
        connection=connection,
        rules=rules,
        schemas=schemas,
        rounds=facts.all(ClosedRound),
        publications=publications,
        tasks=read_task_index(book.ledger.engine, project_id, _standing_attempt(facts)),
        queue=_queue(book, publications[-1]) if publications else None,
        waiting=(),
        fields=looped,
        former=former,
        gold=facts.all(GoldTask),
    )
    return replace(state, waiting=tuple(sorted(_waiting(book, state))))


def _standing_attempt(facts: Facts) -> int | None:
    """Return the number of the newest attempt to certify, None if it was refused or abandoned: its tasks are TRAIN.

    One of several fields stands while it is open for any of them, and where any was granted.
    """
    draws = facts.all(CertifyDraw)
    if not draws:
        return None
    number = draws[-1].number
    refused = matching(facts.all(Certificate), number=number, granted=False)
    return None if len(refused) == len(matching(draws, number=number)) else number


def _queue(book: Book, publication: Publication) -> PublishedQueue:
    order, put_back, chosen_for = read_queue(book, publication)
    annotations = book.mirror(publication.project_id).annotations_of_all_fields(sorted(put_back)) if put_back else []
    return PublishedQueue(publication, order, put_back, people_needed(put_back, annotations), chosen_for)


def _waiting(book: Book, state: ProjectState) -> set[int]:
    if state.phase is not Phase.RELEASE or state.missing_chunks:
        return set()
    from labelloop.state.release_parts import release_parts  # loads pyarrow, which few projects need here

    return {task_id for parts in release_parts(book, state) for part in parts for task_id in part.finished.waiting}
