"""Change the rules of a project: first say what that will do, then do it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from labelloop.domain.records import Connection, SchemaVersion
from labelloop.domain.schema import Field
from labelloop.errors import NotConnected, UserError
from labelloop.rules import Rules
from labelloop.state.load import load
from labelloop.state.rules_in_force import COMMAND, DEFAULT, FILE, TEXTS, sources_after
from labelloop.steps.phase_guard import refuse_frozen
from labelloop.steps.rule_effects import RuleEffect, rule_effects
from labelloop.steps.trail import enter
from workers.admin.connect_project import check_plugins, record_connection
from workers.jobs.app_context import AppContext
from workers.jobs.looped_fields import looped_fields, refuse_unknown_fields

LOCKED_S = 20.0
"""After so many seconds others may change rules although a process that was killed had begun to."""


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What somebody wants: values by key, from a file (its name, for messages) or a command, and defaults again.

    `by_texts` are values that nobody named and that suit the project's texts.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    file: str = ""
    by_texts: Mapping[str, object] = field(default_factory=dict)

    @property
    def sources(self) -> dict[str, str]:
        """Return where each rule that it names comes from."""
        given = dict.fromkeys(self.values, FILE if self.file else COMMAND)
        return dict.fromkeys(self.by_texts, TEXTS) | dict.fromkeys(self.unset, DEFAULT) | given


@dataclass(frozen=True, slots=True)
class PlannedRules:
    """The rules as they will be, the fields they loop, and what the change will do; nothing for a new project."""

    rules: Rules
    fields: tuple[Field, ...]
    effects: tuple[RuleEffect, ...]

    @property
    def grave(self) -> bool:
        """Return whether the change must be confirmed."""
        return any(effect.grave for effect in self.effects)


def plan_rules(context: AppContext, project_id: int, change: RuleChange) -> PlannedRules:
    """Return what a change of rules will do; nothing is done yet.

    Raises UserError for a rule that cannot hold, and for a grave one while the project's model is frozen.
    """
    before = context.book.ledger.newest(Connection, project_id)
    rules = _changed(before, change)
    check_plugins(rules, context.settings)
    config, schemas = (
        context.label_studio.project(project_id).label_config,
        context.book.ledger.all(SchemaVersion, project_id),
    )
    refuse_unknown_fields(config, rules, project_id)
    looped = looped_fields(config, rules, project_id, schemas)
    if before is None:
        return PlannedRules(rules, looped, ())
    state = load(context.book, project_id, disconnected=True)
    planned = PlannedRules(
        rules, looped, tuple(rule_effects(context.book, state, rules, looped)) if state.schemas else ()
    )
    if planned.grave:
        refuse_frozen(state)
    return planned


def change_rules(context: AppContext, project_id: int, planned: PlannedRules, change: RuleChange) -> bool:
    """Record the rules of a connected project and ring its bell; return False where nothing changes.

    Raises NotConnected, and UserError where other rules than the planned ones would come of it by now.
    """
    with context.bell.redis.lock(f"labelloop:rules:{project_id}", timeout=LOCKED_S):
        return _change(context, project_id, planned, change)


def _change(context: AppContext, project_id: int, planned: PlannedRules, change: RuleChange) -> bool:
    before = context.book.ledger.newest(Connection, project_id)
    if before is None or not before.active:
        raise NotConnected(project_id)
    if planned.rules != _changed(before, change):
        raise UserError("The rules were changed meanwhile: look at what your change would do now, and try again.")
    rules, sources = planned.rules.model_dump_json(), sources_after(before, planned.rules, change.sources)
    if (rules, sources) == (before.rules, before.sources):
        return False
    after = replace(before, rules=rules, sources=sources, created_at=datetime.now(UTC), artifact="")
    record_connection(context.book, after)
    enter(context.book, project_id, "rules", _named(change))
    context.bell.ring(project_id)
    context.bell.announce(project_id)
    return True


def _changed(before: Connection | None, change: RuleChange) -> Rules:
    """Return the rules that a change makes of those of a project, or of the defaults where it is new."""
    known = Rules.stored(before.rules) if before else Rules()
    source = f"{change.file}: " if change.file else ""
    return known.changed({**change.by_texts, **change.values}, change.unset, source=source)


def _typed(value: object) -> str:
    """Return a value as it is typed in a command."""
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _named(change: RuleChange) -> str:
    """Return the rules that somebody set, each with its value, and those taken back to their default."""
    return ", ".join(
        [*(f"{key}={_typed(value)}" for key, value in change.values.items()), *(f"-{key}" for key in change.unset)]
    )
