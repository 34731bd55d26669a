"""A prompted LLM as a learner: a guideline, the nearest labelled examples, and confidence that was measured."""

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import structlog

from labelloop.domain.schema import Field
from labelloop.domain.tasks import fingerprint
from labelloop.domain.values import FieldKind, Spans, Value
from labelloop.encoders.base import Encode
from labelloop.errors import NeighbourError, NothingToLearn, UserError
from labelloop.learners.base import Example, Scratch
from labelloop.learners.platt import fit_curve
from labelloop.learners.prompting.files import read
from labelloop.learners.prompting.guideline import guideline
from labelloop.learners.prompting.judge import Judge, Judgement, Parameters, Question
from labelloop.learners.prompting.model import Connect, PromptModel, connect, tell
from labelloop.learners.prompting.prompt import instructions
from labelloop.learners.prompting.shots import Policy, Shots
from labelloop.learners.stored import check_encoder
from labelloop.llm.account import Account, current_account
from labelloop.settings import Settings

SAMPLE = 100
"""How many examples the LLM's confidence is measured on, each answered without seeing itself."""
CHUNK = 20

log = structlog.get_logger()


class PromptLearner:
    """Implements Learner for `prompt` and `prompt:<model>`; without an argument the model is that of the settings.

    Nothing is trained: a fit writes the prompt and asks the LLM about at most 100 of the examples, to learn how far it
    can be trusted. `connect` gives the way to the LLM.
    """

    name = "prompt"
    kinds = frozenset(FieldKind)
    background = True

    def __init__(self, model: str = "", connect: Connect = connect) -> None:
        self._model, self._connect = model.strip(), connect

    def fit(
        self,
        field: Field,
        examples: Sequence[Example],
        *,
        pool: Sequence[str],  # noqa: ARG002  (the LLM is not asked about texts that nobody judged)
        encode: Encode,
        seed: int,
        scratch: Scratch,
    ) -> PromptModel:
        """Write the prompt and measure the LLM on held-out examples.

        Raises NothingToLearn if no example has a value that the field allows, another UserError if there is no LLM, it
        does not answer, its price is unknown, or the cap is reached; what it answered until then is kept.
        """
        usable = sorted((e for e in examples if field.allows(e.value)), key=lambda e: (e.task_id, e.text))
        if not usable:
            raise NothingToLearn(f"No label of {field.name} has settled yet that it still allows: label some tasks.")
        judge = self._judge(field, usable, encode)
        drawn = _sample(usable, seed)
        account = current_account()
        try:
            said = self._measure(judge, _held_out(judge.shots, drawn), account, scratch)
        except NeighbourError as error:  # a round does not wait for a server that is down: it competes in the next one
            raise UserError(str(error)) from error
        if not any(one.readable for one in said):
            raise UserError(
                f"No answer of the LLM {judge.parameters.model} to any of {len(said)} texts can be read: it must be "
                "able to answer with JSON. Try another model."
            )
        tell(said, model=judge.parameters.model)
        pairs = [(one, usable[place].value) for one, place in zip(said, drawn, strict=False) if one.value is not None]
        curve = fit_curve([one.score for one, _ in pairs], [one.value == truth for one, truth in pairs])
        names = frozenset[str]().union(*(one.names for one in said))
        return PromptModel(judge, curve, _guess(field, usable), names, account, encode, self._connect)

    def load(self, directory: Path, *, encode: Encode) -> PromptModel:
        """Read a saved model; raises BrokenPromise if it cannot be read or its vectors are of another encoder."""
        stored = read(directory)
        check_encoder(directory, stored.encoder, encode)
        return PromptModel(
            stored.judge, stored.curve, stored.guess, stored.names, stored.account, encode, self._connect
        )

    def _judge(self, field: Field, examples: Sequence[Example], encode: Encode) -> Judge:
        settings = Settings()
        model = self._model or settings.llm_model
        if not model:
            raise UserError("No LLM is named: set LABELLOOP_LLM_MODEL, or `prompt:<model>` in the rule `learners`.")
        system = instructions(field, guideline(settings.llm_guideline, field))
        parameters = Parameters(model, settings.llm_context_tokens, settings.llm_max_tokens, settings.llm_runs)
        texts = tuple(example.text for example in examples)
        shots = Shots(texts, tuple(example.value for example in examples), encode(texts))
        return Judge(field, system, parameters, Policy(), shots)

    def _measure(
        self, judge: Judge, questions: Sequence[Question], account: Account, scratch: Scratch
    ) -> list[Judgement]:
        client, said = self._connect(), list[Judgement]()
        most = client.estimate([ask for question in questions for ask in judge.asks(question)])
        log.info("llm_estimated", model=judge.parameters.model, **asdict(most))
        for start in range(0, len(questions), CHUNK):
            if said and time.monotonic() >= scratch.deadline:
                break
            said += client.each(questions[start : start + CHUNK], judge, account)
            scratch.report(len(said) / len(questions))
        return said


def _held_out(shots: Shots, drawn: Sequence[int]) -> list[Question]:
    """Return examples as questions that must not be shown themselves, nor others with the same text."""
    same: dict[str, set[int]] = defaultdict(set)
    for place, text in enumerate(shots.texts):
        same[fingerprint(text)].add(place)
    return [
        Question(shots.texts[place], shots.vectors[place], frozenset(same[fingerprint(shots.texts[place])]))
        for place in drawn
    ]


def _sample(examples: Sequence[Example], seed: int) -> list[int]:
    """Return the places of at most 100 examples, in random order: a fit that must end early has a fair part of them."""
    drawn = np.random.default_rng(seed).permutation(len(examples))[:SAMPLE]
    return [int(place) for place in drawn]


def _guess(field: Field, examples: Sequence[Example]) -> tuple[Value, float]:
    counts = Counter(example.value for example in examples)
    if field.kind is FieldKind.SPANS:  # another text's places mean nothing here
        empty = Spans(frozenset())
        return empty, counts[empty] / (len(examples) + 1)
    value = min(counts, key=lambda each: (-counts[each], str(each)))
    return value, counts[value] / (len(examples) + 1)
