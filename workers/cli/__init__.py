"""The command line `labelloop`: every command on one page, each with an example.

A command's module is loaded when its command is called: `--help` and its neighbours need not wait for what it needs.
"""

import ast
import gc
import getpass
import os
import platform
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand

from labelloop.acting import COMMAND, Actor, acting
from workers.cli.error_messages import run
from workers.local.stack_here import spoken_to

__all__ = ["command_line", "main"]


@dataclass(frozen=True, slots=True)
class Command:
    """A command as it is called, the module and the function that do it, and an example.

    `asks` tells that it speaks to services that run already.
    """

    words: str
    does: str
    example: str
    asks: bool = True


class PlainCommand(TyperCommand):
    """A command whose help reads like a manual: a whole sentence in the list, and `PROJECT [NUMBER]` in its usage."""

    def get_short_help_str(self, limit: int = 200) -> str:
        """Return its first sentence, however narrow the screen is: the list wraps it."""
        return super().get_short_help_str(max(limit, 200))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what the usage names: arguments in capitals, in brackets where they may be left out."""
        pieces = ((piece.strip("[]{}").upper(), piece.startswith("[")) for piece in super().collect_usage_pieces(ctx))
        return [f"[{name}]" if optional else name for name, optional in pieces]


GROUPS = {"round": "Rounds: list, show, close.", "ledger": "The ledger: rebuild, check."}
COMMANDS = (
    Command("connect", "connect:connect", "labelloop connect 12 --rules rules.toml"),
    Command("disconnect", "disconnect:disconnect", "labelloop disconnect 12"),
    Command("rules", "rules:rules", "labelloop rules 12 --set round_size=40"),
    Command("rename", "rename:rename", "labelloop rename 12 --label bug=defect"),
    Command("status", "status:status", "labelloop status 12 --json"),
    Command("verdict", "verdict:verdict", "labelloop verdict 12 --json"),
    Command("guideline", "guideline:guideline", "labelloop guideline 12 --diff"),
    Command("instructions", "instructions:instructions", "labelloop instructions 12 --update"),
    Command("train", "models:train", "labelloop train 12 --now"),
    Command("versions", "models:versions", "labelloop versions 12 --json"),
    Command("deploy", "deployments:deploy", "labelloop deploy 12 v3"),
    Command("rollback", "deployments:rollback", "labelloop rollback 12 --to v2"),
    Command("report", "report:report", "labelloop report 12 --language zh"),
    Command("log", "trail:log", "labelloop log 12 --json"),
    Command("notify", "notify:notify", "labelloop notify 12 --add https://hooks.example.com/labelloop"),
    Command("spending", "spending:spending", "labelloop spending 12 --json"),
    Command("estimate", "spending:estimate", "labelloop estimate 12 --version v3"),
    Command("relabel", "relabel:relabel", "labelloop relabel 12 --top 50"),
    Command("export", "export:export", "labelloop export 12 ./reviews --format csv,hf"),
    Command("certify", "certify:certify", "labelloop certify 12 --max-error 0.05 --confidence 0.95"),
    Command("release", "release:release", "labelloop release 12"),
    Command("write-back", "write_back:write_back", "labelloop write-back 12 --as annotations --user model@example.com"),
    Command(
        "simulate", "simulate:simulate", "labelloop simulate labelled.csv --rounds 50,100,200 --seeds 3", asks=False
    ),
    Command("doctor", "doctor:doctor", "labelloop doctor 12"),
    Command("reconcile", "run_services:reconcile", "labelloop reconcile --every 60", asks=False),
    Command("refit", "refit:refit", "labelloop refit 12"),
    Command("resync", "resync:resync", "labelloop resync 12"),
    Command("worker", "run_services:worker", "labelloop worker", asks=False),
    Command("serve", "run_services:serve", "labelloop serve --workers 2", asks=False),
    Command("pages", "run_services:pages", "labelloop pages", asks=False),
    Command("gc", "maintenance:gc", "labelloop gc --dry-run"),
    Command("up", "up:up", "labelloop up", asks=False),
    Command("llm", "llm:llm", "labelloop llm model.gguf --port 8081", asks=False),
    Command("demo", "demo:demo", "labelloop demo --rounds 3 --exit", asks=False),
    Command("round list", "rounds:list_rounds", "labelloop round list 12 --json"),
    Command("round show", "rounds:show_round", "labelloop round show 12 3"),
    Command("round close", "rounds:close_round", "labelloop round close 12 --now"),
    Command("ledger rebuild", "maintenance:rebuild", "labelloop ledger rebuild", asks=False),
    Command("ledger check", "maintenance:check", "labelloop ledger check --json", asks=False),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (default: this process's) and return its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    return run(lambda: _run(words))


def _run(words: Sequence[str]) -> None:
    called = next((one for one in COMMANDS if list(words[: len(one.words.split())]) == one.words.split()), None)
    if called and called.asks and "--help" not in words and (told := spoken_to()):
        typer.echo(told, err=True)
    does = _loaded(words)
    with acting(_whoever_types()) if called and called.asks else nullcontext():
        does(args=list(words), prog_name="labelloop")


def _whoever_types() -> Actor:
    """Return the user of the system that runs this; in a container there may be none of that number."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"user {os.getuid()}"
    return Actor(name, COMMAND, platform.node())


def _loaded(words: Sequence[str]) -> typer.Typer:
    """Return what these words call. Of what is loaded nothing is garbage: looking for it would take a tenth of it."""
    gc.disable()
    try:
        return command_line(words)
    finally:
        gc.freeze()
        gc.enable()


def command_line(words: Sequence[str] | None = None) -> typer.Typer:
    """Return the command line, whole or able to do only what these words call: of the rest it knows the help."""
    app = typer.Typer(
        epilog="Example: labelloop connect 12 && labelloop status 12",
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        no_args_is_help=True,
        add_completion=False,
    )
    app.callback()(labelloop)
    groups = {"": app}
    for name, text in GROUPS.items():
        groups[name] = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help=text)
    for command in COMMANDS:
        group, _, name = command.words.rpartition(" ")
        called = words is None or set(command.words.split()) <= set(words)
        does = _load(command) if called else _stand_in(command)
        groups[group].command(name, cls=PlainCommand, epilog=f"Example: {command.example}")(does)
    for name in GROUPS:
        example = next(one.example for one in COMMANDS if one.words.startswith(f"{name} "))
        app.add_typer(groups[name], name=name, epilog=f"Example: {example}")
    return app


def labelloop() -> None:
    """Label Studio with a model in the loop. Settings come from LABELLOOP_* or `.env`: docs/settings.md."""
    if "structlog" in sys.modules:  # a command that has not loaded it by now logs nothing
        from labelloop.log import configure_logging

        configure_logging("WARNING")


def _load(command: Command) -> Callable[..., None]:
    module, _, function = command.does.partition(":")
    found: Callable[..., None] = getattr(import_module(f"{__name__}.{module}"), function)
    return found


def _stand_in(command: Command) -> Callable[[], None]:
    """Return a function that does nothing but has the command's docstring, read from its source."""
    module, _, function = command.does.partition(":")
    tree = ast.parse(Path(__file__).with_name(f"{module}.py").read_text("utf-8"))

    def stand_in() -> None: ...

    stand_in.__doc__ = next(
        ast.get_docstring(node) for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function
    )
    return stand_in
