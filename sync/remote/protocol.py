"""What a remote ML backend is told of a field and its tasks, and what is made of its answers."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import assert_never

from labelloop.domain.schema import PLAIN_TEXT, Field
from labelloop.domain.values import PATH_BREAK, FieldKind, Spans, Value
from labelloop.errors import BrokenPromise
from sync.codecs.region_codec import from_regions, task_data
from sync.config.scales import date_attributes


@dataclass(frozen=True, slots=True)
class BackendAnswer:
    """What a backend said of one task: `value` is None where it said nothing of use; `score` is in [0, 1].

    `version` is the model's name as the prediction itself has it, empty where it has none.
    """

    value: Value | None
    score: float = 0.0
    version: str = ""


NOTHING = BackendAnswer(None)


def label_config(field: Field) -> str:
    """Return a labelling configuration that holds the field and what it labels, nothing else.

    A learner is given a field, not the project's configuration: other controls, styles, hints and aliases are not in
    it, and every input is a `Text`, since HTML and dialogues have been made into text before.
    """
    view = ET.Element("View")
    names = [field.to_name, *(f"{field.to_name}-{place}" for place in range(2, len(field.inputs) + 1))]
    for name, key in zip(names, field.inputs, strict=True):
        ET.SubElement(view, "Text", name=name, value=f"${key}")
    shown = ",".join(names) if field.kind is FieldKind.PAIRWISE else field.to_name
    view.append(_control(field, {"name": field.name, "toName": shown}))
    return ET.tostring(view, encoding="unicode")


def tasks(field: Field, texts: Sequence[str]) -> list[dict[str, object]]:
    """Return the texts as Label Studio sends tasks: numbered from 1, with the field's inputs as their only data.

    No annotation and no prediction goes along, so that a backend cannot answer with what people said.
    """
    plain = replace(field, reads=PLAIN_TEXT)
    sound = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]  # half a surrogate pair cannot be sent
    return [
        {"id": number, "data": task_data(plain, text), "meta": {}, "annotations": [], "predictions": []}
        for number, text in enumerate(sound, 1)
    ]


def read(field: Field, text: str, entry: object) -> BackendAnswer:
    """Return what one entry of `results` says of the task with this text, whatever shape the entry has.

    An entry is a prediction, or a list of them of which the first counts, as in Label Studio. The score is the
    prediction's own, else the mean of its regions'; one outside [0, 1] is brought to the nearer end.
    """
    prediction = entry[0] if isinstance(entry, list) and entry else entry
    regions = prediction.get("result") if isinstance(prediction, dict) else None
    if not isinstance(prediction, dict) or not isinstance(regions, list):
        return NOTHING
    value = from_regions(replace(field, reads=PLAIN_TEXT), regions)
    if value is None or not field.allows(value) or not _fits(value, text):
        return NOTHING
    version = prediction.get("model_version")
    return BackendAnswer(value, _score(prediction.get("score"), regions), version if isinstance(version, str) else "")


def _fits(value: Value, text: str) -> bool:
    return not isinstance(value, Spans) or all(0 <= span.start < span.end <= len(text) for span in value.spans)


def _score(given: object, regions: Sequence[object]) -> float:
    if (own := _share(given)) is not None:
        return own
    shares = [share for r in regions if isinstance(r, Mapping) and (share := _share(r.get("score"))) is not None]
    return sum(shares) / len(shares) if shares else 0.0


def _share(given: object) -> float | None:
    if not isinstance(given, int | float) or isinstance(given, bool) or not isfinite(given):
        return None
    return min(max(float(given), 0.0), 1.0)


def _control(field: Field, about: dict[str, str]) -> ET.Element:
    match field.kind:
        case FieldKind.CHOICE | FieldKind.CHOICES:
            choice = "single" if field.kind is FieldKind.CHOICE else "multiple"
            return _listing(ET.Element("Choices", about, choice=choice), "Choice", field.labels)
        case FieldKind.RATING:
            return ET.Element("Rating", about, maxRating=str(len(field.labels)))
        case FieldKind.PAIRWISE:
            return ET.Element("Pairwise", about)
        case FieldKind.TAXONOMY:
            parents = any(path.startswith(label + PATH_BREAK) for label in field.labels for path in field.labels)
            return _tree(ET.Element("Taxonomy", about, leafsOnly=str(not parents).lower()), field.labels)
        case FieldKind.SPANS:
            return _listing(ET.Element("Labels", about), "Label", field.labels)
        case FieldKind.TEXT:
            return ET.Element("TextArea", about)
        case FieldKind.OPTION | FieldKind.OPTIONS | FieldKind.RANKING:
            raise BrokenPromise(f"{field.name} cannot be told to a backend: its {field.kind} comes with each task.")
        case FieldKind.NUMBER:
            ends = {"min": field.line.least, "max": field.line.most, "step": field.line.step}
            return ET.Element("Number", about | {key: f"{end:g}" for key, end in ends.items() if end is not None})
        case FieldKind.DATETIME:
            return ET.Element("DateTime", about | date_attributes(field.line))
        case _:
            assert_never(field.kind)


def _listing(control: ET.Element, tag: str, labels: Sequence[str]) -> ET.Element:
    for label in labels:
        ET.SubElement(control, tag, value=label)
    return control


def _tree(control: ET.Element, paths: Sequence[str]) -> ET.Element:
    for path in paths:
        node = control
        for step in path.split(PATH_BREAK):
            below = next((inner for inner in node if inner.get("value") == step), None)
            node = ET.SubElement(node, "Choice", value=step) if below is None else below
    return control
