"""A prompted LLM as a learner: a guideline, the nearest labelled examples, and confidence that was measured."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Spans, Value
from labelloop.encoders.base import Encode
from labelloop.errors import NeighbourError, NothingToLearn, UserError
from labelloop.learners.base import Example, Scratch
from labelloop.learners.platt import fit_curve
from labelloop.learners.prompting.files import GUIDELINE, REFINEMENT, read
from labelloop.learners.prompting.first import first_look, first_model
from labelloop.learners.prompting.guideline import Guideline, beginning
from labelloop.learners.prompting.judge import Judge, Judgement, Parameters
from labelloop.learners.prompting.measure import Measured, measure, sample, spare, tokens_per_text
from labelloop.learners.prompting.model import Connect, PromptModel, connect, tell
from labelloop.learners.prompting.prompt import instructions
from labelloop.learners.prompting.refine import Refiner
from labelloop.learners.prompting.refinement import Refinement
from labelloop.learners.prompting.shots import Policy, Shots
from labelloop.learners.stored import check_encoder
from labelloop.llm.account import Account, current_account
from labelloop.llm.prices import price_of
from labelloop.settings import Settings


class PromptLearner:
    """Implements Learner for `prompt` and `prompt:<model>`; without an argument the model is that of the settings.

    Nothing is trained: a fit writes the prompt and asks the LLM about at most 100 of the examples, to learn how far it
    can be trusted; from its errors it may propose better rules, which are taken if the others prove them better.
    `connect` gives the way to the LLM.
    """

    name = "prompt"
    kinds = frozenset(FieldKind)
    background = True
    needs_labels = False

    def __init__(self, model: str = "", connect: Connect = connect) -> None:
        self._model, self._connect = model.strip(), connect

    def fit(
        self,
        field: Field,
        examples: Sequence[Example],
        *,
        pool: Sequence[str],
        encode: Encode,
        seed: int,
        scratch: Scratch,
    ) -> PromptModel:
        """Write the prompt and measure the LLM on held-out examples.

        Without any example the LLM is asked about the texts of the pool, and how often it is right stays unknown; else
        it is not asked about texts that nobody judged. Raises NothingToLearn if no example has a value that the field
        allows, another UserError if there is no LLM, it does not answer, its price is unknown, or the cap is reached;
        what it answered until then is kept.
        """
        usable = sorted((e for e in examples if field.allows(e.value)), key=lambda e: (e.task_id, e.text))
        if not usable and (examples or not pool):
            raise NothingToLearn(f"No label of {field.name} has settled yet that it still allows: label some tasks.")
        start, origin = beginning(scratch.guideline, Settings().llm_guideline, field)
        judge, account = self._judge(field, usable, encode, start), current_account()
        if not examples:
            told = Refinement(origin, start.written(), because="there was no label yet")
            return self._unmeasured(judge, pool, told, account, encode, scratch)
        try:
            measured = measure(self._connect(), judge, sample(len(usable), seed), account, scratch)
        except NeighbourError as error:  # a round does not wait for a server that is down: it competes in the next one
            raise UserError(str(error)) from error
        _refuse_prose(judge, measured.said)
        further = spare(len(usable), seed)
        measured, refinement = self._refined(measured, start, origin, further, account, scratch)
        return self._model_of(measured, _guess(field, usable), account, encode, _papers(refinement))

    def load(self, directory: Path, *, encode: Encode) -> PromptModel:
        """Read a saved model; raises BrokenPromise if it cannot be read or its vectors are of another encoder."""
        stored = read(directory)
        check_encoder(directory, stored.encoder, encode)
        return PromptModel(
            stored.judge,
            stored.curve,
            stored.guess,
            stored.names,
            stored.account,
            encode,
            self._connect,
            stored.tokens,
            stored.papers,
        )

    def _unmeasured(
        self,
        judge: Judge,
        pool: Sequence[str],
        told: Refinement,
        account: Account,
        encode: Encode,
        scratch: Scratch,
    ) -> PromptModel:
        try:
            said = first_look(self._connect, judge, pool, encode, account, scratch)
        except NeighbourError as error:  # people begin without it, and it competes in the first round
            raise UserError(str(error)) from error
        _refuse_prose(judge, said)
        return first_model(judge, said, account, encode, self._connect, _papers(told))

    def _refined(
        self,
        measured: Measured,
        start: Guideline,
        origin: str,
        further: Sequence[int],
        account: Account,
        scratch: Scratch,
    ) -> tuple[Measured, Refinement]:
        settings = Settings()
        if not settings.llm_refine:
            return measured, Refinement(origin, start.written(), because="LABELLOOP_LLM_REFINE is off")
        price = price_of(settings.llm_price_table(), measured.judge.parameters.model)
        return Refiner(self._connect(), account, price, scratch)(measured, start, origin, further)

    def _model_of(
        self,
        measured: Measured,
        guess: tuple[Value, float],
        account: Account,
        encode: Encode,
        papers: Mapping[str, str],
    ) -> PromptModel:
        judge, said = measured.judge, measured.said
        tell(said, model=judge.parameters.model)
        told = zip(measured.places, said, strict=True)
        pairs = [(one.score, one.value == judge.shots.values[place]) for place, one in told if one.value is not None]
        curve = fit_curve([score for score, _ in pairs], [right for _, right in pairs])
        names = frozenset[str]().union(*(one.names for one in said))
        tokens = tokens_per_text(said)
        return PromptModel(judge, curve, guess, names, account, encode, self._connect, tokens, papers, measured)

    def _judge(self, field: Field, examples: Sequence[Example], encode: Encode, told: Guideline) -> Judge:
        settings = Settings()
        model = self._model or settings.llm_model
        if not model:
            raise UserError("No LLM is named: set LABELLOOP_LLM_MODEL, or `prompt:<model>` in the rule `learners`.")
        system = instructions(field, told)
        parameters = Parameters(model, settings.llm_context_tokens, settings.llm_max_tokens, settings.llm_runs)
        texts = tuple(example.text for example in examples)
        shots = Shots(texts, tuple(example.value for example in examples), encode(texts))
        return Judge(field, system, parameters, Policy(), shots)


def _papers(refinement: Refinement) -> dict[str, str]:
    return {GUIDELINE: refinement.used, REFINEMENT: refinement.to_json()}


def _refuse_prose(judge: Judge, said: Sequence[Judgement]) -> None:
    if not any(one.readable for one in said):
        raise UserError(
            f"No answer of the LLM {judge.parameters.model} to any of {len(said)} texts can be read: "
            "it must be able to answer with JSON. Try another model."
        )


def _guess(field: Field, examples: Sequence[Example]) -> tuple[Value, float]:
    counts = Counter(example.value for example in examples)
    if field.kind is FieldKind.SPANS:  # another text's places mean nothing here
        empty = Spans(frozenset())
        return empty, counts[empty] / (len(examples) + 1)
    value = min(counts, key=lambda each: (-counts[each], str(each)))
    return value, counts[value] / (len(examples) + 1)
