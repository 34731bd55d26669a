"""Between what Label Studio stores about each region (`perRegion`) and answers by the part of the text it marks."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from labelloop.domain.schema import Field
from labelloop.domain.tasks import Origin
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import ByRegion, FieldKind, Span, Spans, Value
from sync.api.wire import WireAnnotation, WirePrediction
from sync.codecs.region_codec import Data, origin_by, read_answer, to_regions
from sync.codecs.region_shapes import Region

_TROUBLE = (Unanswered.UNREADABLE, Unanswered.CONTRADICTORY)
_PLACE = ("start", "end", "startOffset", "endOffset", "globalOffsets")

Answer = Value | Unanswered


@dataclass(frozen=True, slots=True)
class RegionAnswers:
    """What an annotation says of each marked part of the text; a part with several labels stands there once for each.

    `left_over` counts answers about regions that are not there (any more): they are nobody's.
    """

    answers: Mapping[Span, Answer]
    left_over: int = 0


def read_region_answers(
    field: Field, marking: Sequence[Field], result: Sequence[object], data: Data | None = None
) -> RegionAnswers | Unanswered:
    """Return what the result says of the field about each region that one of the `marking` fields marks.

    A region without an answer is unanswered, or "none" where that is what silence means (`read_answer`). One region
    that cannot be read makes all of it unreadable, since nobody knows what the others are about then.
    """
    field = field.of_one_region
    marked = marked_by_id(marking, result, data)
    if isinstance(marked, Unanswered):
        return marked
    about: dict[object, list[object]] = {}
    for found in result:
        if isinstance(found, Mapping) and found.get("from_name") == field.name:
            about.setdefault(_id(found), []).append(_without_place(field, found))
    answers: dict[Span, Answer] = {}
    for region_id, spans in marked.items():
        answer = read_answer(field, about.get(region_id, []), data)
        # the same part may be marked the same way twice, and then be said different things of
        answers |= {s: answer if answers.get(s, answer) == answer else Unanswered.CONTRADICTORY for s in spans}
    return RegionAnswers(answers, sum(region_id not in marked for region_id in about))


def read_by_region(
    field: Field, marking: Sequence[Field], result: Sequence[object], data: Data | None = None
) -> ByRegion | Unanswered:
    """Return what the result says of the field about regions, those without an answer left out.

    Where none has one the reason why not. Answers about regions that are not there cannot be read.
    """
    read = read_region_answers(field, marking, result, data)
    if isinstance(read, Unanswered):
        return read
    values = {span: said for span, said in read.answers.items() if not isinstance(said, Unanswered)}
    if values:
        return ByRegion.of(field.kind, values)
    reasons = [*read.answers.values(), *([Unanswered.UNREADABLE] if read.left_over and not read.answers else [])]
    return next((one for one in _TROUBLE if one in reasons), Unanswered.EMPTY)


def region_origin(
    field: Field,
    marking: Sequence[Field],
    annotation: WireAnnotation,
    predictions: Sequence[WirePrediction],
    data: Data | None = None,
) -> Origin:
    """Return what the person did with what they were shown about regions, as `origin` does of a whole task."""

    def said(result: Sequence[object]) -> frozenset[Hashable]:
        read = read_by_region(field, marking, result, data)
        return frozenset(one for one in read.answers if str(one[1])) if isinstance(read, ByRegion) else frozenset()

    def is_about(region: object) -> bool:
        return isinstance(region, Mapping) and region.get("from_name") == field.name

    return origin_by(annotation, predictions, said=said, is_about=is_about)


def to_region_answers(
    field: Field, answers: Mapping[Span, Value], marks: Mapping[Span, Region]
) -> Iterator[dict[str, object]]:
    """Yield the regions that say the answers, each under the id and at the place of the region that it is about.

    `marks` are the regions that mark the text, by what they mark; answers about others are left out, as people would
    not see them.
    """
    for span, value in sorted(answers.items(), key=lambda pair: pair[0]):
        mark = marks.get(span)
        if mark is None:
            continue
        at = mark["value"]
        place = {key: at[key] for key in _PLACE if key in at} if isinstance(at, Mapping) else {}
        for region in to_regions(field, value):
            yield {**region, "id": mark["id"], "value": {**place, **_value(region)}}


def marks_of(field: Field, value: Spans, data: Data | None = None) -> dict[Span, Region]:
    """Return the regions that mark the spans, by span; spans of which people see nothing are left out."""
    made = ((span, to_regions(field, Spans(frozenset({span})), data)) for span in sorted(value.spans))
    return {span: regions[0] for span, regions in made if regions}


def marked_by_id(
    marking: Iterable[Field], result: Sequence[object], data: Data | None
) -> dict[object, frozenset[Span]] | Unanswered:
    """Return what each region marks, by its id; one that cannot be read makes all unreadable."""
    found: dict[object, frozenset[Span]] = {}
    for field in marking:
        for region in result:
            if not (isinstance(region, Mapping) and region.get("from_name") == field.name):
                continue
            read = read_answer(field, [region], data)
            if not isinstance(read, Spans):
                return Unanswered.UNREADABLE
            found[_id(region)] = found.get(_id(region), frozenset()) | read.spans
    return found


def _id(region: Region) -> object:
    found = region.get("id")
    return found if isinstance(found, str) else None


def _without_place(field: Field, region: Region) -> dict[str, object]:
    """Return the region as if it were about the whole task: without its part of the text, and that part's text."""
    value = region.get("value")
    if not isinstance(value, Mapping):
        return dict(region)
    left_out = _PLACE if field.kind is FieldKind.TEXT else (*_PLACE, "text")
    return {**region, "value": {key: found for key, found in value.items() if key not in left_out}}


def _value(region: Region) -> Mapping[str, object]:
    value = region["value"]
    return value if isinstance(value, Mapping) else {}
