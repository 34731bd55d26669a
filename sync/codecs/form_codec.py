"""Between whole results and the values of several fields: answers about regions go by those that other fields mark."""

from collections.abc import Iterable, Mapping, Sequence

from labelloop.domain.asked import marking
from labelloop.domain.schema import Field, Unit
from labelloop.domain.tasks import Origin
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import ByRegion, Relations, Span, Spans, Value
from sync.api.wire import WireAnnotation, WirePrediction
from sync.codecs.region_answers import marks_of, read_by_region, region_origin, to_region_answers
from sync.codecs.region_codec import Data, origin, read_answer, to_regions
from sync.codecs.region_shapes import Region
from sync.codecs.relation_codec import read_related, relation_origin, to_relations

Fields = Mapping[str, Field]


def read_field(field: Field, fields: Fields, result: Sequence[object], data: Data | None = None) -> Value | Unanswered:
    """Return what a result says of one of several fields (by name), or why it says nothing, see `read_answer`."""
    if field.is_about_pairs:
        return read_related(field, _marking(field, fields), result, data)
    if field.unit is Unit.REGION:
        return read_by_region(field, _marking(field, fields), result, data)
    return read_answer(field, result, data)


def origin_in_form(
    field: Field, fields: Fields, annotation: WireAnnotation, predictions: Sequence[WirePrediction], data: Data
) -> Origin:
    """Return what the person did with what they were shown of one of several fields, see `origin`."""
    if field.is_about_pairs:
        return relation_origin(field, _marking(field, fields), annotation, predictions, data)
    if field.unit is Unit.REGION:
        return region_origin(field, _marking(field, fields), annotation, predictions, data)
    return origin(field, annotation, predictions, data)


def merged_regions(said: Iterable[tuple[Field, Value]], data: Data | None = None) -> list[dict[str, object]]:
    """Return the regions that say a value of each of these fields.

    What is said about regions, and of pairs of them, stands under the ids of those that other values here mark; the
    rest is left out.
    """
    every = list(said)
    marks: dict[str, dict[Span, Region]] = {}
    for field, value in every:
        if isinstance(value, Spans):
            marks.setdefault(field.to_name, {}).update(marks_of(field, value, data))
    found: list[dict[str, object]] = []
    for field, value in every:
        if isinstance(value, ByRegion):
            found += to_region_answers(field, value.by_span, marks.get(field.to_name, {}))
        elif isinstance(value, Relations):
            found += to_relations(value.relations, marks.get(field.to_name, {}))
        else:
            found += to_regions(field, value, data)
    return found


def merged_prediction(
    said: Iterable[tuple[Field, Value]], *, score: float, model_version: str, data: Data | None = None
) -> dict[str, object]:
    """Return one prediction that says a value of each of these fields, as `wire_prediction` says that of one."""
    return {"result": merged_regions(said, data), "score": score, "model_version": model_version}


def _marking(field: Field, fields: Fields) -> list[Field]:
    return [fields[name] for name in marking(field, fields)]
