"""Which fields of a labelling configuration a project loops, as the configuration now has them."""

from collections.abc import Sequence

import structlog

from labelloop.domain.asked import with_parents
from labelloop.domain.lookup import newest
from labelloop.domain.records import SchemaVersion
from labelloop.domain.schema import Field, LabelSchema, fields_from_json
from labelloop.errors import NothingToLearn
from labelloop.formatting import did_you_mean
from labelloop.rules import ALL_FIELDS, Rules
from sync.config.label_config import parse

log = structlog.get_logger()


def looped_fields(
    config: str, rules: Rules, project_id: int, schemas: Sequence[SchemaVersion] = ()
) -> tuple[Field, ...]:
    """Return the fields that the Rules loop, with the renames that the project's schema versions have of them.

    A project whose Rules name none, because it was connected before there could be several, goes on with the one it
    began with. Those that the configuration no longer has are passed over. Raises NothingToLearn, saying what there is,
    where none is left.
    """
    schema = parse(config)
    wanted = _wanted(rules, schema, schemas)
    known = [field for name in wanted if (field := schema.field(name)) is not None]
    found = with_parents(known)
    if not found:
        raise NothingToLearn(_why_without(known, found) or _what_there_is(schema, wanted, project_id))
    if why := _why_without(known, found):
        log.warning("fields_without_parents", project=project_id, reason=why)
    if gone := [name for name in wanted if schema.field(name) is None]:
        log.warning("fields_gone", project=project_id, fields=gone, reason="the labelling configuration lacks them")
    return tuple(_renamed(field, schemas) for field in found)


def refuse_unknown_fields(config: str, rules: Rules, project_id: int) -> None:
    """Raise NothingToLearn where the Rules name a field that the configuration does not have."""
    schema = parse(config)
    named = _named(rules)
    if unknown := [name for name in named if schema.field(name) is None]:
        raise NothingToLearn(_what_there_is(schema, unknown, project_id))
    known = [field for field in schema.fields if field.name in named]
    if why := _why_without(known, with_parents(known)):
        raise NothingToLearn(why)


def not_looped(config: str, fields: Sequence[Field]) -> tuple[str, ...]:
    """Return the names of the fields that could be learned but are not looped."""
    looped = {field.name for field in fields}
    return tuple(field.name for field in parse(config).fields if field.name not in looped)


def _named(rules: Rules) -> tuple[str, ...]:
    return tuple(name for name in rules.fields if name != ALL_FIELDS)


def _wanted(rules: Rules, schema: LabelSchema, schemas: Sequence[SchemaVersion]) -> list[str]:
    known = [field.name for field in schema.fields]
    if ALL_FIELDS in rules.fields:
        return known
    if named := _named(rules):
        return [*named]
    always = [field.name for field in schema.fields if field.condition is None]
    began = [field.name for field in fields_from_json(schemas[-1].field)] if schemas else []
    return [name for name in began if name in known] or always[:1]


def _why_without(known: Sequence[Field], kept: Sequence[Field]) -> str:
    """Return why some of the fields cannot be looped without others, empty where all can."""
    lost = [field for field in known if field not in kept]
    if not lost:
        return ""
    needed = {name for field in lost if field.condition for name in field.condition.parents}
    parents = ", ".join(sorted(needed - {field.name for field in known}))
    names = ", ".join(field.name for field in lost)
    return f"{names} cannot be looped without {parents}, on which it depends whether people are asked: loop both."


def _renamed(field: Field, schemas: Sequence[SchemaVersion]) -> Field:
    """Return the field with the renames that its newest schema version has."""
    before = tuple(one for schema in schemas for one in fields_from_json(schema.field))
    same = newest(before, name=field.name, kind=field.kind)
    return field.with_renames(same.renames) if same else field


def _what_there_is(schema: LabelSchema, wanted: Sequence[str], project_id: int) -> str:
    names = [one.name for one in schema.fields]
    lacking = next((name for name in wanted if name not in names), "")
    holds = f"no field {lacking!r} that can be learned" if lacking else "nothing that can be learned"
    others = "; ".join([*schema.not_learnable, *(f"{name}: can be learned" for name in names)]) or "no control tags"
    return (
        f"The labelling configuration of project {project_id} holds {holds}{did_you_mean(lacking, names)} ({others}). "
        "Add a control that can be learned (docs/controls.md), or name another field in the rules."
    )
