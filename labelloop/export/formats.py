"""A release as files of the formats asked for, always with its data card."""

from collections.abc import Sequence
from enum import StrEnum

from labelloop.domain.values import FieldKind
from labelloop.errors import UserError
from labelloop.export.card import data_card
from labelloop.export.conll import conll_file
from labelloop.export.facts import Facts
from labelloop.export.form_card import form_card
from labelloop.export.form_facts import FormFacts
from labelloop.export.form_tables import form_csv, form_json_lines, form_parquet
from labelloop.export.release_tables import csv_file, json_lines, parquet_file

CARD = "README.md"


class Format(StrEnum):
    """The formats a release is exported in; `hf` is a folder that Hugging Face's `load_dataset` opens."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"
    HUGGING_FACE = "hf"
    LABEL_STUDIO = "label-studio"
    CONLL = "conll"


FILES = {
    Format.CSV: "data.csv",
    Format.JSON_LINES: "data.jsonl",
    Format.PARQUET: "data.parquet",
    Format.HUGGING_FACE: "data/train-00000-of-00001.parquet",
    Format.LABEL_STUDIO: "label-studio.json",
    Format.CONLL: "data.conll",
}
WRITERS = {
    Format.CSV: csv_file,
    Format.JSON_LINES: json_lines,
    Format.PARQUET: parquet_file,
    Format.HUGGING_FACE: parquet_file,
}
FORM_WRITERS = {
    Format.CSV: form_csv,
    Format.JSON_LINES: form_json_lines,
    Format.PARQUET: form_parquet,
    Format.HUGGING_FACE: form_parquet,
}


def read_formats(text: str) -> tuple[Format, ...]:
    """Return the formats a comma-separated text names; raises UserError naming those there are.

    >>> read_formats("csv, hf")
    (<Format.CSV: 'csv'>, <Format.HUGGING_FACE: 'hf'>)
    """
    words = [word for part in text.split(",") if (word := part.strip())]
    unknown = [word for word in words if word not in {known.value for known in Format}]
    if unknown or not words:
        what = f"There is no format {', '.join(unknown)}" if unknown else "No format is named"
        raise UserError(f"{what}; there are: {', '.join(Format)}.")
    return tuple(dict.fromkeys(Format(word) for word in words))


def release_files(facts: Facts | FormFacts, formats: Sequence[Format]) -> dict[str, bytes]:
    """Return the files by name, data card included; Label Studio's is none of ours to write.

    Raises UserError where CoNLL is asked of anything but one field of spans.
    """
    main = next((FILES[name] for name in (Format.HUGGING_FACE, *formats) if name in formats and name in WRITERS), None)
    if isinstance(facts, FormFacts):
        files = {FILES[name]: FORM_WRITERS[name](facts.names, facts.tasks) for name in formats if name in WRITERS}
        card = form_card(facts, data_files=main)
    else:
        files = {FILES[name]: WRITERS[name](facts.field, facts.rows) for name in formats if name in WRITERS}
        card = data_card(facts, data_files=main)
    if Format.CONLL in formats:
        files[FILES[Format.CONLL]] = conll_file(spans_of(facts).rows)
    return {CARD: card.encode(), **files}


def spans_of(facts: Facts | FormFacts) -> Facts:
    """Return the facts of the only field of spans; raises UserError where there is none, or several."""
    fields = facts.fields if isinstance(facts, FormFacts) else (facts,)
    found = [one for one in fields if one.field.kind is FieldKind.SPANS]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(one.field.name for one in found)
        raise UserError(f"CoNLL holds the spans of one field, and there are {names}: leave the format conll out.")
    named = ", ".join(f"{one.field.name} is a field of kind {one.field.kind}" for one in fields)
    raise UserError(f"CoNLL holds spans, and {named}: leave the format conll out.")
