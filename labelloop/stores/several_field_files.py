"""A round of several fields as files: one row a task, with a column for each field, then where the labels come from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa

from labelloop.domain.field_rounds import FieldRounds, JudgedTask
from labelloop.domain.tasks import Role
from labelloop.domain.value_cells import kind_of, region_cells, relation_cells, span_cells
from labelloop.domain.values import ByRegion, Relations, Spans, Value, labels_of
from labelloop.stores.judgement_files import judgements_file
from labelloop.stores.own_table import own_cell, own_columns
from labelloop.stores.round_files import judgements_table, origins_of
from labelloop.stores.table_files import REGIONS_TYPE, RELATIONS_TYPE, SPANS_TYPE, Column, TableSchema


def several_field_files(
    closed: FieldRounds, before: FieldRounds | None, texts: Mapping[int, str], own: Mapping[int, str] | None = None
) -> dict[str, bytes]:
    """Return the files of a round by name, as `round_files` does for one field; `texts` are the tasks' whole texts.

    Each field has a judgements file of its own. In the tables a field's column is empty where its label has not
    settled; `<field>.labels`, `.spans`, `.regions`, `.relations` (in the text that the field reads), `.kind` and
    `.origins` say it without loss.
    """
    names = list(closed.by_field)
    judged = closed.judged(texts)
    known = {task.id: _values(task) for task in before.judged({})} if before else {}
    new = [task for task in judged if _values(task).items() - known.get(task.id, {}).items()]
    training = [task for task in judged if task.role is Role.TRAIN and task.id in closed.training]
    return {
        **{judgements_file(name, names): judgements_table(one) for name, one in closed.by_field.items()},
        **_tables(f"data_labeled_{closed.number}", names, new, closed.number, own),
        **_tables("training_set", names, training, closed.number, own),
    }


def _values(task: JudgedTask) -> dict[str, Value]:
    return {name: one.label for name, one in task.settled.items() if one.label is not None}


def _tables(
    file: str, names: Sequence[str], tasks: list[JudgedTask], number: int, own: Mapping[int, str] | None
) -> dict[str, bytes]:
    schema = TableSchema[JudgedTask](
        Column("input_text", pa.string(), lambda one: one.text),
        *(_label(name) for name in names),
        *(column for name in names for column in _lossless(name, tasks)),
        *_provenance(number, taken={"input_text", *names}),
        *(own_columns(tasks, lambda one: own.get(one.id, "")) if own else ()),
    )
    return {f"{file}.csv": schema.csv(tasks, own_cell), f"{file}.parquet": schema.parquet(tasks)}


def _label(name: str) -> Column[JudgedTask]:
    return Column(name, pa.string(), lambda one: str(value) if (value := _values(one).get(name)) is not None else None)


def _lossless(name: str, tasks: Sequence[JudgedTask]) -> Iterator[Column[JudgedTask]]:
    def labels(one: JudgedTask) -> list[str] | None:
        value = _values(one).get(name)
        return None if value is None else sorted(labels_of(value))

    def spans(one: JudgedTask) -> list[dict[str, object]] | None:
        value = _values(one).get(name)
        return None if value is None else span_cells(value, one.fields[name].task.text)

    def regions(one: JudgedTask) -> list[dict[str, object]] | None:
        value = _values(one).get(name)
        return None if value is None else region_cells(value, one.fields[name].task.text)

    def relations(one: JudgedTask) -> list[dict[str, object]] | None:
        value = _values(one).get(name)
        return None if value is None else relation_cells(value, one.fields[name].task.text)

    def kind(one: JudgedTask) -> str | None:
        value = _values(one).get(name)
        return None if value is None else kind_of(value).value

    yield Column(f"{name}.labels", pa.list_(pa.string()), labels)
    if any(isinstance(_values(one).get(name), Spans) for one in tasks):
        yield Column(f"{name}.spans", SPANS_TYPE, spans)
    if any(isinstance(_values(one).get(name), ByRegion) for one in tasks):
        yield Column(f"{name}.regions", REGIONS_TYPE, regions)
    if any(isinstance(_values(one).get(name), Relations) for one in tasks):
        yield Column(f"{name}.relations", RELATIONS_TYPE, relations)
    yield Column(f"{name}.kind", pa.string(), kind)
    yield Column(f"{name}.origins", pa.string(), lambda one: _origins(one, name))


def _origins(task: JudgedTask, name: str) -> str | None:
    return _joined(origins_of(task.fields[name])) if name in task.fields else None


def _provenance(number: int, taken: set[str]) -> Iterator[Column[JudgedTask]]:
    """Yield the columns that say where labels come from; one that a field is named like gets `task.` before it."""
    columns: tuple[Column[JudgedTask], ...] = (
        Column("task_id", pa.int64(), lambda one: one.id),
        Column("role", pa.string(), lambda one: one.role.value),
        Column("round", pa.int64(), lambda _: number),
        Column("people", pa.int64(), lambda one: len({a.annotator_id for a in one.annotations})),
        Column("annotators", pa.string(), lambda one: _joined(a.annotator_id for a in one.annotations)),
        Column("annotations", pa.string(), lambda one: _joined(a.id for a in one.annotations)),
        Column("shown_predictions", pa.string(), lambda one: _joined(_shown(one))),
        Column("settled_at", pa.string(), _settled_at),
    )
    for column in columns:
        name = f"task.{column.name}" if column.name in taken else column.name
        yield Column(name, column.type, column.of)


def _settled_at(task: JudgedTask) -> str:
    return max(one.consensus.settled_at for one in task.settled.values()).isoformat()


def _shown(task: JudgedTask) -> list[int]:
    return [a.shown_prediction for a in task.annotations if a.shown_prediction is not None]


def _joined(parts: Iterable[object]) -> str:
    return " ".join(map(str, parts))
