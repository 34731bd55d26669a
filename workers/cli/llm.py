"""`labelloop llm`: an LLM on this machine, for `prompt` learners without an account anywhere."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from labelloop.log import configure_logging
from labelloop.settings import Settings
from workers.local.llm import start_llm
from workers.local.processes import free_port
from workers.local.stack import Stack


def llm(
    gguf: Annotated[Path, typer.Argument(metavar="FILE", help="The model, in a GGUF file.", show_default=False)],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1; another if it is taken.")] = 8081,
    threads: Annotated[int | None, typer.Option(min=1, help="Cores to use; half of them without it.")] = None,
    directory: Annotated[Path, typer.Option(help="Folder for the log.")] = Path(".labelloop/llm"),
) -> None:
    """Serve an LLM on this machine until Ctrl-C.

    It speaks OpenAI's chat completions through llama.cpp. The settings for `prompt` learners are printed.
    """
    console, python = Console(), Path(Settings().llm_python)
    configure_logging("WARNING")
    with Stack() as stack, suppress(KeyboardInterrupt):
        place = free_port(port)  # once, so that it comes back to the same address after a crash
        with console.status("Starting the LLM"):
            running = stack.start(lambda: start_llm(directory, gguf, python=python, port=place, threads=threads))
        for name, value in running.settings().items():
            typer.echo(f"LABELLOOP_{name.upper()}={value}")
        console.print(f"{running.model} answers. Put these lines into .env; Ctrl-C stops it.", style="dim")
        stack.watch()
