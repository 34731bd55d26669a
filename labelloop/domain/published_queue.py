"""The queue that people work through, and whether it is still the one they should have."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from labelloop.domain.lookup import newest
from labelloop.domain.next_step import Phase
from labelloop.domain.records import Publication

LAST = 5
"""When so few tasks of a certificate or a release are left, each is offered to a second person.

Who opens a task and leaves locks it for a day: nobody else would be given it, and everything would wait for them.
"""


@dataclass(frozen=True, slots=True)
class PublishedQueue:
    """The newest publication, with its tasks in the order people get them.

    `put_back` are the tasks that are to be judged anew, each with how many people were to judge it in all;
    `people_needed` those of them that are not finished, each with how many people it now takes. `chosen_for` names the
    field that a task was chosen for, where there are several.
    """

    publication: Publication
    order: tuple[int, ...]
    put_back: Mapping[int, int]
    people_needed: Mapping[int, int]
    chosen_for: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WantedQueue:
    """What people should have in their queue now.

    `version` is the one that answers (empty for none), `tasks` those that wait for a person, `audit` the MONITOR tasks
    among what waits. While a queue holds `enough` of the tasks it need not hold them all; None: it must.
    `certified_at` is when the last attempt to certify ended, if it did.
    """

    phase: Phase
    version: str
    round_number: int
    tasks: frozenset[int]
    audit: frozenset[int] = frozenset()
    enough: int | None = None
    certified_at: datetime | None = None


def published_name(version: str, publications: Sequence[Publication]) -> str | None:
    """Return the string under which Label Studio knows the newest publication of a version, empty for no version.

    Before that is pushed it is the version's own name; None before anything was published or deployed.
    """
    found = newest(publications, version=version)
    return found.name if found else (version or None)


def outdated(publications: Sequence[Publication], now: datetime, keep: timedelta) -> list[str]:
    """Return the names of the publications, oldest first, that nobody has on the screen any more.

    The newest and the one before it never are, the others `keep` after they were replaced: an answer that starts from a
    prediction which is deleted meanwhile is refused by Label Studio.
    """
    return [old.name for old, new in pairwise(publications[:-1]) if now - new.created_at >= keep]


def queue_is_current(queue: PublishedQueue | None, wanted: WantedQueue, touched: Collection[int]) -> bool:
    """Return whether people have the queue that they should have; `touched` are the tasks somebody has annotated.

    >>> queue_is_current(None, WantedQueue(Phase.ROUNDS, "", 0, tasks=frozenset()), touched=())
    True
    >>> queue_is_current(None, WantedQueue(Phase.ROUNDS, "", 0, tasks=frozenset({1})), touched=())
    False
    """
    if queue is not None and wanted.phase is Phase.ROUNDS and _asks_too_few_people(queue):
        return False
    if not wanted.tasks and not wanted.audit:
        return True
    return (
        queue is not None
        and _is_of(queue.publication, wanted)
        and _holds_only_what_is_wanted(queue, wanted, touched)
        and _holds_enough(queue, wanted)
        and not _is_to_be_offered_again(queue, wanted)
    )


def _asks_too_few_people(queue: PublishedQueue) -> bool:
    return any(people > queue.put_back[task_id] for task_id, people in queue.people_needed.items())


def _is_of(publication: Publication, wanted: WantedQueue) -> bool:
    if (publication.version, publication.round_number) != (wanted.version, wanted.round_number):
        return False
    # one from before the certificate is the blind queue of the attempt
    return wanted.certified_at is None or publication.created_at >= wanted.certified_at


def _holds_only_what_is_wanted(queue: PublishedQueue, wanted: WantedQueue, touched: Collection[int]) -> bool:
    if wanted.phase is Phase.ROUNDS:
        return True
    return all(task_id in wanted.tasks or task_id in touched for task_id in queue.order)


def _is_to_be_offered_again(queue: PublishedQueue, wanted: WantedQueue) -> bool:
    return wanted.phase is not Phase.ROUNDS and len(wanted.tasks) <= LAST < queue.publication.tasks


def _holds_enough(queue: PublishedQueue, wanted: WantedQueue) -> bool:
    queued = frozenset(queue.order)
    if queued >= wanted.tasks | wanted.audit:
        return True
    return wanted.enough is not None and len(queued & wanted.tasks) >= wanted.enough
