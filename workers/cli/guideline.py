"""`labelloop guideline`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.syntax import Syntax
from rich.table import Table

from labelloop.domain.guideline_history import GuidelineHistory
from labelloop.domain.guideline_records import Guideline
from labelloop.errors import NotFound, UserError
from labelloop.number_format import percent
from labelloop.settings import Settings
from labelloop.state.project_state import ProjectState
from labelloop.steps import guideline_rulings as steps
from labelloop.stores.book import Book
from sync.api.client import LabelStudio
from workers.cli.arguments import AsJson, OneField, Project
from workers.cli.console import output
from workers.cli.open_records import open_records
from workers.jobs.annotator_instructions import refresh_instructions

QUICK_S = 10.0
"""A guideline is decided on whether or not Label Studio answers; its instructions follow with the next queue."""

AnyNumber = Annotated[
    int | None, typer.Argument(help="The guideline; the current one without it.", min=1, metavar="NUMBER")
]
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
    field: OneField = None,
    as_json: AsJson = False,
) -> None:
    """Show the guideline that LLMs follow and how it improved, and decide on it.

    Each field of several has one. A change takes effect with the next fit. docs/llm.md explains how the guideline
    improves.
    """
    if sum(one is not None for one in (edit, accept, reject)) > 1:
        raise UserError("One thing at a time: --edit, --accept or --reject.")
    with open_records() as records:
        book, where = records.book, records.settings.llm_guideline
        focus = _field_of(records.project(project), field, next(filter(None, (number, accept, reject)), None))
        done = _decide(book, records.project(project).focused(focus), edit, accept, reject)
        state = records.project(project).focused(focus)
        if done:
            _tell_annotators(records.settings, book, state)
        if as_json:
            typer.echo(json.dumps(_report(book, state, where, number), ensure_ascii=False, indent=1))
        elif done:
            typer.echo(done)
        else:
            _show(book, state, where, number, diff=diff)


def _field_of(state: ProjectState, field: str | None, number: int | None) -> str:
    """Return the name of the field that is meant: the named one, that of the guideline, or the only one."""
    if field or len(state.fields) < 2:
        return field or ""
    found = [one.field.name for one in state.by_field if number and steps.history(one).find(number)]
    if found:
        return found[0]
    names = ", ".join(one.field.name for one in state.fields)
    raise UserError(f"Each field of project {state.id} has a guideline ({names}): name one with --field.")


def _tell_annotators(settings: Settings, book: Book, state: ProjectState) -> None:
    token = settings.label_studio_token.get_secret_value()
    with LabelStudio(settings.label_studio_url, token, timeout_s=QUICK_S, attempts=1) as label_studio:
        refresh_instructions(label_studio, book, state, settings)


def _decide(book: Book, state: ProjectState, edit: Path | None, accept: int | None, reject: int | None) -> str:
    if edit is not None:
        made = steps.edit(book, state, _read(edit))
        return f"Guideline {made.number} is current: the next fit begins with it." if made else "It is that already."
    ruled = accept or reject
    if ruled is None:
        return ""
    current = steps.rule(book, state.id, ruled, accepted=accept is not None)
    rejected = f"Guideline {ruled} is rejected. " if reject else ""
    return f"{rejected}Guideline {current.number} is current: the next fit begins with it."


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Cannot read {file} ({type(error).__name__}): fix the path, or save it as UTF-8.") from error


def _find(known: GuidelineHistory, project_id: int, number: int) -> Guideline:
    found = known.find(number)
    if found is None:
        there = ", ".join(str(one.number) for one in known.guidelines) or "none yet"
        raise NotFound(f"Project {project_id} has no guideline {number}; there are: {there}.")
    return found


def _report(book: Book, state: ProjectState, where: str, number: int | None) -> dict[str, object]:
    known = steps.history(state)
    current = known.current
    shown = _find(known, state.id, number) if number else None
    text, origin = (steps.text_of(book, shown), shown.origin) if shown else steps.current_text(book, state, where)
    return {
        "project": state.id,
        "current": current.number if current else None,
        "origin": origin,
        "guideline": text,
        "history": [_row(book, known, one) for one in known.guidelines],
    }


def _row(book: Book, known: GuidelineHistory, one: Guideline) -> dict[str, object]:
    return {
        "number": one.number,
        "round": one.round_number or None,
        "learner": one.learner or None,
        "origin": one.origin,
        "outcome": one.outcome,
        "reason": one.reason,
        "lead": {True: "accepted", False: "rejected", None: None}[known.ruling(one.number)],
        "basis": one.basis or None,
        "n": one.n,
        "before": one.before,
        "after": one.after,
        "p_value": one.p_value,
        "cost": one.cost,
        "created_at": one.created_at.isoformat(),
        "files": book.artifacts.path(one.artifact),
    }


def _show(book: Book, state: ProjectState, where: str, number: int | None, *, diff: bool) -> None:
    known = steps.history(state)
    shown = _find(known, state.id, number) if number else known.current
    console = output()
    if diff and shown is not None:
        console.print(
            Syntax("\n".join(steps.diff(book, state, shown)), "diff", theme="ansi_dark", background_color="default")
        )
        return
    text = steps.text_of(book, shown) if number and shown else steps.current_text(book, state, where)[0]
    console.print(text, markup=False)
    if number and shown:
        console.print(f"{shown.origin}, {shown.outcome}: {shown.reason}", markup=False, style="dim")
        return
    console.print(_table(known) if known.guidelines else "No fit has used it yet: it is that of the settings.")


def _table(known: GuidelineHistory) -> Table:
    heads: Sequence[str] = ("", "number", "round", "from", "outcome", "before", "after", "p", "cost")
    table = Table(*heads, box=None, pad_edge=False, header_style="dim")
    for one in known.guidelines:
        lead = {True: ", by the lead accepted", False: ", by the lead rejected", None: ""}[known.ruling(one.number)]
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
