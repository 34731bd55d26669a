"""`labelloop export`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from labelloop.export.conll import unwritten
from labelloop.export.facts import Facts
from labelloop.export.form_facts import FormFacts, read_released
from labelloop.export.formats import CARD, FILES, Format, read_formats, release_files, spans_of
from labelloop.formatting import counted
from labelloop.stores.atomic_folder import write_folder
from sync.label_studio_export import form_json, label_studio_json
from workers.cli.arguments import AsJson, Project
from workers.cli.open_records import open_records


def export(
    project: Project,
    folder: Annotated[
        Path, typer.Argument(help="The folder to write; new or empty.", metavar="FOLDER", show_default=False)
    ],
    formats: Annotated[
        str, typer.Option("--format", help=f"Formats, separated by commas: {', '.join(Format)}.")
    ] = f"{Format.CSV},{Format.HUGGING_FACE}",
    replace: Annotated[bool, typer.Option("--replace", help="Replace an earlier export in the folder.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the newest release into a folder.

    The folder holds the data in the formats asked for and README.md, the data card. It appears as a whole or not at
    all.
    """
    wanted = read_formats(formats)
    with open_records() as records:
        facts = read_released(records.book, records.project(project))
    files = release_files(facts, wanted)
    if Format.LABEL_STUDIO in wanted:
        files[FILES[Format.LABEL_STUDIO]] = _label_studio(facts)
    rows = len(facts.tasks if isinstance(facts, FormFacts) else facts.rows)
    write_folder(folder, files, known={CARD, *FILES.values()}, replace=replace)
    if as_json:
        summary = {"folder": str(folder.resolve()), "release": facts.release.number, "rows": rows}
        typer.echo(json.dumps({**summary, "files": sorted(files)}, ensure_ascii=False, indent=1))
        return
    typer.echo(f"Release {facts.release.number} of project {project}: {counted(rows, 'row')}, in {folder.resolve()}")
    for name in sorted(files):
        typer.echo(f"  {name}")
    if Format.CONLL in wanted and (lost := unwritten(spans_of(facts).rows)):
        typer.echo(f"{FILES[Format.CONLL]} lacks {counted(lost, 'span')}: CoNLL holds none that overlap.", err=True)


def _label_studio(facts: Facts | FormFacts) -> bytes:
    if isinstance(facts, FormFacts):
        return form_json([one.field for one in facts.fields], facts.tasks)
    return label_studio_json(facts.field, facts.rows)
