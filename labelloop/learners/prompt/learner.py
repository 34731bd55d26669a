"""A prompted LLM as a learner: a guideline, the nearest labelled examples, and confidence that was measured."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from labelloop.domain.guideline_text import GuidelineText
from labelloop.domain.refinement import Refinement
from labelloop.domain.schema import Field
from labelloop.domain.values import OF_THE_TASK, FieldKind, Spans, Value, same
from labelloop.errors import NeighbourError, UserError
from labelloop.learners.base import Example, FieldLesson, FitContext, ModelContext
from labelloop.learners.calibration.platt import fit_platt
from labelloop.learners.model_io import check_encoder
from labelloop.learners.prompt.example_selection import Policy, Shots
from labelloop.learners.prompt.held_out_score import measure, sample, spare, tokens_per_text
from labelloop.learners.prompt.joint_prompt import Section
from labelloop.learners.prompt.llm_labeler import LlmAnswer, LlmLabeler
from labelloop.learners.prompt.model import PromptModel, log_answers
from labelloop.learners.prompt.prompt_files import FittedPrompt, read
from labelloop.learners.prompt.prompt_text import instructions
from labelloop.learners.prompt.question import Parameters
from labelloop.learners.prompt.refine import Refiner
from labelloop.learners.prompt.response_reading import reasons
from labelloop.learners.prompt.zero_shot import first_answers, no_fallback
from labelloop.learners.usable import usable_examples
from labelloop.llm.cost_center import current_cost_center
from labelloop.llm.guideline_file import beginning
from labelloop.llm.llm_client import required
from labelloop.llm.llm_settings import LlmSettings


class PromptLearner:
    """Implements Learner for `prompt` and `prompt:<model>`; without an argument the model is that of the settings.

    Nothing is trained: a fit writes the prompt and asks the LLM about at most 100 of the examples, to learn how far it
    can be trusted; from its errors it may propose better rules, which are taken if the others prove them better.
    """

    name = "prompt"
    kinds = frozenset(FieldKind)
    background = True
    asks_llm = True
    needs_labels = False

    def __init__(self, model: str = "") -> None:
        self._model = model.strip()

    def fit(self, field: Field, examples: Sequence[Example], context: FitContext) -> PromptModel:
        """Write the prompt and measure the LLM on held-out examples.

        Without any example the LLM is asked about the texts of the pool, and how often it is right stays unknown; else
        it is not asked about texts that nobody labelled. Raises NothingToLearn if no example has a value that the field
        allows, another UserError if there is no LLM, it does not answer, its price is unknown, or the cap is reached;
        what it answered until then is kept.
        """
        usable = usable_examples(field, examples) if examples or not context.pool else []
        settings = required(context.llm).settings
        guideline, origin = beginning(context.guideline, settings.guideline, field)
        labeler = self._labeler(field, usable, guideline, settings, context)
        start = Refinement(origin, guideline.written())
        try:
            if not examples:
                return _before_labels(labeler, start, context)
            measured = measure(labeler, sample(labeler, context.seed), context)
        except NeighbourError as error:  # a round does not wait for a server that is down: it competes in the next one
            raise UserError(str(error)) from error
        _refuse_unreadable(labeler, measured.answers)
        refinement = replace(start, reason="LABELLOOP_LLM_REFINE is off")
        if settings.refine:
            refiner = Refiner(context, settings.price(labeler.parameters.model))
            measured, refinement = refiner(measured, guideline, origin, spare(labeler, context.seed))
        truth = [measured.labeler.shots.values[place] for place in measured.places]
        prompt = _fitted(measured.labeler, measured.answers, truth, _fallback(field, usable), refinement, context)
        return PromptModel(prompt=prompt, encode=context.encode, llm=context.llm, measured=measured)

    def load(self, directory: Path, context: ModelContext) -> PromptModel:
        """Read a saved model; raises BrokenPromise if it cannot be read or its vectors are of another encoder."""
        prompt = read(directory)
        check_encoder(directory, prompt.encoder, context.encode)
        return PromptModel(prompt=prompt, encode=context.encode, llm=context.llm)

    def _labeler(
        self,
        field: Field,
        examples: Sequence[Example],
        guideline: GuidelineText,
        settings: LlmSettings,
        context: FitContext,
    ) -> LlmLabeler:
        model = self._model or settings.model
        if not model:
            raise UserError("No LLM is named: set LABELLOOP_LLM_MODEL, or `prompt:<model>` in the rule `learners`.")
        parameters = Parameters(model, settings.context_tokens, settings.max_tokens, settings.runs, excerpts=True)
        others = tuple(_section(one, settings, context) for one in context.together)
        shots = _shots(examples, context)
        return LlmLabeler(field, instructions(field, guideline), parameters, Policy(), shots, others)


def _section(lesson: FieldLesson, settings: LlmSettings, context: FitContext) -> Section:
    guideline, _ = beginning(lesson.guideline, settings.guideline, lesson.field)
    examples = usable_examples(lesson.field, lesson.examples) if lesson.examples else []
    return Section(lesson.field, instructions(lesson.field, guideline), _shots(examples, context))


def _shots(examples: Sequence[Example], context: FitContext) -> Shots:
    texts = tuple(example.text for example in examples)
    return Shots(texts, tuple(example.value for example in examples), context.encode(texts))


def _before_labels(labeler: LlmLabeler, start: Refinement, context: FitContext) -> PromptModel:
    answers = first_answers(labeler, context)
    _refuse_unreadable(labeler, answers)
    refinement = replace(start, reason="there was no label yet")
    prompt = _fitted(labeler, answers, (), no_fallback(labeler.field), refinement, context)
    return PromptModel(prompt=prompt, encode=context.encode, llm=context.llm)


def _fitted(
    labeler: LlmLabeler,
    answers: Sequence[LlmAnswer],
    truth: Sequence[Value],
    fallback: tuple[Value, float],
    refinement: Refinement,
    context: FitContext,
) -> FittedPrompt:
    """Return the prompt; `truth` is one value per answer, or none at all: then every confidence is even odds."""
    log_answers(answers, model=labeler.parameters.model)
    known = [(answer, value) for answer, value in zip(answers, truth, strict=False) if answer.value is not None]
    return FittedPrompt(
        labeler=labeler,
        curve=fit_platt(
            [answer.score for answer, _ in known],
            [same(answer.value, value) for answer, value in known if answer.value],
        ),
        fallback=fallback,
        names=frozenset[str]().union(*(answer.names for answer in answers)),
        cost_center=current_cost_center(),
        encoder=context.encode.digest,
        tokens=tokens_per_text(answers),
        refinement=refinement,
    )


def _refuse_unreadable(labeler: LlmLabeler, answers: Sequence[LlmAnswer]) -> None:
    if not any(answer.readable for answer in answers):
        why = "; ".join(f"{reason}: {n}" for reason, n in reasons(answer.unreadable for answer in answers).items())
        raise UserError(
            f"No answer of the LLM {labeler.parameters.model} to any of {len(answers)} texts can be used ({why}). It "
            "must answer with a JSON object as the prompt describes it: try another model."
        )


def _fallback(field: Field, examples: Sequence[Example]) -> tuple[Value, float]:
    if field.kind in OF_THE_TASK:  # another task's options mean nothing here
        return no_fallback(field)
    counts = Counter(example.value for example in examples)
    if field.kind is FieldKind.SPANS:  # another text's places mean nothing here
        empty = Spans(frozenset())
        return empty, counts[empty] / (len(examples) + 1)
    value = min(counts, key=lambda each: (-counts[each], str(each)))
    return value, counts[value] / (len(examples) + 1)
