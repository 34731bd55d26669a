"""`labelloop spending` and `labelloop estimate`."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from labelloop.encoders.load import load_encoder
from labelloop.errors import NotFound
from labelloop.learners.cascading.model import CascadeModel
from labelloop.learners.prompting.model import PromptModel
from labelloop.llm.client import Estimate
from labelloop.steps.models import load_model
from labelloop.words import counted
from workers.cli.arguments import AnyProject, AsJson, Project
from workers.cli.figures import money
from workers.cli.opening import open_records
from workers.spending import ProjectSpending, project_spending

Version = Annotated[
    str | None, typer.Option(metavar="VERSION", help="The version; without it the one that serves.", show_default=False)
]


def spending(project: AnyProject = None, as_json: AsJson = False) -> None:
    """Show what a project spent on LLMs, by round, against its cap.

    Money is in the currency of LABELLOOP_LLM_PRICES; what other machines asked is not in it.
    """
    with open_records() as records:
        ids = [records.project(project).id] if project is not None else records.book.ledger.projects()
        found = [project_spending(records.settings, id_) for id_ in ids]
    if as_json:
        shown = [_json(one) for one in found]
        typer.echo(json.dumps(shown[0] if project is not None else shown, indent=1))
        return
    console = Console(highlight=False, soft_wrap=True)
    for one in found:
        console.print(f"Project {one.project_id}: {money(one.total.cost)} of {money(one.cap)} spent on LLMs")
        if one.rounds:
            console.print(_table(one))
        if one.total.unknown:
            console.print(
                f"{counted(one.total.unknown, 'request')} went without an answer and count at the most they can cost."
            )
    if not found:
        console.print("No project is connected yet: labelloop connect PROJECT")


def estimate(project: Project, version: Version = None, as_json: AsJson = False) -> None:
    """Say what an LLM's labels for all open tasks would cost at most, without asking it.

    Open are the TRAIN tasks that nobody has touched. An answer out of form is asked for once more, which is not in it.
    """
    with open_records() as records:
        view = records.project(project)
        fit = view.ledger.version(project, version) if version else view.ledger.deployed(project)
        if fit is None:
            raise NotFound(f"Project {project} has no version yet: label until the first round, or wait for it.")
        train, _ = view.open_tasks(view.mirror.annotations())
        model = load_model(records.book, fit, encode=load_encoder(records.settings))
        most = Estimate(0, 0, 0, 0, 0.0)
        if asks_llm := isinstance(model, PromptModel | CascadeModel):
            most = model.estimate([task.text for task in train])
        left = project_spending(records.settings, project).left
    if as_json:
        about = {"project": project, "version": fit.version, "learner": fit.learner, "tasks": len(train)}
        typer.echo(json.dumps({**about, **asdict(most), "left": left}, ensure_ascii=False, indent=1))
        return
    what = f"{counted(len(train), 'open task')}, {fit.version} ({fit.learner})"
    if not asks_llm:
        typer.echo(f"{what}: asks no LLM, so its labels cost nothing.")
        return
    typer.echo(
        f"{what}: at most {money(most.cost)} for {counted(most.requests, 'request')}, "
        f"{most.cached} of them answered before; {money(left)} is left of the cap."
    )


def _table(one: ProjectSpending) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("round", "requests", "tokens in", "tokens out", "spent"):
        table.add_column(column, justify="right", no_wrap=True)
    for number, spent in one.rounds.items():
        figures = (spent.requests, spent.tokens_in, spent.tokens_out)
        table.add_row(str(number), *(f"{figure:,}" for figure in figures), money(spent.cost))
    return table


def _json(one: ProjectSpending) -> dict[str, Any]:
    rounds = [{"round": number, **asdict(spent)} for number, spent in one.rounds.items()]
    return {"project": one.project_id, "cap": one.cap, "left": one.left, **asdict(one.total), "rounds": rounds}
