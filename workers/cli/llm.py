"""`labelloop llm`: a small LLM on this machine, for trying `prompt` learners without an account anywhere."""

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
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1; another if it is taken.")] = 8081,
    threads: Annotated[int | None, typer.Option(min=1, help="Cores to use; half of them without it.")] = None,
    gguf: Annotated[Path | None, typer.Option(help="Another model, in a GGUF file.")] = None,
    directory: Annotated[Path, typer.Option(help="Folder for the log.")] = Path(".labelloop/llm"),
) -> None:
    """Serve a small LLM on this machine until Ctrl-C.

    It speaks OpenAI's chat completions through llama.cpp. The settings that lead `prompt` learners to it are printed.
    """
    console, python = Console(), Path(Settings().llm_python)
    configure_logging("WARNING")
    with Stack() as stack, suppress(KeyboardInterrupt):
        place = free_port(port)  # once, so that it comes back to the same address after a crash
        with console.status("Starting the LLM (its first start puts the model together)"):
            running = stack.start(lambda: start_llm(directory, python=python, port=place, threads=threads, gguf=gguf))
        for name, value in running.settings().items():
            typer.echo(f"LABELLOOP_{name.upper()}={value}")
        console.print(f"{running.model} answers. Put these lines into .env; Ctrl-C stops it.", style="dim")
        stack.watch()
