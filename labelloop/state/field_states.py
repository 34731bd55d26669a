"""Sorting what the ledger holds about a project by its fields."""

from collections.abc import Sequence
from typing import Any, get_args, get_type_hints

from labelloop.domain.field_records import FieldRecords
from labelloop.domain.field_state import FieldState
from labelloop.domain.guideline_records import Guideline
from labelloop.domain.records import CertifyDraw, ClosedRound, Fit, SchemaVersion
from labelloop.domain.schema import Field, fields_from_json
from labelloop.stores.project_rows import Facts

_KINDS = {name: kinds[0] for name, hint in get_type_hints(FieldState).items() if (kinds := get_args(hint))}
"""The kind of record that each of a field's tuples holds."""


def field_states(
    facts: Facts, schemas: Sequence[SchemaVersion], encoders: tuple[str, str] = ("", "")
) -> tuple[tuple[FieldState, ...], tuple[FieldState, ...]]:
    """Return the fields that are looped now, and those that were, each with its records.

    `encoders` are the names of the project's encoder, and of that of fits which name none.
    """
    if not schemas:
        return (), ()
    known = {field.name: field for schema in schemas for field in fields_from_json(schema.field)}
    about = FieldRecords(schemas, facts.all(ClosedRound), facts.all(Fit), facts.all(Guideline), facts.all(CertifyDraw))

    records: dict[str, Any] = {name: facts.all(kind) for name, kind in _KINDS.items()}
    told = {name: about.by_field(found) for name, found in records.items()} if len(known) > 1 else {}

    def made(field: Field) -> FieldState:
        return FieldState(field, *encoders, **records | {name: found.of(field.name) for name, found in told.items()})

    now = fields_from_json(schemas[-1].field)
    names = {field.name for field in now}
    return tuple(map(made, now)), tuple(made(field) for name, field in known.items() if name not in names)
