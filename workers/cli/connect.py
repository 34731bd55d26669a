"""`labelloop connect`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from labelloop.rules import read_rules_file
from workers.admin.change_rules import RuleChange, plan_rules
from workers.admin.connect_preview import preview
from workers.admin.connect_project import connect as connect_project
from workers.admin.project_encoder import look_at_project
from workers.cli.arguments import DryRun, Project
from workers.cli.confirm import Yes, confirm
from workers.cli.connect_report import connected_lines, encoder_lines, preview_lines
from workers.cli.console import waiting_for
from workers.cli.rules import say_effects
from workers.jobs.app_context import open_context


def connect(
    project: Project,
    rules: Annotated[Path | None, typer.Option(help="TOML file with some of the project's Rules.")] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Take a project into the loop.

    Wires it in Label Studio, records its Rules and starts. Run it again at any time, to repair the wiring or to
    change those of the Rules that the file names (docs/settings.md).
    """
    change = RuleChange(read_rules_file(rules), file=str(rules)) if rules else RuleChange()
    with open_context() as context:
        context.settings.require_credentials()
        with waiting_for("Looking at the project's configuration, texts and annotations"):
            planned = plan_rules(context, project, change)
            seen = look_at_project(context, project, planned)
            if seen.chosen:
                change = replace(change, by_texts={"encoder": seen.choice.encoder})
                planned = plan_rules(context, project, change)
            found = preview(context, project, planned)
        typer.echo("\n".join([*preview_lines(found, project), *encoder_lines(seen)]))
        say_effects(planned.effects)
        if dry_run:
            typer.echo("Nothing was changed (--dry-run).")
            return
        if planned.grave:
            confirm(f"Change the rules of project {project}?", yes=yes)
        with waiting_for("Wiring the project in Label Studio"):
            connected = connect_project(context, project, planned.rules, sources=change.sources)
    typer.echo("\n".join(connected_lines(connected)))
