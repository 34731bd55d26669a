"""`labelloop relabel`."""

import json
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from labelloop.errors import UserError
from labelloop.formatting import counted, few
from labelloop.state.load import load
from labelloop.steps.label_errors import LEAST
from workers.admin.relabel import AskedAgain, PutBack, ask_about_unsettled
from workers.admin.relabel import relabel as put_back
from workers.cli.arguments import AsJson, DryRun, OneField, Project
from workers.cli.console import output, waiting_for
from workers.cli.left_out import listed
from workers.jobs.app_context import open_context

SHOWN, WIDTH = 10, 60


def relabel(
    project: Project,
    top: Annotated[int, typer.Option(help="At most this many labels.", min=1)] = 50,
    unsettled: Annotated[
        bool, typer.Option("--unsettled", help="Ask one more person about every task that people are split on instead.")
    ] = False,
    field: OneField = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Put the most doubtful labels back into the queue, or those that people are split on.

    One more annotator labels them blind, before anything else; if they still differ, another. The next rounds learn
    from what they settle on.
    """
    with open_context() as context:
        state = load(context.book, project)  # raises NotConnected before anything is waited for
        if len(state.fields) > 1 and not field and not unsettled:
            names = ", ".join(one.field.name for one in state.fields)
            raise UserError(f"Project {project} has several fields ({names}): name one with --field.")
        if unsettled:
            _report_unsettled(ask_about_unsettled(context, project, dry_run=dry_run), as_json=as_json)
            return
        with waiting_for("Fitting the model five times, each time without a fifth of the labels"):
            done = put_back(context, project, top, field=field or "", dry_run=dry_run)
    if as_json:
        typer.echo(json.dumps(_figures(done), ensure_ascii=False, indent=1))
    else:
        _report(done)


def _report_unsettled(asked: AskedAgain, *, as_json: bool) -> None:
    if as_json:
        put_back = [{"task_id": id_, "reason": why} for id_, why in asked.tasks.items()]
        typer.echo(
            json.dumps({"publication": asked.publication or None, "put_back": put_back}, ensure_ascii=False, indent=1)
        )
        return
    for line in listed(asked.tasks):
        typer.echo(line)
    if not asked.tasks:
        typer.echo("People are split on no task: the queue stays as it is.")
    elif asked.publication:
        typer.echo(
            f"Put first in the queue {asked.publication}: {counted(len(asked.tasks), 'task')}, blank, each for someone "
            "who has not labelled it. The figures of audit tasks stay as they are."
        )


def _report(done: PutBack) -> None:
    console = output()
    if done.suspects:
        table = Table("task", "given", "expected", "margin", "text", box=None, pad_edge=False, header_style="dim")
        for one in done.suspects[:SHOWN]:
            given, expected, text = (_short(part) for part in (str(one.given), str(one.expected), one.text))
            cells = (str(one.task_id), given, expected, f"{one.margin:.2f}", text)
            table.add_row(*map(Text, cells))
        console.print(table)
        more = len(done.suspects) - SHOWN
        typer.echo(
            (f"… and {more} more.\n" if more > 0 else "")
            + (
                f"Put first in the queue {done.publication}: {len(done.suspects)} of {counted(done.judged, 'label')}, "
                "blank, each for someone other than who gave it.\n"
                "The next rounds learn from what people settle on."
                if done.publication
                else f"{len(done.suspects)} of {counted(done.judged, 'label')} would be put first in the queue."
            )
        )
    else:
        typer.echo(f"None of {counted(done.judged, 'label')} is doubtful: the queue stays as it is.")
    if done.too_few:
        counts = few([f"{label} ({n})" for label, n in done.too_few])
        typer.echo(f"Not checked, with fewer than {LEAST} examples: {counts}.")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WIDTH else f"{line[:WIDTH]}…"


def _figures(done: PutBack) -> dict[str, object]:
    suspects = [
        {
            "task_id": one.task_id,
            "given": str(one.given),
            "expected": str(one.expected),
            "margin": one.margin,
            "text": one.text,
        }
        for one in done.suspects
    ]
    return {
        "publication": done.publication or None,
        "judged": done.judged,
        "too_few": dict(done.too_few),
        "put_back": suspects,
    }
