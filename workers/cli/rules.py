"""`labelloop rules`."""

import json
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from labelloop.domain.records import Connection
from labelloop.rules import parse_assignments
from labelloop.state.rules_in_force import RuleInForce, rules_in_force
from labelloop.steps.rule_effects import RuleEffect
from workers.admin.change_rules import RuleChange, change_rules, plan_rules
from workers.cli.arguments import AsJson, DryRun, Project
from workers.cli.confirm import Yes, confirm
from workers.cli.console import output
from workers.cli.open_records import open_records
from workers.jobs.app_context import open_context

_SOURCES = {
    "file": "rules file",
    "command": "set by command",
    "texts": "chosen by the texts",
    "unknown": "given to connect",
}


def rules(
    project: Project,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a rule; can be repeated.")
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option("--unset", metavar="KEY", help="Take a rule back to its default.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Show the rules of a project and where each comes from, or change some.

    What a change will do is said first; if it closes a round or replaces a model, it is only done after a yes.
    """
    change = RuleChange(parse_assignments(assignments or ()), tuple(unset or ()))
    if change.values or change.unset:
        _change(project, change, dry_run=dry_run, yes=yes)
        return
    with open_records() as records:
        state = records.project(project)
        connections = records.book.ledger.all(Connection, project)
    if as_json:
        typer.echo(json.dumps(rules_json(connections), ensure_ascii=False, indent=1))
    else:
        _show(rules_in_force(connections), ", ".join(one.field.name for one in state.fields))


def rules_json(connections: Iterable[Connection]) -> dict[str, dict[str, object]]:
    """Return every rule as a project's connections have left it, by key, as `--json` prints them."""
    return {one.key: _row(one) for one in rules_in_force(connections)}


def say_effects(effects: Sequence[RuleEffect]) -> None:
    """Print what a change of rules will do."""
    for effect in effects:
        typer.echo(f"{'!' if effect.grave else '·'} {effect.key}: {effect.what}.")


def _change(project: int, change: RuleChange, *, dry_run: bool, yes: bool) -> None:
    with open_context() as context:
        planned = plan_rules(context, project, change)
        say_effects(planned.effects)
        if dry_run:
            typer.echo("Nothing was changed (--dry-run).")
            return
        if planned.grave:
            confirm(f"Change the rules of project {project}?", yes=yes)
        changed = change_rules(context, project, planned, change)
    typer.echo("Done; a worker looks at the project now." if changed else "These rules hold already.")


def _show(found: Sequence[RuleInForce], looped: str) -> None:
    table = Table("rule", "value", "from", box=None, pad_edge=False, header_style="dim")
    for one in found:
        value = _shown(one.value)
        if one.key == "fields" and looped and value != looped:
            value = f"{value} ({looped})"
        table.add_row(one.key, Text(value), Text(_from(one)))
    output().print(table)


def _from(one: RuleInForce) -> str:
    if one.since is None:
        return "default"
    return f"{_SOURCES[one.source]}, {one.since.astimezone():%Y-%m-%d %H:%M}"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _row(one: RuleInForce) -> dict[str, object]:
    return {
        "value": one.value,
        "source": one.source,
        "since": one.since.isoformat() if one.since else None,
    }
