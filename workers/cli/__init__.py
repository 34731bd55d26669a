"""The command line `labelloop`: every command on one page, each with an example."""

import sys
from collections.abc import Callable, Sequence

import typer

from labelloop.log import configure_logging
from workers.cli.demo import demo
from workers.cli.doctor import doctor
from workers.cli.endings import certify, release
from workers.cli.export import export
from workers.cli.failures import run
from workers.cli.guideline import guideline
from workers.cli.llm import llm
from workers.cli.models import deploy, rollback, train, versions
from workers.cli.projects import connect, disconnect
from workers.cli.relabel import relabel
from workers.cli.rounds import close_round, list_rounds, show_round
from workers.cli.services import reconcile, serve, worker
from workers.cli.simulate import simulate
from workers.cli.spending import estimate, spending
from workers.cli.status import status
from workers.cli.up import up
from workers.cli.upkeep import check, gc, rebuild
from workers.cli.verdict import verdict
from workers.cli.write_back import write_back

__all__ = ["app", "main"]

app = typer.Typer(
    epilog="Example: labelloop connect 12 && labelloop status 12",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)


rounds = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Rounds: list, show, close.")
ledger = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="The ledger: rebuild, check.")
app.add_typer(rounds, name="round", epilog="Example: labelloop round show 12 3")
app.add_typer(ledger, name="ledger", epilog="Example: labelloop ledger check")


def _add(group: typer.Typer, command: Callable[..., None], example: str, name: str | None = None) -> None:
    group.command(name, epilog=f"Example: {example}")(command)


@app.callback()
def labelloop() -> None:
    """Label Studio with a model in the loop. Settings come from LABELLOOP_* or `.env`: docs/settings.md."""
    configure_logging("WARNING")


_add(app, connect, "labelloop connect 12 --rules rules.toml")
_add(app, disconnect, "labelloop disconnect 12")
_add(app, status, "labelloop status 12 --json")
_add(app, verdict, "labelloop verdict 12 --json")
_add(rounds, list_rounds, "labelloop round list 12 --json", "list")
_add(rounds, show_round, "labelloop round show 12 3", "show")
_add(rounds, close_round, "labelloop round close 12 --now", "close")
_add(app, guideline, "labelloop guideline 12 --diff")
_add(app, train, "labelloop train 12 --now")
_add(app, versions, "labelloop versions 12 --json")
_add(app, deploy, "labelloop deploy 12 v3")
_add(app, rollback, "labelloop rollback 12 --to v2")
_add(app, spending, "labelloop spending 12 --json")
_add(app, estimate, "labelloop estimate 12 --version v3")
_add(app, relabel, "labelloop relabel 12 --top 50")
_add(app, export, "labelloop export 12 ./reviews --format csv,hf")
_add(app, certify, "labelloop certify 12 --max-error 0.05 --confidence 0.95")
_add(app, release, "labelloop release 12")
_add(app, write_back, "labelloop write-back 12 --as annotations --user model@example.com")
_add(app, simulate, "labelloop simulate labelled.csv --rounds 50,100,200 --seeds 3")
_add(app, doctor, "labelloop doctor 12")
_add(app, reconcile, "labelloop reconcile --every 60")
_add(app, worker, "labelloop worker")
_add(app, serve, "labelloop serve --workers 2")
_add(ledger, rebuild, "labelloop ledger rebuild")
_add(ledger, check, "labelloop ledger check --json")
_add(app, gc, "labelloop gc --dry-run")
_add(app, up, "labelloop up")
_add(app, llm, "labelloop llm --port 8081")
_add(app, demo, "labelloop demo --rounds 3 --exit")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (default: this process's) and return its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    return run(lambda: app(args=words, prog_name="labelloop"))
