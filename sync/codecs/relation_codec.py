"""Between Label Studio's relations and ours: which marked part of a text is what to which other."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from labelloop.domain.relations import UNLABELLED, Relation, Relations
from labelloop.domain.renames import renamed
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Origin
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Span
from sync.api.wire import WireAnnotation, WirePrediction
from sync.codecs.region_answers import marked_by_id
from sync.codecs.region_codec import Data, origin_by
from sync.codecs.region_shapes import Region

_DIRECTIONS = ("right", "left", "bi")


def read_related(
    field: Field, marking: Sequence[Field], result: Sequence[object], data: Data | None = None
) -> Relations | Unanswered:
    """Return which of the regions that the `marking` fields mark the result relates, perhaps none."""
    marked = marked_by_id(marking, result, data)
    read = marked if isinstance(marked, Unanswered) else read_relations(result, marked)
    if isinstance(marked, Unanswered) or isinstance(read, Unanswered):
        return Unanswered.UNREADABLE
    regions = frozenset(span for spans in marked.values() for span in spans)
    related = (Relation(one.head, one.tail, renamed(one.label, field.renames)) for one in read)
    return Relations(regions, frozenset(related))


def relation_origin(
    field: Field,
    marking: Sequence[Field],
    annotation: WireAnnotation,
    predictions: Sequence[WirePrediction],
    data: Data | None = None,
) -> Origin:
    """Return what the person did with the relations that they were shown, as `origin` does of a whole task."""

    def said(result: Sequence[object]) -> frozenset[Relation]:
        read = read_related(field, marking, result, data)
        return read.relations if isinstance(read, Relations) else frozenset()

    return origin_by(annotation, predictions, said=said, is_about=_is_relation)


def read_relations(result: Sequence[object], marked: Mapping[Any, frozenset[Span]]) -> frozenset[Relation] | Unanswered:
    """Return the relations between regions, of which `marked` has what each marks, by its id.

    `left` is read as `right` the other way round, `bi` as both; the same one twice counts once, and one between parts
    that are marked alike is none. Relations to regions of other controls are passed over. One that is not as Label
    Studio stores it, or leads to a region that is not there, makes all of them unreadable: nobody knows what it meant.
    """
    there = {found["id"] for found in result if isinstance(found, Mapping) and isinstance(found.get("id"), str)}
    read = set[Relation]()
    for relation in filter(_is_relation, result):
        match relation:
            case {"from_id": str(head), "to_id": str(tail), **more} if {head, tail} <= there:
                labels, direction = more.get("labels") or [UNLABELLED], more.get("direction", "right")
                if direction not in _DIRECTIONS or not isinstance(labels, list) or not _are_texts(labels):
                    return Unanswered.UNREADABLE
                read.update(_between(marked.get(head, ()), marked.get(tail, ()), labels, str(direction)))
            case _:
                return Unanswered.UNREADABLE
    return frozenset(read)


def to_relations(relations: Collection[Relation], marks: Mapping[Span, Region]) -> Iterator[dict[str, object]]:
    """Yield the relations as Label Studio stores them, one for each ordered pair of regions with all its labels.

    Two that say the same both ways are one of the direction `bi`. `marks` are the regions that mark the text, by what
    they mark. Relations of others are left out: with them Label Studio could not open the task.
    """
    labels: dict[tuple[Span, Span], list[str]] = {}
    for relation in sorted(relations):
        if relation.head in marks and relation.tail in marks:
            given = labels.setdefault((relation.head, relation.tail), [])
            given += [relation.label] if relation.label != UNLABELLED else []
    for (head, tail), given in labels.items():
        is_mutual = labels.get((tail, head)) == given
        if not (is_mutual and tail < head):
            ends = {"from_id": marks[head]["id"], "to_id": marks[tail]["id"]}
            yield {"type": "relation", **ends, "direction": "bi" if is_mutual else "right", "labels": given}


def _between(heads: Collection[Span], tails: Collection[Span], labels: Sequence[str], way: str) -> Iterator[Relation]:
    for head, tail in product(heads, tails):
        if head != tail:
            for label in labels:
                if way != "left":
                    yield Relation(head, tail, label)
                if way != "right":
                    yield Relation(tail, head, label)


def _is_relation(found: object) -> bool:
    return isinstance(found, Mapping) and found.get("type") == "relation"


def _are_texts(labels: Sequence[object]) -> bool:
    return all(isinstance(label, str) for label in labels)
