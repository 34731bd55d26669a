"""`labelloop report`."""

from pathlib import Path
from typing import Annotated

import typer

from labelloop.domain.records import LARGEST_ID
from labelloop.domain.report_record import LANGUAGES, RoundReport, report_file_name
from labelloop.errors import NotFound
from labelloop.settings import Settings
from workers.admin.report_file import report_file
from workers.cli.arguments import Project
from workers.jobs.open_stores import open_book

File = Annotated[
    Path | None,
    typer.Argument(help="Where to write it; project-12-round-5.html here without it.", show_default=False),
]
Language = Annotated[str, typer.Option("--language", help="The language of its texts.", metavar="en|zh")]
OfRound = Annotated[
    int | None,
    typer.Option(
        "--round", min=1, max=LARGEST_ID, help="The one that was kept after this round's verdict.", show_default=False
    ),
]


def report(project: Project, file: File = None, language: Language = "en", of_round: OfRound = None) -> None:
    """Write all that the pages show of a project into one file, to mail, to print and to keep.

    The ML backend makes it, so that has to run; without it only kept ones can be had.
    """
    if language not in LANGUAGES:
        raise typer.BadParameter("There are en (English) and zh (Chinese).", param_hint="--language")
    settings = Settings()
    if of_round is None:
        named, content = report_file(settings, project, language)
    else:
        named, content = f"project-{project}-round-{of_round}.html", _kept(settings, project, of_round, language)
    path = file or Path(Path(named).name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    typer.echo(path)


def _kept(settings: Settings, project: int, number: int, language: str) -> bytes:
    book = open_book(settings)
    try:
        kept = book.ledger.newest(RoundReport, project, number=number)
        if kept is None:
            raise NotFound(f"No report was kept of round {number} of project {project}: labelloop status {project}")
        return book.artifacts.read(kept.artifact, report_file_name(language))
    finally:
        book.ledger.engine.dispose()
