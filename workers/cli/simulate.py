"""`labelloop simulate`."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from labelloop.domain.forecast import Forecast
from labelloop.encoders.load import load_encoder
from labelloop.encoders.vectors import CachedEncoder
from labelloop.errors import UserError
from labelloop.rules import Rules
from labelloop.settings import Settings
from labelloop.simulate.curve import CurvePoint, curve, outlook
from labelloop.simulate.labelled import Labelled, read_csv, read_jsonl
from labelloop.simulate.parts import held_out
from labelloop.simulate.picture import name_of, picture
from labelloop.simulate.plan import DEFAULT, Machine, Plan
from labelloop.simulate.replay import replay
from labelloop.words import counted
from sync.labelled import read_label_studio
from workers.cli.arguments import AsJson
from workers.cli.curve import bar

_FORMS: dict[str, Callable[[Path, str | None], Labelled]] = {
    ".csv": read_csv,
    ".jsonl": read_jsonl,
    ".json": read_label_studio,
}
BAR = 15
_USUAL: str = Rules.model_fields["strategy"].default


def simulate(
    data: Annotated[Path, typer.Argument(help="CSV, JSON Lines, or Label Studio's JSON export.", show_default=False)],
    field: Annotated[
        str | None, typer.Option(help="Label column, key or control; default: the first.", show_default=False)
    ] = None,
    learner: Annotated[list[str], typer.Option(help="Candidate learner; may be given again.")] = [DEFAULT],  # noqa: B006
    strategy: Annotated[list[str], typer.Option(help="Query strategy; again to compare.")] = [_USUAL],  # noqa: B006
    rounds: Annotated[str, typer.Option(help="Numbers of labels at which rounds close.")] = "50,100,200",
    seeds: Annotated[int, typer.Option(help="Runs, each with other draws.", min=1)] = 3,
    background: Annotated[bool, typer.Option("--background", help="Let the default fit slow learners too.")] = False,
    target: Annotated[float, typer.Option(help="Accuracy to forecast the labels for.", min=0.01, max=0.999)] = 0.9,
    seconds: Annotated[float, typer.Option("--seconds-per-label", help="A person's time for one label.", min=0)] = 10,
    to: Annotated[
        Path | None, typer.Option("--picture", help="Write the curves to an SVG.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Replay a labelled file, as if people labelled it round after round.

    Prints how good the models get with how many labels, measured on texts set apart, and what more labels may bring.
    """
    if to and to.suffix.lower() != ".svg":
        raise UserError(f"The picture is an SVG: call it {to.with_suffix('.svg').name}.")
    found, counts = _read(data, field), _rounds(rounds)
    machine = Machine(os.cpu_count() or 1, background and _has_gpu(), background)
    plans = [Plan(tuple(dict.fromkeys(learner)), named, counts, machine) for named in dict.fromkeys(strategy)]
    points = _played(found, plans, seeds)
    if to:
        _write(to, picture({data.name: points}))
    if as_json:
        typer.echo(json.dumps({"curve": [asdict(point) for point in points]}, ensure_ascii=False))
        return
    console = Console()
    for table in _tables(data.name, points):
        console.print(table)
    for line in _forecasts(found, points, target, seconds):
        console.print(line, highlight=False, soft_wrap=True)
    if to:
        console.print(f"Picture: {escape(str(to.resolve()))}", highlight=False, soft_wrap=True)


def _read(path: Path, field: str | None) -> Labelled:
    reader = _FORMS.get(path.suffix.lower())
    if reader is None:
        raise UserError(f"{path} is of no known form: give it one of the endings {', '.join(_FORMS)}.")
    return reader(path, field)


def _rounds(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError as error:
        raise UserError(f"--rounds takes numbers with commas between them, such as 50,100,200; not {text}.") from error


def _has_gpu() -> bool:
    from labelloop.learners.tuning.device import best_device

    return best_device().type == "cuda"


def _played(data: Labelled, plans: Sequence[Plan], seeds: int) -> list[CurvePoint]:
    for plan in plans:
        plan.require(data.field, len(data.rows))  # before the texts are encoded, which may take minutes
    encoder: CachedEncoder = load_encoder(Settings())
    console = Console(stderr=True)
    try:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            reading = progress.add_task("encoding", total=None)
            encoder(
                [row.text for row in data.rows], lambda done, of: progress.update(reading, completed=done, total=of)
            )
            progress.remove_task(reading)
            bars = progress.add_task("fitting", total=seeds * sum(plan.fits(data.field) for plan in plans))
            return curve(
                point
                for plan in plans
                for seed in range(seeds)
                for point in replay(data, plan, seed=seed, encode=encoder, tick=lambda: progress.advance(bars))
            )
    finally:
        encoder.close()


def _tables(name: str, points: Sequence[CurvePoint]) -> Iterator[Table]:
    """Yield a table for each strategy."""
    for strategy, group in groupby(points, key=lambda point: point.strategy):
        some = list(group)
        runs = f"mean of {counted(some[0].seeds, 'run')}, worst to best"
        title = f"{escape(name)}, {escape(strategy)}: {runs}"
        table = Table(title=title, title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
        table.add_column("learner", min_width=len("contrastive"), overflow="fold")
        for column in ("labels", "accuracy", "", "F1", "s"):
            table.add_column(column, justify="right", no_wrap=True)
        table.add_column("0 %" + " " * (BAR - 8) + "100 %", no_wrap=True)
        for _, one in groupby(some, key=lambda point: point.learner):
            for point in one:
                table.add_row(*_cells(point))
            table.add_section()
        yield table


def _cells(point: CurvePoint) -> Iterator[str]:
    yield escape(point.learner)
    yield str(point.labels)
    yield f"{100 * point.accuracy:.1f} %"
    yield f"{100 * point.low:.0f} to {100 * point.high:.0f}"
    yield "-" if point.macro_f1 is None else f"{100 * point.macro_f1:.1f} %"
    yield f"{point.seconds:.1f}"
    yield bar(point.accuracy, point.low, point.high, None, BAR)


def _forecasts(data: Labelled, points: Sequence[CurvePoint], target: float, seconds: float) -> Iterator[str]:
    tests = held_out(data)
    for name, group in groupby(points, key=name_of):
        some = list(group)
        left = max(0, len(data.rows) - tests - some[-1].labels)
        found = outlook(some, target=target, tests=tests, most=left)
        yield f"{escape(name)}: {100 * target:.0f} % accuracy, {_told(found, left, seconds)}"


def _told(found: Forecast, left: int, seconds: float) -> str:
    if not found.labels or found.labels == left:
        return found.because
    hours = f"{found.labels * seconds / 3600:.1f} hours at {seconds:.0f} s each"
    return f"about {counted(found.labels, 'more label')}, {hours}: {found.because}"


def _write(path: Path, drawn: str) -> None:
    try:
        path.write_text(drawn, "utf-8")
    except OSError as error:
        raise UserError(f"The picture cannot be written to {path}: {error.strerror}.") from error
