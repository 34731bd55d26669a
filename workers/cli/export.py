"""`labelloop export`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from labelloop.export.conll import unwritten
from labelloop.export.facts import read_facts
from labelloop.export.files import CARD, FILES, Format, read_formats, release_files
from labelloop.stores.folders import write_folder
from labelloop.words import counted
from sync.export import label_studio_json
from workers.cli.arguments import AsJson, Project
from workers.cli.opening import open_records


def export(
    project: Project,
    folder: Annotated[Path, typer.Argument(help="The folder to write; new or empty.", show_default=False)],
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
        facts = read_facts(records.project(project))
    files = release_files(facts, wanted)
    if Format.LABEL_STUDIO in wanted:
        files[FILES[Format.LABEL_STUDIO]] = label_studio_json(facts.field, facts.rows)
    write_folder(folder, files, known={CARD, *FILES.values()}, replace=replace)
    if as_json:
        said = {"folder": str(folder.resolve()), "release": facts.release.number, "rows": len(facts.rows)}
        typer.echo(json.dumps({**said, "files": sorted(files)}, ensure_ascii=False, indent=1))
        return
    typer.echo(
        f"Release {facts.release.number} of project {project}: {counted(len(facts.rows), 'row')}, in {folder.resolve()}"
    )
    for name in sorted(files):
        typer.echo(f"  {name}")
    if Format.CONLL in wanted and (lost := unwritten(facts.rows)):
        typer.echo(f"{FILES[Format.CONLL]} lacks {counted(lost, 'span')}: CoNLL holds none that overlap.", err=True)
