"""The order of a published queue as a file that is read in no time: every command and every job begins with it."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from labelloop.domain.records import Publication
from labelloop.stores.book import Book

if TYPE_CHECKING:  # it brings numpy along
    from labelloop.domain.queue import QueueItem

ORDER_FILE = "order.json"


class QueuedTasks(NamedTuple):
    """The tasks in their order and, of those that were put back, how many people were to judge each in all.

    `chosen_for` names the field that a task was chosen for, where there are several.
    """

    order: tuple[int, ...]
    put_back: dict[int, int]
    chosen_for: dict[int, str]


def write_order(items: Sequence["QueueItem"], put_back: Mapping[int, int]) -> bytes:
    """Return the content of `order.json`."""
    order = [item.task_id for item in sorted(items, key=lambda item: item.score)]
    content: dict[str, object] = {
        "order": order,
        "put_back": [(id_, put_back[id_]) for id_ in order if id_ in put_back],
    }
    if chosen_for := [(item.task_id, item.chosen_for) for item in items if item.chosen_for]:
        content["chosen_for"] = chosen_for
    return json.dumps(content, ensure_ascii=False).encode()


def read_queue(book: Book, publication: Publication) -> QueuedTasks:
    """Return the tasks of a publication."""
    if ORDER_FILE in book.artifacts.manifest(publication.artifact)["files"]:
        found = json.loads(book.artifacts.read(publication.artifact, ORDER_FILE))
        return QueuedTasks(tuple(found["order"]), dict(found["put_back"]), dict(found.get("chosen_for", ())))
    from labelloop.stores.queue_file import QUEUE_FILE, read_queue_rows  # as written before 0.3.0

    return QueuedTasks(*read_queue_rows(book.artifacts.read(publication.artifact, QUEUE_FILE)), {})
