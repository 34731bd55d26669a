"""One text judged by the LLM: asked, read, asked once more where the answer cannot be read, and agreed upon."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Value, similarity
from labelloop.learners.prompting.certainty import certainty
from labelloop.learners.prompting.form import Reply, in_words, read, schema
from labelloop.learners.prompting.prompt import fitting, shot
from labelloop.learners.prompting.shots import Policy, Shots
from labelloop.llm.faults import ContextTooLong
from labelloop.llm.messages import Ask, Message, Said

Speak = Callable[[Ask], Awaitable[Said]]

FLAT = 0.5
"""The score of an answer of which nothing tells how sure the model was."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """With what an LLM is asked: the model's name, how many tokens it reads and writes, and how often it is asked."""

    model: str
    context_tokens: int = 8192
    max_tokens: int = 512
    runs: int = 1
    temperature: float = 0.0


@dataclass(frozen=True, slots=True)
class Question:
    """A text with its vector, and the places of examples that it must not be shown."""

    text: str
    vector: NDArray[np.float32]
    without: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the LLM says: `value` is None where it is unsure or makes no sense; `score` is in [0, 1].

    `names` are what its model calls itself; `lost` counts quotes that do not stand in the text; `readable` is false
    where no answer kept to the form. The tokens are those of all requests it took, wherever their answers came from.
    """

    value: Value | None
    score: float = 0.0
    names: frozenset[str] = frozenset()
    lost: int = 0
    readable: bool = True
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True, slots=True)
class _Run:
    """What one run came to: the answers it took, the last of which counts."""

    reply: Reply | None
    sure: float
    answers: tuple[Said, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """All that an answer depends on: the field, what the model is told, its parameters, and the examples."""

    field: Field
    system: str
    parameters: Parameters
    policy: Policy
    shots: Shots

    async def __call__(self, speak: Speak, question: Question) -> Judgement:
        """Return the judgement that the runs agree upon: of the values said the one most like all of them.

        Its score is the mean, over the runs, of that likeness times how sure the model was.
        """
        runs = [await self._run(speak, question, run) for run in range(self.parameters.runs)]
        answers = [answer for run in runs for answer in run.answers]
        tokens = sum(answer.tokens_in for answer in answers), sum(answer.tokens_out for answer in answers)
        names = frozenset(run.answers[-1].model for run in runs if run.answers[-1].model)
        replies = [(run.reply, run.sure) for run in runs if run.reply is not None]
        lost = sum(reply.lost for reply, _ in replies)
        said = [(reply.value, sure) for reply, sure in replies if reply.value is not None]
        if not said:
            return Judgement(None, 0.0, names, lost, bool(replies), *tokens)
        scores = [sum(similarity(one, other) * sure for other, sure in said) / len(runs) for one, _ in said]
        best = max(range(len(said)), key=scores.__getitem__)
        return Judgement(said[best][0], min(scores[best], 1.0), names, lost, True, *tokens)

    def asks(self, question: Question) -> list[Ask]:
        """Return what would be asked of a text if every prompt fits and every answer can be read."""
        return [self._ask(next(self._prompts(question, run)), run) for run in range(self.parameters.runs)]

    async def _run(self, speak: Speak, question: Question, run: int) -> _Run:
        ask, said = await self._heard(speak, question, run)
        answers, reply = [said], read(self.field, question.text, said.content)
        if reply is None:
            answers += await self._repaired(speak, ask, said)
            reply = read(self.field, question.text, answers[-1].content)
        return _Run(reply, self._sure(answers[-1], reply), tuple(answers))

    async def _heard(self, speak: Speak, question: Question, run: int) -> tuple[Ask, Said]:
        too_long: ContextTooLong | None = None
        for messages in self._prompts(question, run):
            ask = self._ask(messages, run)
            try:
                return ask, await speak(ask)
            except ContextTooLong as error:
                too_long = error
        assert too_long is not None
        raise too_long

    def _prompts(self, question: Question, run: int) -> Iterator[tuple[Message, ...]]:
        near = self.shots.near(question.vector, self.policy, question.without)
        order = near if run == 0 else list(np.random.default_rng(run).permutation(near))
        shots = [shot(self.field, self.shots.texts[place], self.shots.values[place]) for place in order]
        room = self.parameters.context_tokens - self.parameters.max_tokens
        return fitting(self.field, self.system, shots, question.text, room)

    async def _repaired(self, speak: Speak, ask: Ask, said: Said) -> list[Said]:
        wanted = f"That is not what was asked. Answer with one JSON object and nothing else: {in_words(self.field)}"
        more = (Message("assistant", said.content[:1000] or "{}"), Message("user", wanted))
        try:
            return [await speak(self._ask((*ask.messages, *more), ask.seed))]
        except ContextTooLong:
            return []

    def _ask(self, messages: tuple[Message, ...], run: int) -> Ask:
        about = self.parameters
        return Ask(about.model, messages, schema(self.field), about.max_tokens, about.temperature, seed=run)

    def _sure(self, said: Said, reply: Reply | None) -> float:
        long = self.field.kind in (FieldKind.SPANS, FieldKind.TEXT)
        found = certainty(said, reply.pieces, long=long) if reply is not None else None
        if found is not None:
            return found
        return FLAT if self.parameters.runs == 1 else 1.0
