"""What `labelloop doctor` says of the addresses that are told what happens in a project."""

from collections.abc import Iterator

from labelloop.domain.delivery_record import Delivery
from labelloop.domain.lookup import newest
from labelloop.errors import BrokenPromise
from labelloop.finding import Finding, Level
from labelloop.formatting import counted
from labelloop.settings import Settings
from labelloop.stores.book import Book
from workers.notify.address_file import AddressFile


def notify_findings(settings: Settings, book: Book, project_id: int) -> Iterator[Finding]:
    """Say which addresses did not take the newest message that was sent to them."""
    try:
        addresses = AddressFile(settings.data_dir).of(project_id)
    except (BrokenPromise, OSError) as error:
        yield Finding(Level.WARN, f"Nobody outside is told anything: {error}", "Make the file readable, or add anew.")
        return
    told = book.ledger.all(Delivery, project_id) if addresses else []
    for one in addresses:
        last = newest(told, address=one.id)
        if last and not last.delivered:
            end = "and given up" if last.final else "and tried again later"
            what = f"Messages to {one.shown} ({one.id}) do not arrive: {last.reason}"
            advice = (
                f"{last.event} was tried {counted(last.attempt, 'time')} {end}. `labelloop notify {project_id} --test` "
                "tries now."
            )
            yield Finding(Level.WARN, what, advice)
