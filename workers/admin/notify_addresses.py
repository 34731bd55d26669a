"""What operators do with a project's addresses: add one, take one out, try them, and see what arrived there."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from labelloop.domain.delivery_record import Delivery
from labelloop.domain.lookup import newest
from labelloop.domain.news import TEST, Event, Kind
from labelloop.domain.notify_address import CHINESE, ENGLISH, Address
from labelloop.domain.records import Connection
from labelloop.errors import NeighbourError, NotConnected, UserError
from labelloop.formatting import did_you_mean
from labelloop.settings import Settings
from labelloop.steps.trail import enter
from labelloop.stores.book import Book
from workers.notify.address_file import AddressFile, new_id
from workers.notify.chat_services import service_address
from workers.notify.message import message
from workers.notify.public_addresses import checked_address
from workers.notify.signed_webhook import Sent, check_url, new_secret
from workers.notify.tell import send


@dataclass(frozen=True, slots=True)
class AddressStatus:
    """An address and the last attempt to reach it, None before the first."""

    address: Address
    last: Delivery | None


def address_statuses(settings: Settings, book: Book, project_id: int) -> list[AddressStatus]:
    """Return a project's addresses, oldest first."""
    found = AddressFile(settings.data_dir).of(project_id)
    told = book.ledger.all(Delivery, project_id) if found else []
    return [AddressStatus(one, newest(told, address=one.id)) for one in found]


def add_address(
    settings: Settings, book: Book, project_id: int, url: str, *, events: str = "", language: str = ENGLISH
) -> Address:
    """Add an address and return it; its secret is shown to nobody later.

    Raises UserError where it is none that messages are sent to, or where it is inside a private network.
    """
    kinds, private = _kinds(events), settings.notify_private
    if language not in (ENGLISH, CHINESE):
        raise UserError(f"A language is {ENGLISH} or {CHINESE}.")
    service = service_address(url)
    is_signed = not service
    if is_signed:
        host = check_url(url, private=private).host
        with suppress(NeighbourError):  # a name that is not known now may be later
            checked_address(host, private=private)
    secret = new_secret() if is_signed else ""
    address = Address(new_id(), project_id, service or url, secret, language, kinds, datetime.now(UTC))
    AddressFile(settings.data_dir).add(address)
    enter(book, project_id, "notify", f"add {address.id} {address.shown}")
    return address


def remove_address(settings: Settings, book: Book, project_id: int, name: str) -> Address:
    """Take an address out, by its id or by itself, and return it; raises NotFound."""
    gone = AddressFile(settings.data_dir).remove(project_id, name)
    enter(book, project_id, "notify", f"remove {gone.id} {gone.shown}")
    return gone


def try_address(settings: Settings, book: Book, address: Address) -> Sent:
    """Send a test message now and return what came of it; nothing is recorded."""
    connection = book.ledger.newest(Connection, address.project_id)
    if connection is None:
        raise NotConnected(address.project_id)
    now = datetime.now(UTC)
    event = Event(TEST, now.isoformat(), now, {})
    return send(settings, address, message(event, address, connection.title, settings.pages_address))


def _kinds(events: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(word.strip() for word in events.split(",") if word.strip()))
    for one in found:
        if one not in tuple(Kind):
            near = did_you_mean(one, list(Kind))
            raise UserError(f"There is no event {one!r}{near}; there are: {', '.join(Kind)}.")
    return found
