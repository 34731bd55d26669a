"""A prompt before there is any label: nobody knows yet how often the LLM is right."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, Choices, FieldKind, Rating, Spans, Text, Value
from labelloop.encoders.base import Encode
from labelloop.learners.base import Scratch
from labelloop.learners.platt import fit_curve
from labelloop.learners.prompting.judge import Judge, Judgement, Question
from labelloop.learners.prompting.measure import asked, tokens_per_text
from labelloop.learners.prompting.model import Connect, PromptModel, tell
from labelloop.llm.account import Account


def first_look(
    connect: Connect, judge: Judge, texts: Sequence[str], encode: Encode, account: Account, scratch: Scratch
) -> list[Judgement]:
    """Return what the LLM says of the texts (at least one), of the first ones where the time is over before.

    Its answers are kept: whoever asks the model about these texts later gets them at once and for nothing. Raises as
    `Client.each` does.
    """
    questions = [Question(text, vector) for text, vector in zip(texts, encode(texts), strict=True)]
    return asked(connect(), judge, questions, account, scratch)


def first_model(
    judge: Judge,
    said: Sequence[Judgement],
    account: Account,
    encode: Encode,
    connect: Connect,
    papers: Mapping[str, str],
) -> PromptModel:
    """Return the model: its confidence is even odds for every answer, its margin what the LLM says of itself."""
    tell(said, model=judge.parameters.model)
    names = frozenset[str]().union(*(one.names for one in said))
    guess = no_guess(judge.field)
    return PromptModel(judge, fit_curve([], []), guess, names, account, encode, connect, tokens_per_text(said), papers)


def no_guess(field: Field) -> tuple[Value, float]:
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
        case _:
            assert_never(field.kind)
