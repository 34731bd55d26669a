"""A file of texts that are labelled already, to be labelled once more as if nobody had."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from labelloop.domain.scale import scale_of
from labelloop.domain.schema import Field
from labelloop.domain.units import asked_text
from labelloop.domain.values import FieldKind, Moment, Value, labels_of
from labelloop.errors import UserError
from labelloop.formatting import counted

TEST = "test"
TEXT_KEYS = ("text", "input_text")
FORMS = "see docs/simulate.md for the forms that can be read"
NO_LABEL, NO_TEXT = "rows without a label", "rows without a text"
MOST_STARS = 100


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text, what people say of it, and the part of the file it belongs to: `test`, another word, or none given."""

    text: str
    value: Value
    split: str = ""

    @property
    def asked(self) -> str:
        """Return what a model is asked about it: of a field about regions, about those that people marked."""
        return asked_text(self.text, [self.value])


@dataclass(frozen=True, slots=True)
class Labelled:
    """A labelled file: its field, whose labels are those that occur, and its rows in the file's order.

    `left_out` counts, by reason, what the file holds beside them.
    """

    field: Field
    rows: tuple[LabelledText, ...]
    left_out: tuple[tuple[str, int], ...] = ()


def labelled(field: Field, rows: Iterable[LabelledText], left_out: Mapping[str, int] | None = None) -> Labelled:
    """Return the rows that have a text; a field without labels gets those that occur. Raises UserError without rows."""
    every = tuple(rows)
    kept = tuple(row for row in every if row.text.strip())
    counts = Counter(left_out or {}) + Counter({NO_TEXT: len(every) - len(kept)})
    if not kept:
        why = f" ({told(counts.items())})" if counts else ""
        raise UserError(f"The file holds no labelled text{why}: {FORMS}.")
    labels = field.labels or tuple(sorted({label for row in kept for label in labels_of(row.value)}))
    if field.kind is FieldKind.DATETIME and field.scale is None:
        field = replace(field, scale=scale_of(row.value for row in kept if isinstance(row.value, Moment)))
    return Labelled(replace(field, labels=labels), kept, tuple(sorted(counts.items())))


def told(counts: Iterable[tuple[str, int]]) -> str:
    """Return counts by reason as words.

    >>> told([("rows without a label", 1), ("skipped annotations", 3)])
    'rows without a label: 1, skipped annotations: 3'
    """
    return ", ".join(f"{reason}: {n:,}" for reason, n in counts)


def require_learnable(data: Labelled) -> None:
    """Raise UserError where the loop would refuse the field: a single label to choose from, none, too many stars."""
    field, labels = data.field, data.field.labels
    if field.kind in (FieldKind.CHOICE, FieldKind.PAIRWISE) and len(labels) < 2:
        raise UserError(
            f"All {counted(len(data.rows), 'text')} have the same label, {labels[0]}: there is nothing to learn. "
            "Give a file, or with --field a column, in which labels differ."
        )
    if field.kind in (FieldKind.CHOICES, FieldKind.TAXONOMY, FieldKind.SPANS) and not labels:
        raise UserError(f"No text of the file has a label of {field.name}: there is nothing to learn.")
    if field.is_about_pairs and not any(labels_of(row.value) for row in data.rows):
        raise UserError("No text of the file has a relation: there is nothing to learn.")
    if field.kind is FieldKind.RATING and len(labels) > MOST_STARS:
        raise UserError(f"{field.name} has {len(labels)} stars, at most {MOST_STARS} are supported.")
