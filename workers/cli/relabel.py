"""`labelloop relabel`."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from labelloop.errors import NotConnected
from labelloop.steps.label_errors import LEAST
from labelloop.steps.project import ProjectView
from labelloop.words import counted
from workers.bootstrap import open_tools
from workers.cli.arguments import AsJson, Project
from workers.relabel import PutBack
from workers.relabel import relabel as put_back

SHOWN, WIDTH = 10, 60


def relabel(
    project: Project,
    top: Annotated[int, typer.Option(help="At most so many labels.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """Put the most doubtful labels back into the queue.

    A second person judges them blind, before anything else; where the two differ, a third. The next rounds learn from
    what they settle on.
    """
    with open_tools() as tools:
        view = ProjectView(tools.book, project)
        if not view.connection.active:
            raise NotConnected(project)
        done = put_back(tools, view, top)
    if as_json:
        typer.echo(json.dumps(_figures(done), ensure_ascii=False, indent=1))
    else:
        _report(done)


def _report(done: PutBack) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if done.suspects:
        table = Table("task", "given", "expected", "margin", "text", box=None, pad_edge=False, header_style="dim")
        for one in done.suspects[:SHOWN]:
            given, expected, text = (_short(said) for said in (str(one.given), str(one.expected), one.text))
            cells = (str(one.task_id), given, expected, f"{one.margin:.2f}", text)
            table.add_row(*map(Text, cells))
        console.print(table)
        more = len(done.suspects) - SHOWN
        typer.echo(
            (f"… and {more} more.\n" if more > 0 else "")
            + f"Put first in the queue {done.publication}: {len(done.suspects)} of {counted(done.judged, 'label')}, "
            "without an answer filled in, each for somebody other than who gave it.\n"
            "The next rounds learn from what people settle on."
        )
    else:
        typer.echo(f"None of {counted(done.judged, 'label')} is doubtful: the queue stays as it is.")
    if done.too_few:
        counts = ", ".join(f"{label} ({n})" for label, n in done.too_few)
        typer.echo(f"Not judged, with fewer than {LEAST} examples: {counts}.")


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
