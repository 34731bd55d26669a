"""The arguments that several commands share."""

from typing import Annotated

import typer

from labelloop.domain.records import LARGEST_ID

_ONE, _ANY = "The project's number, as in /projects/12/.", "The project's number; all projects without it."

Project = Annotated[int, typer.Argument(help=_ONE, min=1, max=LARGEST_ID, metavar="PROJECT", show_default=False)]
AnyProject = Annotated[
    int | None, typer.Argument(help=_ANY, min=1, max=LARGEST_ID, metavar="PROJECT", show_default=False)
]
OneField = Annotated[str | None, typer.Option("--field", help="One field of the project alone.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]
Abandon = Annotated[bool, typer.Option("--abandon", help="End what is in progress instead.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")]
Now = Annotated[bool, typer.Option("--now", help="Do the work here and wait for it, without a worker.")]
