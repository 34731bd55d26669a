"""`labelloop connect` and `disconnect`."""

from pathlib import Path
from typing import Annotated

import typer

from labelloop.domain.ladder import default_learners
from labelloop.rules import Rules
from labelloop.settings import Settings
from workers import connect as work
from workers.bootstrap import open_tools
from workers.cli.arguments import Project
from workers.connect import Connected


def connect(
    project: Project,
    rules: Annotated[Path | None, typer.Option(help="TOML file with the project's Rules (docs/settings.md).")] = None,
) -> None:
    """Take a project into the loop.

    Wires it in Label Studio, records its Rules and starts. Run it again at any time, to repair the wiring or to
    change the Rules.
    """
    with open_tools() as tools:
        connected = work.connect(tools, project, Rules.read(rules) if rules else None)
    typer.echo(_report(connected))


def disconnect(project: Project) -> None:
    """Take a project out of the loop.

    Rounds, models, labels and predictions stay.
    """
    with open_tools() as tools:
        was_connected = work.disconnect(tools, project)
    typer.echo(
        f"Project {project} is disconnected. What was recorded stays; `labelloop connect {project}` goes on from here."
        if was_connected
        else f"Project {project} was not connected; nothing was recorded."
    )


def _report(connected: Connected) -> str:
    project, rules = connected.connection.project_id, connected.rules
    labels = ", ".join(connected.field.labels)
    state = "is connected" if connected.changed else "was connected already with these rules; its wiring is in order"
    next_move = (
        f"A worker now reads its {connected.tasks} tasks and puts them in order; then people press "
        f'"Label All Tasks". The first model is fitted after {rules.round_due_at(0)} labels.'
        if connected.tasks
        else "It has no tasks yet: import some in Label Studio; a worker then puts them in order by itself."
    )
    asked = ("prompt",) if Settings().has_llm else ()
    learners = rules.learners or (*default_learners(connected.field.kind), *asked)
    prior = (
        f"It has {connected.prior} annotations already: they are taken in first, as TRAIN labels, and close "
        f"round 1 by themselves if {rules.round_due_at(0)} labels settle.\n"
        if connected.prior
        else ""
    )
    return (
        f"Project {project} ({connected.connection.title}) {state}.\n"
        f"Looped: {connected.field.name} ({labels}); learners: {', '.join(learners)}.\n"
        f"{prior}{next_move}\nSee how it goes: labelloop status {project}"
    )
