"""Everything the database holds about a project, but its texts, in two statements.

The ledger's tables differ in columns, so each row of the first statement has slots for values of every type, as many as
the widest table needs. The second gathers ids into one text per group, which is ten times as fast as a row for each.
"""

from collections import defaultdict
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import (
    Boolean,
    Column,
    Engine,
    Float,
    Integer,
    Select,
    String,
    Table,
    bindparam,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from labelloop.domain.records import Record
from labelloop.domain.task_index import TaskIndex
from labelloop.domain.tasks import Role, fingerprint
from labelloop.domain.unanswered import Unanswered
from labelloop.stores.ledger_tables import CERTIFY_TASKS, FACTS, MIRROR_ANNOTATIONS, MIRROR_TASKS, ROLES, UtcDateTime

T = TypeVar("T", bound=Record)

_TYPES = (String, Integer, Float, Boolean, UtcDateTime)
_PROJECT = bindparam("project_id", type_=Integer())


class Facts:
    """A project's records of every kind, oldest first."""

    def __init__(self, records: dict[type[Any], list[Any]]) -> None:
        self._records = records

    def all(self, kind: type[T]) -> tuple[T, ...]:
        """Return the records of a kind."""
        return tuple(self._records.get(kind, ()))


def read_facts(engine: Engine, project_id: int) -> Facts:
    """Return everything that the ledger holds about a project."""
    records: dict[type[Any], list[Any]] = defaultdict(list)
    with engine.connect() as connection:
        for number, _, *slots in connection.execute(_ALL_FACTS, {"project_id": project_id}):
            kind, places = _PLACES[number]
            values = {name: project_id if at is None else slots[at] for name, at in places.items()}
            records[kind].append(kind(**values))
    return Facts(records)


def read_task_index(engine: Engine, project_id: int, certify: int | None) -> TaskIndex:
    """Return the project's tasks by id; those drawn for the attempt numbered `certify` (None: for none) are CERTIFY."""
    found: dict[str, dict[str, list[int]]] = defaultdict(dict)
    with engine.connect() as connection:
        for what, group, ids in connection.execute(_TASK_IDS, {"project_id": project_id}):
            found[what][group] = [*map(int, ids.split(","))] if ids else []
    roles: dict[int, Role] = {}
    for role, ids in found["role"].items():
        roles |= dict.fromkeys(ids, Role(role))
    roles |= dict.fromkeys(found["certify"].get(str(certify), ()), Role.CERTIFY)
    annotators: dict[int, set[int]] = defaultdict(set)
    for annotator, ids in found["annotator"].items():
        for id_ in ids:
            annotators[id_].add(int(annotator))
    without_answer: dict[int, set[int]] = defaultdict(set)
    for annotator, ids in found["no answer"].items():
        for id_ in ids:
            without_answer[id_].add(int(annotator))
    with_text = frozenset(found["task"]["with text"])
    return TaskIndex(
        ids=with_text.union(found["task"]["blank"]),
        with_text=with_text,
        roles=roles,
        annotators={id_: frozenset(people) for id_, people in annotators.items()},
        without_answer={id_: frozenset(people) for id_, people in without_answer.items()},
    )


def _columns(table: Table, kind: type[Any]) -> list[Column[Any]]:
    return [
        column for column in table.columns if column.name not in ("id", "project_id") and isinstance(column.type, kind)
    ]


_SLOTS = {kind: max(len(_columns(table, kind)) for table in FACTS.values()) for kind in _TYPES}


def _slots(table: Table) -> list[Any]:
    """Return the table's columns, those of each type together, with NULL in the slots that it does not need."""
    slots: list[Any] = []
    for kind, wanted in _SLOTS.items():
        there = _columns(table, kind)
        slots += [*there, *[cast(null(), kind())] * (wanted - len(there))]
    return slots


def _facts_of(number: int, table: Table) -> Select[Any]:
    return select(literal(number).label("number"), table.c.id, *_slots(table)).where(table.c.project_id == _PROJECT)


def _places(kind: type[Any], table: Table) -> tuple[type[Any], dict[str, int | None]]:
    """Return the kind of record that a table holds, and in which slot each of its fields is."""
    at = {column.name: place for place, column in enumerate(_slots(table)) if isinstance(column, Column)}
    return kind, {field.name: at.get(field.name) for field in fields(kind)}


def _ids(what: str, group: Any, table: Table) -> Select[Any]:
    joined = func.aggregate_strings(cast(table.c.task_id, String), ",")
    return select(literal(what), group, joined).where(table.c.project_id == _PROJECT)


_PLACES = [_places(kind, table) for kind, table in FACTS.items()]
_ALL_FACTS = union_all(*(_facts_of(number, table) for number, table in enumerate(FACTS.values()))).order_by(
    "number", "id"
)

_OTHER = MIRROR_ANNOTATIONS.alias("other")
_ANSWERED = select(literal(1)).where(  # what the same annotator said of the task beside it
    *(_OTHER.c[name] == MIRROR_ANNOTATIONS.c[name] for name in ("project_id", "task_id", "annotator_id")),
    or_(_OTHER.c.unanswered.is_(None), _OTHER.c.unanswered == Unanswered.SKIPPED.value),
)
_BLANK = MIRROR_TASKS.c.fingerprint == fingerprint("")
_TASK_IDS = union_all(
    _ids("task", literal("with text"), MIRROR_TASKS).where(~_BLANK),
    _ids("task", literal("blank"), MIRROR_TASKS).where(_BLANK),
    _ids("role", ROLES.c.role, ROLES).group_by(ROLES.c.role),
    _ids("certify", cast(CERTIFY_TASKS.c.number, String), CERTIFY_TASKS).group_by(CERTIFY_TASKS.c.number),
    _ids("annotator", cast(MIRROR_ANNOTATIONS.c.annotator_id, String), MIRROR_ANNOTATIONS)
    .where(MIRROR_ANNOTATIONS.c.place == 0)
    .group_by(MIRROR_ANNOTATIONS.c.annotator_id),
    _ids("no answer", cast(MIRROR_ANNOTATIONS.c.annotator_id, String), MIRROR_ANNOTATIONS)
    .where(MIRROR_ANNOTATIONS.c.unanswered.not_in((Unanswered.SKIPPED.value,)), ~_ANSWERED.exists())
    .group_by(MIRROR_ANNOTATIONS.c.annotator_id),
)
