"""`labelloop ledger rebuild`, `ledger check` and `gc`."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from labelloop.errors import BrokenPromise
from labelloop.stores import rebuild as stores
from workers.admin.gc import collect_garbage, find_garbage
from workers.cli.arguments import AsJson
from workers.cli.open_records import open_records


def rebuild(as_json: AsJson = False) -> None:
    """Rebuild the ledger from the artifacts.

    Stop the services and move the old ledger away first. Running it twice does no harm.
    """
    with open_records() as records:
        done = stores.rebuild(records.book.artifacts, records.book.ledger)
    if as_json:
        typer.echo(json.dumps(asdict(done), ensure_ascii=False, indent=1))
    else:
        typer.echo(
            f"{done.added} facts added, {done.known} were there already; {done.roles} tasks have their role again."
        )
        _list("Left out, another one took its place:", done.rejected)
    if done.damaged:
        raise BrokenPromise("Some artifacts cannot be read: " + " ".join(done.damaged))


def check(as_json: AsJson = False) -> None:
    """Compare the ledger with the artifacts.

    Reads every file that a row names and compares its digest; status 1 if any is missing or damaged.
    """
    with open_records() as records:
        found = stores.check(records.book.artifacts, records.book.ledger)
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False, indent=1))
    else:
        typer.echo(f"{found.rows} facts, {len(found.broken)} with missing or damaged files.")
        _list("Artifacts without a row (`labelloop gc` deletes what was replaced):", found.unrecorded)
    if found.broken:
        raise BrokenPromise(" ".join(found.broken))


def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be deleted.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete what is no longer needed.

    Artifacts that were replaced, unfinished writes, interrupted fits of older rounds (all older than
    an hour), and failed jobs of rounds that are done.
    """
    with open_records() as records:
        garbage = find_garbage(records.book, records.bell, work=records.settings.cache_dir / "fits")
        if not dry_run:
            collect_garbage(records.book, records.bell, garbage)
    if as_json:
        typer.echo(json.dumps({**asdict(garbage), "deleted": not dry_run}, ensure_ascii=False, indent=1))
        return
    verb = "Would delete" if dry_run else "Deleted"
    typer.echo(
        f"{verb} {len(garbage.artifacts)} artifacts, {len(garbage.unfinished)} unfinished writes, "
        f"{len(garbage.fits)} interrupted fits and {len(garbage.jobs)} failed jobs: "
        f"{garbage.bytes / 2**20:.1f} MiB."
    )
    _list("Kept, nothing took their place (`labelloop ledger rebuild` takes them up):", garbage.kept)


def _list(title: str, names: tuple[str, ...]) -> None:
    if names:
        typer.echo("\n  ".join([title, *names]))
