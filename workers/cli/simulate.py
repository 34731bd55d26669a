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
from labelloop.domain.languages import languages
from labelloop.domain.values import Choices, Relations, Spans, Value
from labelloop.encoders.encoder_choice import FOREIGN_SHARE, encoder_due
from labelloop.encoders.encoder_spec import WINDOWS
from labelloop.encoders.names import has_multilingual
from labelloop.encoders.open_encoder import NamedEncoder, load_encoder
from labelloop.encoders.vectors import CachedEncoder
from labelloop.errors import UserError
from labelloop.formatting import counted, few
from labelloop.learners.base import ModelContext
from labelloop.rules import Rules
from labelloop.settings import Settings
from labelloop.simulate.csv_labels import from_table
from labelloop.simulate.data_split import held_out
from labelloop.simulate.jsonl_labels import read_jsonl
from labelloop.simulate.labelled_texts import Labelled, require_learnable, told
from labelloop.simulate.learning_curve import CurvePoint, curve, outlook
from labelloop.simulate.picture import name_of, picture
from labelloop.simulate.replay import replay
from labelloop.simulate.replay_plan import DEFAULT, Machine, Plan
from labelloop.simulate.table_reader import read_table, read_text
from sync.config.label_config import parse
from sync.label_studio_file import controls_in, read_annotations, read_form, read_label_studio
from sync.label_studio_table import is_table_of_annotations
from workers.cli.arguments import AsJson
from workers.cli.console import output
from workers.cli.interval_bar import bar
from workers.jobs.models_of_settings import open_models, remote_access
from workers.jobs.open_stores import open_book


def _read_table(path: Path, field: str | None) -> Labelled:
    table = read_table(path)
    return read_annotations(table, field) if is_table_of_annotations(table.columns) else from_table(table, field)


_FORMS: dict[str, Callable[[Path, str | None], Labelled]] = {
    ".csv": _read_table,
    ".tsv": _read_table,
    ".jsonl": read_jsonl,
    ".json": read_label_studio,
}
_EXPORTS = (".json", ".csv", ".tsv")
BAR = 15
_USUAL: str = Rules.model_fields["strategy"].default


