"""Tell the addresses of projects what has happened there, each once; may be run at any time, and twice."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from redis.exceptions import LockError, RedisError
from redis.lock import Lock

from labelloop.domain.delivery_record import Delivery
from labelloop.domain.due_deliveries import ATTEMPTS, Due, due
from labelloop.domain.news import Event, Kind
from labelloop.domain.notify_address import Address
from labelloop.domain.records import Connection
from labelloop.errors import LabelLoopError
from labelloop.settings import Settings
from labelloop.state.load import load
from labelloop.state.project_state import ProjectState
from labelloop.steps.ledger_news import key, ledger_news
from labelloop.steps.standing_news import cap_spent, queue_low
from labelloop.stores.book import Book
from workers.jobs.job_queue import Bell
from workers.jobs.job_status import jobs_of
from workers.jobs.llm_costs_of_settings import open_llm_costs
from workers.jobs.open_stores import open_bell, open_book
from workers.notify.address_file import AddressFile
from workers.notify.chat_services import send_to_service
from workers.notify.message import Message, message
from workers.notify.signed_webhook import Sent, send_webhook

MOST_AT_ONCE = 20
"""How many messages an address is sent in one go."""
HOLD_S = 600.0
LONGEST_NAME = 100

Clock = Callable[[], datetime]

log = structlog.get_logger()


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Teller:
    """Tells what has happened. It keeps what it found of annotators in a round, which takes long to find."""

    settings: Settings
    clock: Clock = _now
    _of_round: dict[int, tuple[int, tuple[Event, ...]]] = field(default_factory=dict)

    def tell(self) -> int:
        """Tell every address what is due and return how many messages arrived; one project's trouble stops no other."""
        by_project: dict[int, list[Address]] = {}
        for one in AddressFile(self.settings.data_dir).all():
            by_project.setdefault(one.project_id, []).append(one)
        if not by_project:
            return 0
        bell, book = open_bell(self.settings), open_book(self.settings)
        try:
            return sum(self._tell(book, bell, project_id, found) for project_id, found in by_project.items())
        finally:
            bell.redis.close()
            book.ledger.engine.dispose()

    def _tell(self, book: Book, bell: Bell, project_id: int, addresses: Sequence[Address]) -> int:
        connection = book.ledger.newest(Connection, project_id)
        if connection is None or not connection.active:
            return 0
        lock = bell.redis.lock(f"labelloop:telling:{project_id}", timeout=HOLD_S, thread_local=False)
        if not lock.acquire(blocking=False):
            return 0
        try:
            events = list(self._events(book, bell, load(book, project_id), addresses))
            told = book.ledger.all(Delivery, project_id)
            return sum(self._tell_one(book, connection.title, one, events, told) for one in addresses)
        except Exception as error:
            _say(project_id, error)
            return 0
        finally:
            _release(lock)

    def _tell_one(
        self, book: Book, title: str, address: Address, events: Sequence[Event], told: Sequence[Delivery]
    ) -> int:
        """Return how many messages arrived; after one that did not the address is left alone until the next look."""
        arrived = 0
        for one in list(due(events, address, told, self.clock()))[:MOST_AT_ONCE]:
            sent = send(self.settings, address, message(one.event, address, title, self.settings.pages_address))
            self._record(book, address, one, sent)
            if not sent.delivered:
                break
            arrived += 1
        return arrived

    def _record(self, book: Book, address: Address, one: Due, sent: Sent) -> None:
        final = sent.delivered or sent.final or one.attempt >= ATTEMPTS
        reason = "" if sent.delivered else sent.answer
        about = (one.event.kind, one.event.key, address.id, one.attempt, sent.delivered, final, reason)
        book.record(Delivery(address.project_id, *about, created_at=self.clock()), "delivery")
        tell = log.info if sent.delivered else log.warning
        tell(
            "message_sent" if sent.delivered else "message_not_sent",
            project=address.project_id,
            address=address.shown,
            id=address.id,
            event_kind=one.event.kind,
            attempt=one.attempt,
            final=final,
            answer=sent.answer,
        )

    def _events(self, book: Book, bell: Bell, state: ProjectState, addresses: Sequence[Address]) -> Iterator[Event]:
        """Yield all that is worth telling; what cannot be found out is logged, and keeps back nothing else."""
        now = self.clock()
        sources: list[Callable[[], Iterable[Event]]] = [
            lambda: failed_job_news(bell, state.id, now),
            lambda: ledger_news(state),
            lambda: filter(None, [queue_low(state, now)]),
            lambda: filter(None, [self._cap(book, state.id, now)]),
        ]
        if any(one.wants(Kind.ANNOTATOR) for one in addresses):
            sources.append(lambda: self._annotators(book, state))
        for source in sources:
            try:
                found = list(source())
            except Exception as error:
                _say(state.id, error)
            else:
                yield from found

    def _cap(self, book: Book, project_id: int, now: datetime) -> Event | None:
        costs = open_llm_costs(self.settings, book.ledger)
        return cap_spent(costs.spent(project_id).cost, costs.dearest(project_id), self.settings.llm_cap, now)

    def _annotators(self, book: Book, state: ProjectState) -> tuple[Event, ...]:
        from labelloop.steps.far_below import annotator_news  # loads what nothing else here needs

        number, known = self._of_round.get(state.id, (0, ()))
        if number != state.round_number:
            known = tuple(annotator_news(book, state))
            self._of_round[state.id] = state.round_number, known
        return known


def failed_job_news(bell: Bell, project_id: int, now: datetime) -> Iterator[Event]:
    """Yield an event for each job that failed for good; one that fails all day, tried again and again, is told once."""
    for job in jobs_of(bell, project_id).failed:
        at, name = job.at or now, job.job[:LONGEST_NAME]
        yield Event(Kind.JOB, key(name, f"{at:%Y-%m-%d}"), at, {"job": name}, "system")


def send(settings: Settings, address: Address, what: Message) -> Sent:
    """Send a message to an address and return what came of it."""
    private, now = settings.notify_private, datetime.now(UTC)
    if address.is_signed:
        return send_webhook(address, what, now, private=private, ca_bundle=settings.ca_bundle)
    return send_to_service(address, what, private=private)


def tell_once(teller: Teller) -> None:
    """Tell what is due; whatever goes wrong is logged."""
    try:
        teller.tell()
    except (LabelLoopError, OSError, RedisError) as error:
        log.warning("not_told", reason=str(error))
    except Exception:
        log.exception("not_told")


def _say(project_id: int, error: Exception) -> None:
    if isinstance(error, LabelLoopError | OSError | RedisError):
        log.warning("not_told", project=project_id, reason=str(error))
    else:
        log.error("not_told", project=project_id, exc_info=error)


def _release(lock: Lock) -> None:
    try:
        lock.release()
    except (LockError, RedisError):
        return
