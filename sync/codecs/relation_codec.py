"""Between Label Studio's relations and ours: which marked part of a text is what to which other."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from labelloop.domain.relations import Relation
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Span
from sync.codecs.region_shapes import Region

_DIRECTIONS = ("right", "left", "bi")


@dataclass(frozen=True, slots=True)
class ReadRelations:
    """What an annotation says of pairs of regions; `left_over` counts relations to regions that are not there."""

    relations: frozenset[Relation]
    left_over: int = 0


def read_relations(result: Sequence[object], marked: Mapping[str, frozenset[Span]]) -> ReadRelations | Unanswered:
    """Return the relations between regions, of which `marked` has what each marks, by its id.

    `left` is read as `right` the other way round, `bi` as both. A relation without a label has an empty one. One that
    is not as Label Studio stores it makes all of them unreadable.
    """
    found: set[Relation] = set()
    left_over = 0
    for relation in result:
        if not (isinstance(relation, Mapping) and relation.get("type") == "relation"):
            continue
        match relation:
            case {"from_id": str(head), "to_id": str(tail), **more}:
                labels, direction = more.get("labels") or [""], more.get("direction", "right")
                if direction not in _DIRECTIONS or not isinstance(labels, list) or not _are_texts(labels):
                    return Unanswered.UNREADABLE
                if head in marked and tail in marked:
                    found.update(_between(marked[head], marked[tail], labels, str(direction)))
                else:
                    left_over += 1
            case _:
                return Unanswered.UNREADABLE
    return ReadRelations(frozenset(found), left_over)


def to_relations(relations: Collection[Relation], marks: Mapping[Span, Region]) -> Iterator[dict[str, object]]:
    """Yield the relations as Label Studio stores them, one for each ordered pair of regions with all its labels.

    `marks` are the regions that mark the text, by what they mark. Relations of others are left out: with them Label
    Studio could not open the task.
    """
    labels: dict[tuple[Span, Span], list[str]] = {}
    for relation in sorted(relations):
        if relation.head in marks and relation.tail in marks:
            given = labels.setdefault((relation.head, relation.tail), [])
            given += [relation.label] if relation.label else []
    for (head, tail), given in labels.items():
        ends = {"from_id": marks[head]["id"], "to_id": marks[tail]["id"]}
        yield {"type": "relation", **ends, "direction": "right", "labels": given}


def _between(heads: Collection[Span], tails: Collection[Span], labels: Sequence[str], way: str) -> Iterator[Relation]:
    for head in heads:
        for tail in tails:
            for label in labels:
                if way != "left":
                    yield Relation(head, tail, label)
                if way != "right":
                    yield Relation(tail, head, label)


def _are_texts(labels: Sequence[object]) -> bool:
    return all(isinstance(label, str) for label in labels)