def simulate(
    data: Annotated[
        Path, typer.Argument(help="CSV, TSV, JSON Lines, or Label Studio's export.", metavar="FILE", show_default=False)
    ],
    field: Annotated[
        list[str],
        typer.Option(help="Label column, key or control; can be repeated. Default: the first, of an export all."),
    ] = [],  # noqa: B006
    config: Annotated[
        Path | None,
        typer.Option("--label-config", help="The labelling configuration (XML) of a JSON export.", show_default=False),
    ] = None,
    learner: Annotated[list[str], typer.Option(help="Candidate learner; can be repeated.")] = [DEFAULT],  # noqa: B006
    strategy: Annotated[list[str], typer.Option(help="Query strategy; repeat it to compare.")] = [_USUAL],  # noqa: B006
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
    """Replay a labelled file, as if people labelled it round after round; each field of an export by itself.

    Prints how good the models get with how many labels, measured on texts set apart, and what more labels may bring.
    """
    if to and to.suffix.lower() != ".svg":
        raise UserError(f"The picture is an SVG: call it {to.with_suffix('.svg').name}.")
    counts = _rounds(rounds)
    machine = Machine(os.cpu_count() or 1, background and _has_gpu(), background)
    plans = [Plan(tuple(dict.fromkeys(learner)), named, counts, machine) for named in dict.fromkeys(strategy)]
    found = _read_fields(data, field, read_text(config) if config else "", plans)
    curves = {one.field.name: _played(one, plans, seeds) for one in found}
    title = {name: data.name if len(found) == 1 else f"{data.name}, {name}" for name in curves}
    if to:
        _write(to, picture({title[name]: points for name, points in curves.items()}))
    if as_json:
        shown = [{"field": name, "curve": [asdict(point) for point in points]} for name, points in curves.items()]
        typer.echo(
            json.dumps({"fields": shown} if len(shown) > 1 else {"curve": shown[0]["curve"]}, ensure_ascii=False)
        )
        return
    console = output()
    for one in found:
        for line in _said_of(one, is_form=len(found) > 1 and not config):
            console.print(line, highlight=False, soft_wrap=True)
        for table in _tables(title[one.field.name], curves[one.field.name]):
            console.print(table)
        for line in _forecasts(one, curves[one.field.name], target, seconds):
            console.print(line, highlight=False, soft_wrap=True)
    if to:
        console.print(f"Picture: {escape(str(to.resolve()))}", highlight=False, soft_wrap=True)


def _read_fields(path: Path, fields: Sequence[str], config: str, plans: Sequence[Plan]) -> list[Labelled]:
    """Return the named fields of a file, or all that an export of Label Studio has; say which cannot be replayed.

    `config` is the labelling configuration that it was made with, empty where that is not given. Raises UserError where
    there is none.
    """
    if fields:
        return [_read(path, name, config, plans) for name in dict.fromkeys(fields)]
    names: Sequence[str] = ()
    if config:
        names = [one.name for one in parse(config).fields]
    elif path.suffix.lower() in _EXPORTS:
        names = controls_in(path)
    if len(names) < 2:
        return [_read(path, names[0] if names else None, config, plans)]
    found, refused = list[Labelled](), list[UserError]()
    for name in names:
        try:
            found.append(_read(path, name, config, plans))
        except UserError as error:
            refused.append(error)
            typer.echo(f"Not replayed: {name}: {error}", err=True)
    if not found:
        raise refused[0]
    return found


def _read(path: Path, field: str | None, config: str, plans: Sequence[Plan]) -> Labelled:
    """Return a field of the file; raises UserError where it cannot be learned, or not as planned."""
    found = read_form(path, config, field or "") if config else _read_by_ending(path, field)
    require_learnable(found)
    for plan in plans:
        plan.require(found.field, len(found.rows))  # before the texts are encoded, which may take minutes
    return found


def _read_by_ending(path: Path, field: str | None) -> Labelled:
    reader = _FORMS.get(path.suffix.lower())
    if reader is None:
        raise UserError(
            f"{path} is of no known form: give it one of the endings {', '.join(_FORMS)}; of Label Studio's exports "
            "JSON, JSON-MIN, CSV and TSV are read."
        )
    return reader(path, field)


def _said_of(data: Labelled, *, is_form: bool) -> Iterator[str]:
    """Say what was read, and what of the file was not; `is_form` tells that there are other fields."""
    field = data.field
    labels = f": {escape(few(field.labels))}" if field.labels else ""
    yield f"Read: {counted(len(data.rows), 'text')}; {escape(field.name)} ({field.kind_in_words}){labels}"
    nothing = sum(_says_nothing(row.value) for row in data.rows)
    if nothing:
        hidden = " An export does not say whether the field was on the screen." if is_form else ""
        yield f'Of these {nothing:,} have no label: read as the answer "none".{hidden}'
    if data.left_out:
        yield f"Left out: {told(data.left_out)}."


def _says_nothing(value: Value) -> bool:
    if isinstance(value, Relations):
        return not value.relations
    return value in (Choices(frozenset()), Spans(frozenset()))


def _rounds(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError as error:
        raise UserError(f"--rounds takes numbers with commas between them, such as 50,100,200; not {text}.") from error


def _has_gpu() -> bool:
    from labelloop.learners.training.device import best_device

    return best_device().type == "cuda"


def _played(data: Labelled, plans: Sequence[Plan], seeds: int) -> list[CurvePoint]:
    console, settings = Console(stderr=True), Settings()
    encoder = _encoder(settings, data)
    # Only what an LLM costs is entered anywhere: without one no ledger is opened.
    ledger = open_book(settings).ledger if settings.llm_base_url else None
    models = open_models(settings, ledger, encoder) if ledger else ModelContext(encoder, remote=remote_access(settings))
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
                for point in replay(data, plan, seed=seed, context=models, tick=lambda: progress.advance(bars))
            )
    finally:
        encoder.close()
        if ledger:
            ledger.engine.dispose()


def _encoder(settings: Settings, data: Labelled) -> CachedEncoder:
    """Return the encoder that the loop would choose for these texts; say which where they are not English."""
    found = languages(row.text for row in data.rows)
    due = encoder_due(found, setting=settings.encoder, has_multilingual=has_multilingual())
    if found.foreign_share >= FOREIGN_SHARE:
        typer.echo(f"Encoder: {due.encoder} ({due.reason}).", err=True)
    return load_encoder(NamedEncoder(settings.encoders.spec(due.encoder, WINDOWS), settings.cache_dir))


def _tables(name: str, points: Sequence[CurvePoint]) -> Iterator[Table]:
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
        return found.reason
    hours = f"{found.labels * seconds / 3600:.1f} hours at {seconds:.0f} s each"
    return f"about {counted(found.labels, 'more label')}, {hours}: {found.reason}"


def _write(path: Path, drawn: str) -> None:
    try:
        path.write_text(drawn, "utf-8")
    except OSError as error:
        raise UserError(f"The picture cannot be written to {path}: {error.strerror}.") from error
