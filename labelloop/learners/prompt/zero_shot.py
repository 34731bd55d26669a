"""A prompt before there is any label: nobody knows yet how often the LLM is right."""

from typing import assert_never

from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, Choices, FieldKind, Ranking, Rating, Spans, Text, Value
from labelloop.learners.base import FitContext
from labelloop.learners.prompt.held_out_score import ask_all
from labelloop.learners.prompt.llm_labeler import LlmAnswer, LlmLabeler


def first_answers(labeler: LlmLabeler, context: FitContext) -> list[LlmAnswer]:
    """Return the LLM's answers about the pool (at least one text), about its head where the time is over before.

    The responses are kept: whoever asks the model about these texts later gets them at once and for nothing. Raises as
    `LlmClient.each` does.
    """
    vectors = context.encode(context.pool)
    questions = [labeler.question(*each, context.encode) for each in zip(context.pool, vectors, strict=True)]
    return ask_all(labeler, questions, context)


def no_fallback(field: Field) -> tuple[Value, float]:
    """Return what stands, without any confidence, where the LLM says nothing of use and no person has said anything."""
    match field.kind:
        case FieldKind.CHOICE | FieldKind.PAIRWISE:
            return Choice(field.labels[0]), 0.0
        case FieldKind.CHOICES | FieldKind.TAXONOMY:
            return Choices(frozenset()), 0.0
        case FieldKind.RATING:
            return Rating((len(field.labels) + 1) // 2, of=len(field.labels)), 0.0
        case FieldKind.SPANS:
            return Spans(frozenset()), 0.0
        case FieldKind.TEXT:
            return Text(""), 0.0
        case FieldKind.OPTION:
            return Choice(""), 0.0
        case FieldKind.OPTIONS:
            return Choices(frozenset()), 0.0
        case FieldKind.RANKING:
            return Ranking(tuple((name, ()) for name in field.labels)), 0.0
        case FieldKind.NUMBER | FieldKind.DATETIME:
            return field.line.nearest(0.0), 0.0
        case _:
            assert_never(field.kind)
