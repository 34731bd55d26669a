"""What people judged: as a round froze it, and as it stands now."""

import csv
import io
import sys
from collections.abc import Sequence

from labelloop.domain.adjudicated import newest_of_tasks, with_decisions
from labelloop.domain.asked import Answer
from labelloop.domain.asked_rounds import ancestors, where_asked
from labelloop.domain.field_rounds import FieldRounds
from labelloop.domain.lookup import newest
from labelloop.domain.records import ClosedRound
from labelloop.domain.rounds import Round, snapshot, without_later_opinions
from labelloop.domain.schema import fields_from_json
from labelloop.domain.task_rows import row_of
from labelloop.domain.tasks import Role
from labelloop.domain.values import Value
from labelloop.state.field_mirror import field_mirror
from labelloop.state.project_state import ProjectState
from labelloop.stores.book import Book
from labelloop.stores.judgement_files import judgements_file
from labelloop.stores.queue_order import read_queue


def closed_round(book: Book, state: ProjectState, number: int) -> Round | None:
    """Return what a closed round holds of the field in focus, None if there is no such round.

    It is empty where the field was not looped yet.
    """
    from labelloop.stores.round_files import read_round  # loads pyarrow, which `labelloop status` need not

    record = newest(state.rounds, number=number)
    if record is None:
        return None
    file = judgements_of(state, record)
    return read_round(number, book.artifacts.read(record.artifact, file)) if file else Round(number, ())


def judgements_of(state: ProjectState, closed: ClosedRound) -> str:
    """Return in which file of a round the judgements of the field in focus are, empty where it was not looped then."""
    schema = newest(state.schemas, number=closed.schema_number)
    names = [field.name for field in fields_from_json(schema.field)] if schema else []
    return judgements_file(state.field.name, names)


def judged_now(book: Book, state: ProjectState, tasks: Sequence[int] | None = None) -> Round:
    """Return what the next round would hold of the field in focus if it closed now, whether or not it is due.

    With `tasks` it is read and returned of these alone.
    """
    fields = {one.field.name: one.field for one in state.fields}
    parents = {name: said_now(book, state.focused(name), tasks) for name in ancestors(state.field, fields)}
    return where_asked(said_now(book, state, tasks), state.field, fields, parents)


def rows_judged_now(book: Book, state: ProjectState, tasks: Sequence[int]) -> dict[int, Answer]:
    """Return what people have settled on of the field in focus in each of the tasks: a value, or that it is not asked.

    Tasks of which that is not known are left out.
    """
    every = {one.field.name: one.field for one in state.fields}
    fields = {name: every[name] for name in (*ancestors(state.field, every), state.field.name)}
    said: dict[int, dict[str, Value]] = {}
    for name in fields:
        for task in said_now(book, state.focused(name), tasks).tasks:
            if task.consensus.value is not None:
                said.setdefault(task.task.id, {})[name] = task.consensus.value
    rows = {id_: row_of(fields, values) for id_, values in sorted(said.items())}
    return {id_: row[state.field.name] for id_, row in rows.items() if state.field.name in row}


def said_now(book: Book, state: ProjectState, ids: Sequence[int] | None = None) -> Round:
    """Return the same round of the field by itself, without regard to what others have settled on."""
    mirror = field_mirror(book, state)
    annotations = mirror.annotations(ids)
    tasks = mirror.tasks(sorted({annotation.task_id for annotation in annotations}))
    said = snapshot(state.round_number + 1, tasks, annotations, state.tasks.roles, state.field)
    return with_decisions(said, newest_of_tasks(state.looped.adjudications))


def fields_judged_now(book: Book, state: ProjectState) -> FieldRounds:
    """Return what the next round would hold of all looped fields."""
    fields = {one.field.name: one.field for one in state.fields}
    said = {one.field.name: said_now(book, one) for one in state.by_field}
    asked = {name: where_asked(one, fields[name], fields, said) for name, one in said.items()}
    return FieldRounds(state.round_number + 1, asked)


def as_measured(book: Book, state: ProjectState, closed: Round) -> Round:
    """Return a round as it is measured on: without what people said of audit tasks that were put back to be settled."""
    asked = audit_put_back(book, state)
    return without_later_opinions(closed, {id_: people - 1 for id_, people in asked.items()})


def audit_put_back(book: Book, state: ProjectState) -> dict[int, int]:
    """Return the audit tasks that were ever put back to be settled, each with how many people it took at first."""
    audit = state.tasks.of(Role.MONITOR)
    asked: dict[int, int] = {}
    for publication in state.publications:
        if publication.put_back:
            asked = read_queue(book, publication).put_back | asked
    return {id_: people for id_, people in asked.items() if id_ in audit}


def settled_before(book: Book, state: ProjectState) -> frozenset[int]:
    """Return the tasks of whose labels, of any field, the newest round could learn; cheaper than that round."""
    if state.last_round is None or not any(judgements_of(one, state.last_round) for one in state.by_field):
        return frozenset()
    csv.field_size_limit(sys.maxsize)  # texts may be longer than what its default takes for a damaged file
    content = book.artifacts.read(state.last_round.artifact, "training_set.csv").decode()
    return frozenset(int(row["task_id"]) for row in csv.DictReader(io.StringIO(content, newline="")))


def most_new_labels(book: Book, state: ProjectState) -> int:
    """Return how many new TRAIN labels the next round would hold at most: each of its labels is of a touched task.

    It is a bound that is found without reading what people said, so that a look at a project of which nothing is due
    costs little.
    """
    from labelloop.stores.round_files import judged_once

    tasks, last = state.tasks, state.last_round
    touched = tasks.annotators.keys() & tasks.of(Role.TRAIN) & tasks.with_text
    if last is None or len(touched) < state.round_due_at:
        return len(touched)
    files = filter(None, (judgements_of(one, last) for one in state.by_field))
    return len(touched.difference(*(judged_once(book.artifacts.read(last.artifact, file)) for file in files)))
