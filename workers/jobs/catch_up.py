"""The mirror brought up to date with Label Studio: by its clock, and by its counts where a clock was wrong."""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice

import structlog

from labelloop.domain.schema import Field
from labelloop.domain.tasks import TaskState
from labelloop.stores.mirror import Counts, Cursor, Mirror
from sync import pull
from sync.api.client import LabelStudio

BATCH = 500
READING = 2
"""How tasks are read; a higher number has every project read anew."""

log = structlog.get_logger()

Stamps = Callable[[Sequence[int]], Mapping[int, datetime]]
"""When each of some tasks last changed."""


def catch_up(
    mirror: Mirror, fields: Sequence[Field], label_studio: LabelStudio, controls: Collection[str] = ()
) -> bool:
    """Take in what has changed since the last time; return whether anything has.

    `controls` are the names of the configuration's control tags.
    When every task last changed is compared, whatever the cursor says, where Label Studio counts more or less than the
    mirror knows of, and where its clock has been put back behind the cursor.
    """
    reading = reading_of(fields)
    cursor, clock = mirror.cursor(reading), label_studio.clock()
    now = min(filter(None, (clock, datetime.now(UTC))))
    pulling = _Pulling(mirror, fields, label_studio, controls)
    if cursor is None:  # what an interrupted reading of another kind leaves must not pass for this one's
        mirror.start_over()
        pulling.everything()
    elif clock and cursor.since > clock:
        pulling.full_look("Label Studio's clock was put back")
    else:
        pulling.changes(cursor.since)
    unread = _compared(pulling, cursor)
    seen = [moment for moment in (pulling.newest, cursor.since if cursor else None) if moment]
    if seen and (after := Cursor(pull.next_since(max(seen), now), unread)) != cursor:
        mirror.move(reading, after)
    return pulling.changed


def reading_of(fields: Sequence[Field]) -> str:
    """Return the name of how tasks are read for these fields; under another one everything is read anew."""
    if len(fields) == 1:
        return _reading_of(fields[0])
    readings = "\n".join(map(_reading_of, fields))
    return f"{len(fields)} fields:{hashlib.blake2b(readings.encode(), digest_size=16).hexdigest()}"


def _reading_of(field: Field) -> str:
    reading = f"{field.name}:{field.kind}:{','.join(field.inputs)}:{READING}"
    for more in filter(None, (field.renames, field.condition)):
        reading += f":{hashlib.blake2b(repr(more).encode(), digest_size=8).hexdigest()}"
    return reading


def _compared(pulling: "_Pulling", cursor: Cursor | None) -> Counts:
    """Return how much of what Label Studio counts cannot be read, after a full look if that has changed."""
    unread = cursor.unread if cursor else Counts()
    before = pulling.counted()
    if pulling.known() + unread == before:
        return unread
    if cursor:  # most likely somebody has just saved something
        pulling.changes(cursor.since)
        if (pulling.known() + unread).is_between(before, pulling.counted()):
            return unread
    pulling.full_look("Label Studio counts other tasks or annotations")
    return pulling.counted() - pulling.known()


class _Pulling:
    """One project's pull under way: whether anything `changed`, and the `newest` change seen."""

    def __init__(
        self, mirror: Mirror, fields: Sequence[Field], label_studio: LabelStudio, controls: Collection[str]
    ) -> None:
        self._mirror, self._fields, self._label_studio, self._controls = mirror, fields, label_studio, controls
        self.changed = False
        self.newest: datetime | None = None

    def everything(self) -> None:
        self._states(since=None)

    def changes(self, since: datetime) -> None:
        self._states(since=since, known=self._mirror.stamps)

    def _states(self, since: datetime | None, known: Stamps | None = None) -> None:
        at, fields, controls = self._mirror.project_id, self._fields, self._controls
        self._take(pull.states(self._label_studio, at, fields, since=since, controls=controls, known=known))

    def full_look(self, reason: str) -> None:
        known = self._mirror.stamps()
        at, fields, controls = self._mirror.project_id, self._fields, self._controls
        news, gone = pull.full_look(self._label_studio, at, fields, known, controls)
        taken = self._take(news)
        self._mirror.forget(gone)
        self.changed |= bool(gone)
        log.info("full_look", project=self._mirror.project_id, reason=reason, taken_in=taken, gone=len(gone))

    def counted(self) -> Counts:
        return Counts(*self._label_studio.counts(self._mirror.project_id))

    def known(self) -> Counts:
        return self._mirror.counts()

    def _take(self, states: Iterator[TaskState]) -> int:
        taken = 0
        while batch := list(islice(states, BATCH)):
            self._mirror.put(batch)
            self.newest = max(filter(None, (self.newest, *(state.updated_at for state in batch))))
            taken += len(batch)
        self.changed |= taken > 0
        return taken
