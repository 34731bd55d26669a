"""A release as files of the formats asked for, always with its data card."""

from collections.abc import Sequence
from enum import StrEnum

from labelloop.domain.values import FieldKind
from labelloop.errors import UserError
from labelloop.export.card import data_card
from labelloop.export.conll import conll_file
from labelloop.export.facts import Facts
from labelloop.export.tables import csv_file, json_lines, parquet_file

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


def release_files(facts: Facts, formats: Sequence[Format]) -> dict[str, bytes]:
    """Return the files by name, data card included; Label Studio's is none of ours to write.

    Raises UserError where CoNLL is asked of anything but spans.
    """
    if Format.CONLL in formats and facts.field.kind is not FieldKind.SPANS:
        raise UserError(
            f"CoNLL holds spans, and {facts.field.name} is a field of kind {facts.field.kind}: leave the format conll "
            "out."
        )
    files = {FILES[name]: WRITERS[name](facts.field, facts.rows) for name in formats if name in WRITERS}
    main = next((FILES[name] for name in (Format.HUGGING_FACE, *formats) if name in formats and name in WRITERS), None)
    if Format.CONLL in formats:
        files[FILES[Format.CONLL]] = conll_file(facts.rows)
    return {CARD: data_card(facts, data_files=main).encode(), **files}
