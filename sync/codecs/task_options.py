"""The items that a task brings along: which there are, and whether an answer is made of them and of no others."""

from collections.abc import Hashable, Mapping, Sequence

from labelloop.domain.schema import Field
from labelloop.domain.tasks import options_of
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Choice, Choices, FieldKind, Ranking
from sync.codecs.shown_text import document
from sync.config.object_tags import UNSORTED, from_words
from sync.config.task_paths import at

Columns = tuple[tuple[str, tuple[str, ...]], ...]


def is_nested(field: Field) -> bool:
    """Return whether the task's own choices stand below others, so that each is known by its path."""
    offered = field.kind in (FieldKind.OPTION, FieldKind.OPTIONS)
    return offered and from_words(field.reads, len(field.inputs))[-1].nested


def task_options(field: Field, data: Mapping[str, object]) -> tuple[str, ...]:
    """Return the ids of a task's items, or the choices that it offers, in the order people see them."""
    reading = from_words(field.reads, len(field.inputs))[-1]
    text = document(reading, at(data, field.inputs[-1])).text
    return tuple(options_of(text)) if text else ()


def answer_of_items(
    field: Field, found: Sequence[Hashable], data: Mapping[str, object] | None
) -> Choice | Choices | Ranking | Unanswered:
    """Return what the atoms of a field's regions say; `data` is the task's, None where what it offers is not known."""
    options = None if data is None else task_options(field, data)
    if field.kind is FieldKind.OPTIONS:
        return _offered(Choices(frozenset(map(str, found))), options)
    if len(found) != 1:
        return Unanswered.CONTRADICTORY if found else Unanswered.EMPTY
    return (
        _ranking(field, found[0], options)
        if field.kind is FieldKind.RANKING
        else _offered(Choice(str(found[0])), options)
    )


def columns_of(names: Sequence[str], value: Mapping[str, object]) -> Columns | None:
    """Return a ranker's columns as they are stored; None where one is no list of ids or is none of the control's."""
    if not all(isinstance(items, list) and all(isinstance(item, str) for item in items) for items in value.values()):
        return None
    if not value.keys() <= frozenset(names):
        return None
    return tuple((name, tuple(map(str, items))) for name, items in value.items() if isinstance(items, list))


def _offered(value: Choice | Choices, options: Sequence[str] | None) -> Choice | Choices | Unanswered:
    labels = value.labels if isinstance(value, Choices) else {value.label}
    return value if options is None or labels <= frozenset(options) else Unanswered.UNREADABLE


def _ranking(field: Field, stored: Hashable, options: Sequence[str] | None) -> Ranking | Unanswered:
    """Return the order of all items; unreadable where one is missing, twice there, or none of the task's.

    Items that are in no bucket are where Label Studio shows them: in the original list, if there is one.
    """
    given = dict(stored) if isinstance(stored, tuple) else {}
    columns: dict[str, tuple[str, ...]] = {name: tuple(given.get(name, ())) for name in field.labels}
    placed = [item for items in columns.values() for item in items]
    left = tuple(item for item in options or () if item not in placed)
    if left and UNSORTED in columns:
        columns[UNSORTED] += left
        placed += left
    complete = options is None or sorted(placed) == sorted(options)
    return Ranking(tuple(columns.items())) if complete and len(set(placed)) == len(placed) else Unanswered.UNREADABLE
