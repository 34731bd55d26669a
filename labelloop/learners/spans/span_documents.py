"""Training examples as documents: a text cut into units, and its spans as far as they make sense."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from labelloop.domain.schema import Field
from labelloop.domain.text_limits import LONGEST_MARKED
from labelloop.domain.values import Span, Spans
from labelloop.learners.base import Example
from labelloop.learners.spans.tokenization import Offsets, units_of
from labelloop.learners.usable import usable_examples

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A text, its units and the spans that people marked in it."""

    text: str
    units: Offsets
    spans: frozenset[Span]


def documents_of(field: Field, examples: Sequence[Example]) -> list[Document]:
    """Return the examples that the field allows, the same whatever their order.

    Spans that hold no character, or go beyond the text or what is read of it, are dropped; how many, but not which, is
    logged. Raises NothingToLearn if no example is left.
    """
    documents, dropped = [], 0
    for example in usable_examples(field, examples):
        marked = example.value.spans if isinstance(example.value, Spans) else frozenset()
        end = min(len(example.text), LONGEST_MARKED)
        kept = frozenset(span for span in marked if 0 <= span.start < span.end <= end)
        dropped += len(marked) - len(kept)
        documents.append(Document(example.text, units_of(example.text), kept))
    if dropped:
        _log.warning("spans_dropped", field=field.name, spans=dropped, reason="empty or beyond the text that is read")
    return documents


def labels_in(field: Field, documents: Sequence[Document]) -> tuple[str, ...]:
    """Return the labels that some span has, in the field's order."""
    given = {span.label for document in documents for span in document.spans}
    return tuple(label for label in field.labels if label in given)
