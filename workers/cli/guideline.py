"""`labelloop guideline`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from labelloop.domain.guidelines import GuidelineHistory
from labelloop.domain.records import Guideline
from labelloop.errors import NotFound, UserError
from labelloop.steps import guidelines as steps
from labelloop.steps.project import ProjectView
from workers.cli.arguments import AsJson, Project
from workers.cli.figures import percent
from workers.cli.opening import open_records

AnyNumber = Annotated[int | None, typer.Argument(help="The guideline; the current one without it.", min=1)]
Diff = Annotated[bool, typer.Option("--diff", help="Show how it differs from the one it was made from.")]
Edit = Annotated[Path | None, typer.Option(metavar="FILE", help="Make this Markdown file the current guideline.")]
Accept = Annotated[int | None, typer.Option(min=1, metavar="N", help="Make this guideline the current one.")]
Reject = Annotated[int | None, typer.Option(min=1, metavar="N", help="Take it back, and never propose it again.")]


def guideline(
    project: Project,
    number: AnyNumber = None,
    diff: Diff = False,
    edit: Edit = None,
    accept: Accept = None,
    reject: Reject = None,
    as_json: AsJson = False,
) -> None:
    """Show what LLMs are told, how it improved, and decide on it.

    A change holds from the next fit on. docs/llm.md tells how the guideline improves.
    """
    if sum(one is not None for one in (edit, accept, reject)) > 1:
        raise UserError("One thing at a time: --edit, --accept or --reject.")
    with open_records() as records:
        view, where = records.project(project), records.settings.llm_guideline
        said = _decide(view, edit, accept, reject)
        if as_json:
            typer.echo(json.dumps(_report(view, where, number), ensure_ascii=False, indent=1))
        elif said:
            typer.echo(said)
        else:
            _show(view, where, number, diff=diff)


def _decide(view: ProjectView, edit: Path | None, accept: int | None, reject: int | None) -> str:
    if edit is not None:
        made = steps.edit(view, _read(edit))
        return f"Guideline {made.number} is current: the next fit begins with it." if made else "It is that already."
    ruled = accept or reject
    if ruled is None:
        return ""
    current = steps.rule(view, ruled, accepted=accept is not None)
    said = f"Guideline {ruled} is rejected. " if reject else ""
    return f"{said}Guideline {current.number} is current: the next fit begins with it."


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Cannot read {file} ({type(error).__name__}): mend the path, or save it as UTF-8.") from error


def _find(known: GuidelineHistory, project_id: int, number: int) -> Guideline:
    found = known.find(number)
    if found is None:
        there = ", ".join(str(one.number) for one in known.guidelines) or "none yet"
        raise NotFound(f"Project {project_id} has no guideline {number}; there are: {there}.")
    return found


def _report(view: ProjectView, where: str, number: int | None) -> dict[str, object]:
    known = steps.history(view)
    current = known.current
    shown = _find(known, view.id, number) if number else None
    text, origin = (steps.text_of(view.book, shown), shown.origin) if shown else steps.current_text(view, where)
    return {
        "project": view.id,
        "current": current.number if current else None,
        "origin": origin,
        "guideline": text,
        "history": [_row(view, known, one) for one in known.guidelines],
    }


def _row(view: ProjectView, known: GuidelineHistory, one: Guideline) -> dict[str, object]:
    return {
        "number": one.number,
        "round": one.round_number or None,
        "learner": one.learner or None,
        "origin": one.origin,
        "outcome": one.outcome,
        "because": one.because,
        "lead": {True: "accepted", False: "rejected", None: None}[known.said(one.number)],
        "basis": one.basis or None,
        "n": one.n,
        "before": one.before,
        "after": one.after,
        "p_value": one.p_value,
        "cost": one.cost,
        "at": one.at.isoformat(),
        "files": view.book.artifacts.path(one.artifact),
    }


def _show(view: ProjectView, where: str, number: int | None, *, diff: bool) -> None:
    known = steps.history(view)
    shown = _find(known, view.id, number) if number else known.current
    console = Console(highlight=False, soft_wrap=True)
    if diff and shown is not None:
        console.print(Syntax("\n".join(steps.diff(view, shown)), "diff", theme="ansi_dark", background_color="default"))
        return
    text = steps.text_of(view.book, shown) if number and shown else steps.current_text(view, where)[0]
    console.print(text, markup=False)
    if number and shown:
        console.print(f"{shown.origin}, {shown.outcome}: {shown.because}", markup=False, style="dim")
        return
    console.print(_table(known) if known.guidelines else "No fit has used it yet: it is that of the settings.")


def _table(known: GuidelineHistory) -> Table:
    heads: Sequence[str] = ("", "number", "round", "from", "outcome", "before", "after", "p", "cost")
    table = Table(*heads, box=None, pad_edge=False, header_style="dim")
    for one in known.guidelines:
        lead = {True: ", by the lead accepted", False: ", by the lead rejected", None: ""}[known.said(one.number)]
        table.add_row(
            "▶" if one is known.current else "",
            str(one.number),
            str(one.round_number or "-"),
            one.origin,
            one.outcome + lead,
            "-" if one.before is None else percent(one.before),
            "-" if one.after is None else percent(one.after),
            "-" if one.p_value is None else f"{one.p_value:.3f}",
            f"{one.cost:.4f}" if one.cost else "-",
        )
    return table
