"""The figures of each field's annotators, computed once for many looks."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labelloop.state.load import load
from labelloop.stores.book import Book
from ml_backend.pages.page_figures import Kept

if TYPE_CHECKING:
    from labelloop.steps.people_seen import PeopleSeen


@dataclass(frozen=True, slots=True)
class PeopleOfField:
    """A project's title, its looped fields, and the annotators of one of them."""

    title: str
    fields: tuple[str, ...]
    field: str
    seen: "PeopleSeen"


class KeptPeople(Kept[tuple[int, str], PeopleOfField]):
    """The newest figures of annotators, by project and field, the first where it is empty.

    Raises NotConnected, or NotFound for a field that is not looped.
    """

    def __init__(self, book: Book, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(lambda key: _people(book, *key), clock)


def _people(book: Book, project: int, field: str) -> PeopleOfField:
    from labelloop.steps.people_seen import people_seen  # with pyarrow: a service that only predicts does without

    state = load(book, project, disconnected=True).focused(field)
    names = tuple(one.field.name for one in state.fields)
    return PeopleOfField(state.connection.title, names, state.field.name, people_seen(book, state))
