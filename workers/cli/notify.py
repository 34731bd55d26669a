"""`labelloop notify`."""

import json
import sys
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from labelloop.domain.delivery_record import Delivery
from labelloop.errors import NeighbourError, UserError
from workers.cli.arguments import AsJson, Project
from workers.cli.console import output
from workers.cli.open_records import Records, open_records

Add = Annotated[
    str | None,
    typer.Option(
        "--add", metavar="URL", help="Tell this address from now on; `-` reads it from the input.", show_default=False
    ),
]
Events = Annotated[
    str | None,
    typer.Option(
        "--events", metavar="LIST", help="With --add: these events only, with commas between.", show_default=False
    ),
]
Language = Annotated[
    str | None, typer.Option("--language", metavar="en|zh", help="With --add: of its messages.", show_default=False)
]
Remove = Annotated[
    str | None, typer.Option("--remove", metavar="ID", help="Tell this address nothing more.", show_default=False)
]
Test = Annotated[bool, typer.Option("--test", help="Send every address a test message and say what it answers.")]


def notify(
    project: Project,
    add: Add = None,
    events: Events = None,
    language: Language = None,
    remove: Remove = None,
    test: Test = False,
    as_json: AsJson = False,
) -> None:
    """Show which addresses outside are told what happens in a project, and whether it arrives; or change them.

    A web address gets signed webhooks; addresses of chat and mail services are those of apprise.
    """
    if add is None and (events or language):
        raise UserError("--events and --language go with --add.")
    with open_records() as records:
        records.project(project)  # raises NotConnected
        if add is not None:
            _add(records, project, sys.stdin.readline().strip() if add == "-" else add, events or "", language or "en")
        if remove is not None:
            from workers.admin.notify_addresses import remove_address

            gone = remove_address(records.settings, records.book, project, remove)
            typer.echo(f"{gone.shown} ({gone.id}) is told nothing more.")
        if test:
            _test(records, project)
        if as_json or not (add or remove or test):
            _show(records, project, as_json=as_json)


def _add(records: Records, project: int, url: str, events: str, language: str) -> None:
    from workers.admin.notify_addresses import add_address

    added = add_address(records.settings, records.book, project, url, events=events, language=language)
    typer.echo(f"{added.shown} ({added.id}) is told what happens in project {project} from now on.")
    if added.is_signed:
        typer.echo(f"Its messages are signed with this secret, shown only now: {added.secret}")
    typer.echo(f"Try it: labelloop notify {project} --test")


def _test(records: Records, project: int) -> None:
    from workers.admin.notify_addresses import address_statuses, try_address

    found = [one.address for one in address_statuses(records.settings, records.book, project)]
    if not found:
        raise UserError(f"Project {project} has no address yet: labelloop notify {project} --add URL")
    failed = 0
    for address in found:
        sent = try_address(records.settings, records.book, address)
        failed += not sent.delivered
        typer.echo(f"{address.shown} ({address.id}): {'it arrived' if sent.delivered else 'NOT sent'}. {sent.answer}")
    if failed:
        raise NeighbourError(f"{failed} of {len(found)} addresses did not take the message.")


def _show(records: Records, project: int, *, as_json: bool) -> None:
    from workers.admin.notify_addresses import AddressStatus, address_statuses

    found = address_statuses(records.settings, records.book, project)

    def row(one: AddressStatus) -> dict[str, Any]:
        last = one.last
        return {
            "id": one.address.id,
            "address": one.address.shown,
            "language": one.address.language,
            "events": list(one.address.events) or None,
            "added_at": one.address.added_at.isoformat(),
            "last_event": last.event if last else None,
            "last_at": last.created_at.isoformat() if last else None,
            "attempt": last.attempt if last else None,
            "delivered": last.delivered if last else None,
            "final": last.final if last else None,
            "reason": last.reason if last else None,
        }

    if as_json:
        typer.echo(json.dumps([row(one) for one in found], ensure_ascii=False, indent=1))
        return
    table = Table("id", "address", "language", "events", "last message", box=None, pad_edge=False, header_style="dim")
    for one in found:
        events = ", ".join(one.address.events) or "all"
        table.add_row(*map(Text, (one.address.id, one.address.shown, one.address.language, events, _last(one.last))))
    output().print(table if found else f"Nobody is told yet: labelloop notify {project} --add URL")


def _last(last: Delivery | None) -> str:
    if last is None:
        return "none yet"
    when = f"{last.created_at:%Y-%m-%d %H:%M} UTC, {last.event}"
    if last.delivered:
        return f"{when}: arrived"
    return f"{when}: {'given up' if last.final else 'will be tried again'} after attempt {last.attempt}: {last.reason}"
