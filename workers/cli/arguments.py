"""The arguments that several commands share."""

from typing import Annotated

import typer

_ONE, _ANY = "The project's number, as in /projects/12/.", "The project's number; all projects without it."

Project = Annotated[int, typer.Argument(help=_ONE, min=1, metavar="PROJECT", show_default=False)]
AnyProject = Annotated[int | None, typer.Argument(help=_ANY, min=1, metavar="[PROJECT]", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]
Now = Annotated[bool, typer.Option("--now", help="Do the work here and wait for it, without a worker.")]
