"""`labelloop spending` and `labelloop estimate`."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from labelloop.domain.task_index import open_train
from labelloop.errors import NotFound
from labelloop.formatting import counted
from labelloop.number_format import money
from labelloop.state.field_mirror import field_mirror
from workers.admin.spending import ProjectSpending, project_spending
from workers.cli.arguments import AnyProject, AsJson, Project
from workers.cli.console import output
from workers.cli.open_records import Records, open_records
from workers.jobs.llm_costs_of_settings import open_llm_costs

Version = Annotated[
    str | None, typer.Option(metavar="VERSION", help="The version; without it the one that serves.", show_default=False)
]


def spending(project: AnyProject = None, as_json: AsJson = False) -> None:
    """Show what a project spent on LLMs, by round, against its cap.

    Money is in the currency of LABELLOOP_LLM_PRICES; all machines that share the ledger are counted.
    """
    with open_records() as records:
        ids = [records.project(project).id] if project is not None else records.book.ledger.projects()
        found = [_spending(records, id_) for id_ in ids]
    if as_json:
        shown = [_json(one) for one in found]
        typer.echo(json.dumps(shown[0] if project is not None else shown, indent=1))
        return
    console = output()
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
    """Estimate what an LLM's labels for all open tasks would cost at most, without asking it.

    Open are the TRAIN tasks that nobody has touched. A second attempt after an invalid response is not included.
    """
    from labelloop.learners.base import estimate as estimated  # models take their time to load
    from labelloop.llm.llm_client import Estimate
    from labelloop.steps.model_store import load_model
    from workers.jobs.models_of_settings import open_encoders, open_models

    with open_records() as records:
        state = records.project(project)
        fit = state.version(version) if version else state.deployed
        if fit is None:
            raise NotFound(f"Project {project} has no version yet: label until the first round, or wait for it.")
        train = field_mirror(records.book, state).tasks(open_train(state.tasks))
        encoders = open_encoders(records.settings)
        encode = encoders.named(state.looped.encoder_of(fit))
        models = open_models(records.settings, records.book.ledger, encode, encoders)
        most = estimated(load_model(records.book, fit, context=models), [task.text for task in train.values()])
        left = _spending(records, project).left
    if as_json:
        about = {"project": project, "version": fit.version, "learner": fit.learner, "tasks": len(train)}
        typer.echo(json.dumps({**about, **asdict(most or Estimate()), "left": left}, ensure_ascii=False, indent=1))
        return
    what = f"{counted(len(train), 'open task')}, {fit.version} ({fit.learner})"
    if most is None:
        typer.echo(f"{what}: asks no LLM, so its labels cost nothing.")
        return
    typer.echo(
        f"{what}: at most {money(most.cost)} for {counted(most.requests, 'request')}, "
        f"{most.cached} of them answered before; {money(left)} is left of the cap."
    )


def _spending(records: Records, project_id: int) -> ProjectSpending:
    costs = open_llm_costs(records.settings, records.book.ledger)
    return project_spending(costs, project_id, cap=records.settings.llm_cap)


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
