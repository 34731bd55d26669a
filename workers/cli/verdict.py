"""`labelloop verdict`."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.markup import escape

from labelloop.domain.records import Verdict
from labelloop.errors import NotFound
from labelloop.number_format import percent
from labelloop.state.project_state import ProjectState
from labelloop.steps.verdict_report import verdict_report
from workers.admin.look import ended, look_now
from workers.cli.arguments import AsJson, OneField, Project
from workers.cli.console import output
from workers.cli.open_records import Records, open_records
from workers.cli.verdict_table import verdict_table

SHOWN = 5
Number = Annotated[
    int | None,
    typer.Option("--round", min=1, metavar="N", help="The round; the newest without it.", show_default=False),
]


def verdict(
    project: Project,
    number: Number = None,
    look: Annotated[
        bool, typer.Option("--look", help="Test now on the audit set: spends one of the planned looks.")
    ] = False,
    field: OneField = None,
    every: Annotated[bool, typer.Option("--all", help="Say everything of every field.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show whether the model has reached human level, and what to do next.

    Each field of several has its verdict, a line of a table. Measured on audit tasks that annotators labelled blind.
    Tested at planned sizes of the audit set, and with --look. docs/verdict.md explains the words and the JSON.
    """
    with open_records() as records:
        states = records.fields(project, field)
        reports = [_report(records, state, number, look=look) for state in states]
    if as_json:
        shown = reports[0] if len(states[0].fields) < 2 or field else {"project": project, "fields": reports}
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=1))
        return
    console = output()
    if len(reports) > 1 and not every:
        names = [state.focus or "-" for state in states]
        console.print(verdict_table(names, reports))
        console.print(f"One field: labelloop verdict {project} --field {escape(names[0])}; each: --all")
        return
    for report in reports:
        for line in _lines(report):
            console.print(line)


def _report(records: Records, state: ProjectState, number: int | None, *, look: bool) -> dict[str, Any]:
    book = records.book
    given = look_now(book, records.bell, state.id, state.focus) if look else _find(state, number)
    report = verdict_report(book, given)
    if done := ended(book, state):
        report["advice"] = f"Nothing: {done}."
    return report


def _find(state: ProjectState, number: int | None) -> Verdict:
    given = state.looped.verdicts
    found = [one for one in given if number in (None, one.round_number)]
    if not found:
        known = ", ".join(str(one.round_number) for one in given) or "none yet"
        raise NotFound(
            f"Project {state.id} has no verdict {f'of round {number}' if number else 'yet'}; rounds with one: {known}. "
            "One is given after each round, as soon as a version was chosen."
        )
    return found[-1]


def _lines(report: dict[str, Any]) -> Iterator[str]:
    of = f", {escape(report['field'])}" if report.get("field") else ""
    after = f"Project {report['project']}{of}, round {report['round']}, {report['version'] or 'no model'}"
    yield f"[bold]{after}: {report['outcome']}[/bold]"
    yield f"  because {escape(report['reason'])}"
    yield f"Next: {escape(report['advice'])}"
    yield from _forecast(report["forecast"])
    yield from _agreement(report)
    yield from _disputed(report["disputed"])
    yield from _anchoring(report["anchoring"])


def _forecast(work: dict[str, Any]) -> Iterator[str]:
    if work["labels"] is not None:
        yield f"Forecast: {work['labels']} more labels ({work['labels_because']})"
    elif work["labels_because"]:
        yield f"Forecast: none, {work['labels_because']}"
    if work["hours"] is not None:
        each = f"{work['judgements']} annotations of {work['seconds']:.0f} s, the median so far"
        yield f"  about {work['hours']:.1f} hours of people's time ({each})"
    if work["hours_by_hand"]:
        yield f"  labelling every open TRAIN task by hand: about {work['hours_by_hand']:.1f} hours"


def _agreement(report: dict[str, Any]) -> Iterator[str]:
    model, people = report["agreement"], report["human_agreement"]
    if model["n"]:
        yield f"Model with people: {_share(model)}"
        if model["flattered_by"] >= 0.001:
            yield f"  {percent(model['corrected'])} when corrected for having chosen the best on the same tasks"
    if people["n"]:
        yield f"People with each other: {_share(people)}"
    spans = report.get("consensus", {}).get("spans") or {}
    if spans:
        scores = [f"{name} {one['f1']:.2f} ({one['low']:.2f} to {one['high']:.2f})" for name, one in spans.items()]
        yield f"F1 of the model's spans: {', '.join(scores)}"
    if together := report.get("end_to_end"):
        score = f"{together['f1']:.2f} ({together['low']:.2f} to {together['high']:.2f})"
        yield f"F1 of regions with what is said of them, as the serving versions predict both: {score}"
    alpha = report["krippendorff_alpha"]
    if alpha["people"] is not None:
        together = "" if alpha["people_and_model"] is None else f", with the model {alpha['people_and_model']:.2f}"
        yield f"Krippendorff's alpha of people {alpha['people']:.2f}{together}"
    other = report["alternative_annotator"]
    if other:
        wins = f"at least as good on {percent(other['rho'])} of tasks"
        yield f"Alternative annotator test: could replace {percent(other['omega'])} of people, {wins}"
    if report["look"] and report.get("tested", True):
        yield f"This was look {report['look']} of {report['looks']} planned ones"
    elif report["look"]:
        yield f"{report['look']} of {report['looks']} planned looks are spent"


def _share(found: dict[str, Any]) -> str:
    return f"{percent(found['value'], found['low'], found['high'])}, {found['n']} audit tasks"


def _disputed(disputed: dict[str, Any]) -> Iterator[str]:
    people = [f"{_pair(' / ', *d['labels'])}: {d['times']}" for d in disputed["people"][:SHOWN]]
    model = [f"{_pair(' for ', d['model'], d['people'])}: {d['times']}" for d in disputed["model"][:SHOWN]]
    if people:
        yield f"People disagree most on {escape('; '.join(people))}"
    if model:
        yield f"The model says {escape('; '.join(model))}"
    if disputed["tasks"]:
        yield f"Most disputed tasks: {', '.join(map(str, disputed['tasks']))}"


def _pair(between: str, one: str, other: str) -> str:
    return f"other ends of {one}" if one == other else f"{_label(one)}{between}{_label(other)}"


def _label(label: str) -> str:
    return label or "(nothing)"


def _anchoring(found: dict[str, Any]) -> Iterator[str]:
    if found["difference"] is None:
        return
    interval = f"{100 * found['low']:+.0f} to {100 * found['high']:+.0f}"
    shown, blind = percent(found["shown"]["value"]), percent(found["blind"]["value"])
    yield f"Anchoring: people kept {shown} of the labels they were shown; unseen, {blind} were the same as the model's"
    yield f"  difference {100 * found['difference']:+.0f} points ({interval}); {found['caveat']}"
