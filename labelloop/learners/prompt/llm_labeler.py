"""One text labelled by the LLM: asked, read, asked once more where the response cannot be read, and agreed upon."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.guideline_text import read_guideline
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Value, similarity
from labelloop.encoders.base import Encode
from labelloop.learners.prompt.example_selection import Policy, Shots
from labelloop.learners.prompt.excerpt import Excerpt, in_whole_text, ranked_passages
from labelloop.learners.prompt.joint_prompt import JointPrompt, Section
from labelloop.learners.prompt.joint_response import parts_of, read_part
from labelloop.learners.prompt.output_schema import in_words, schema
from labelloop.learners.prompt.prompt_text import Prompt, fits, fitting, shot
from labelloop.learners.prompt.question import Parameters, Question
from labelloop.learners.prompt.response_reading import Reply, Unreadable, read
from labelloop.learners.prompt.token_confidence import certainty
from labelloop.llm.chat_messages import ChatRequest, ChatResponse, Message
from labelloop.llm.llm_client import Ask
from labelloop.llm.llm_errors import ContextTooLong

FLAT = 0.5
"""The score of a response of which nothing tells how sure the model was."""


@dataclass(frozen=True, slots=True)
class LlmAnswer:
    """The LLM's answer about a text: `value` is None where it is unsure or makes no sense; `score` is in [0, 1].

    `names` are what its model calls itself; `lost` counts quotes that do not stand in the text; `unreadable` is why no
    response was an answer. The tokens are those of all requests it took, wherever the responses came from; of one that
    asked for several fields an equal share.
    """

    value: Value | None
    score: float = 0.0
    names: frozenset[str] = frozenset()
    lost: int = 0
    unreadable: Unreadable | None = None
    tokens_in: int = 0
    tokens_out: int = 0

    @property
    def readable(self) -> bool:
        """Return whether a response was an answer, if only that the model is unsure."""
        return self.unreadable is None


@dataclass(frozen=True, slots=True)
class _Run:
    """One run with the responses it took, the last of which counts."""

    reply: Reply | Unreadable
    sure: float
    responses: tuple[ChatResponse, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LlmLabeler:
    """All that an answer depends on: the field, the system message, the parameters, and the examples.

    `others` are fields that the LLM is asked about in the same request, as they were when this one was fitted: `system`
    is then its part of what the LLM is told, and what it is told alone where its part of an answer is none.
    """

    field: Field
    system: str
    parameters: Parameters
    policy: Policy
    shots: Shots
    others: tuple[Section, ...] = ()

    @property
    def joint(self) -> JointPrompt:
        """Return what all of these fields are asked with."""
        own = Section(self.field, self.system, self.shots)
        return JointPrompt.of([own, *self.others], self.parameters, self.policy)

    @property
    def fields(self) -> int:
        """Return about how many fields a request asks."""
        return 1 + len(self.others)

    async def __call__(self, ask: Ask, question: Question) -> LlmAnswer:
        """Return the answer that the runs agree upon: of the values given the one most like all of them.

        Its score is the mean, over the runs, of that similarity times how sure the model was.
        """
        runs = [await self._run(ask, question, run) for run in range(self.parameters.runs)]
        responses = [response for run in runs for response in run.responses]
        tokens = sum(each.tokens_in for each in responses), sum(each.tokens_out for each in responses)
        names = frozenset(run.responses[-1].model for run in runs if run.responses[-1].model)
        replies = [(run.reply, run.sure) for run in runs if isinstance(run.reply, Reply)]
        unreadable = next((run.reply for run in runs if isinstance(run.reply, Unreadable)), None)
        lost = sum(reply.lost for reply, _ in replies)
        given = [(reply.value, sure) for reply, sure in replies if reply.value is not None]
        if not given:
            return LlmAnswer(None, 0.0, names, lost, None if replies else unreadable, *tokens)
        scores = [sum(similarity(one, other) * sure for other, sure in given) / len(runs) for one, _ in given]
        best = max(range(len(given)), key=scores.__getitem__)
        return LlmAnswer(given[best][0], min(scores[best], 1.0), names, lost, None, *tokens)

    def question(
        self, text: str, vector: NDArray[np.float32], encode: Encode, without: frozenset[int] = frozenset()
    ) -> Question:
        """Return what is asked about a text; where it is too long, its passages are ranked by the encoder."""
        given = self.parameters
        if not given.excerpts or fits(self.field, self.system, text, given.room):
            return Question(text, vector, without, () if given.excerpts else None)
        return Question(text, vector, without, ranked_passages(text, self._rules(), encode))

    def _rules(self) -> list[str]:
        guideline = read_guideline(self.system, self.field)
        return [f"{rule.label}. {rule.text}" for rule in guideline.rules] or [guideline.task]

    def requests(self, question: Question) -> list[ChatRequest]:
        """Return what would be asked about a text if every prompt fits and every response can be read."""
        return [self._first_request(question, run) for run in range(self.parameters.runs)]

    def _first_request(self, question: Question, run: int) -> ChatRequest:
        joint = next(self.joint.requests(question, run), None) if self.others else None
        return joint or self._request(next(self._prompts(question, run)).messages, run, question.text)

    async def _run(self, ask: Ask, question: Question, run: int) -> _Run:
        """Return what the LLM says of the field among others; where that is no answer, what it says of it alone."""
        among = await self._among_others(ask, question, run) if self.others else None
        if among is not None and isinstance(among.reply, Reply):
            return among
        alone = await self._alone(ask, question, run)
        return replace(alone, responses=(*among.responses, *alone.responses)) if among else alone

    async def _among_others(self, ask: Ask, question: Question, run: int) -> _Run | None:
        joint = self.joint
        responses = await joint.ask(ask, question, run)
        if not responses:
            return None
        parts = parts_of(responses[-1])
        reply = read_part(joint.fields, self.field.name, parts, question.text)
        sure = self._sure(parts[self.field.name], reply) if self.field.name in parts else 0.0
        return _Run(reply, sure, tuple(self._share(one) for one in responses))

    def _share(self, response: ChatResponse) -> ChatResponse:
        tokens_in, tokens_out = (-(-tokens // self.fields) for tokens in (response.tokens_in, response.tokens_out))
        return replace(response, tokens_in=tokens_in, tokens_out=tokens_out)

    async def _alone(self, ask: Ask, question: Question, run: int) -> _Run:
        excerpt, request, response = await self._first_response(ask, question, run)
        responses, reply = [response], self._read(excerpt, response)
        if isinstance(reply, Unreadable):
            responses += await self._repaired(ask, request, response, reply)
            reply = self._read(excerpt, responses[-1])
        return _Run(reply, self._sure(responses[-1], reply), tuple(responses))

    def _read(self, excerpt: Excerpt, response: ChatResponse) -> Reply | Unreadable:
        return in_whole_text(read(self.field, str(excerpt), response.content), excerpt)

    async def _first_response(
        self, ask: Ask, question: Question, run: int
    ) -> tuple[Excerpt, ChatRequest, ChatResponse]:
        too_long: ContextTooLong | None = None
        for prompt in self._prompts(question, run):
            request = self._request(prompt.messages, run, question.text)
            try:
                return prompt.excerpt, request, await ask(request)
            except ContextTooLong as error:
                too_long = error
        assert too_long is not None
        raise too_long

    def _prompts(self, question: Question, run: int) -> Iterator[Prompt]:
        near = self.shots.near(question.vector, self.policy, question.without)
        order = near if run == 0 else list(np.random.default_rng(run).permutation(near))
        shots = [shot(self.field, self.shots.texts[place], self.shots.values[place]) for place in order]
        return fitting(self.field, self.system, shots, question.text, self.parameters.room, question.ranked)

    async def _repaired(
        self, ask: Ask, request: ChatRequest, response: ChatResponse, why: Unreadable
    ) -> list[ChatResponse]:
        wanted = (
            f"That cannot be used: it is {why}. Answer with one JSON object and nothing else: {in_words(self.field)}"
        )
        more = (Message("assistant", response.content[:1000] or "{}"), Message("user", wanted))
        try:
            return [await ask(replace(request, messages=(*request.messages, *more)))]
        except ContextTooLong:
            return []

    def _request(self, messages: tuple[Message, ...], run: int, text: str) -> ChatRequest:
        given = self.parameters
        return ChatRequest(
            given.model, messages, schema(self.field, text), given.max_tokens, given.temperature, seed=run
        )

    def _sure(self, response: ChatResponse, reply: Reply | Unreadable) -> float:
        long = self.field.kind in (FieldKind.SPANS, FieldKind.TEXT)
        found = certainty(response, reply.pieces, long=long) if isinstance(reply, Reply) else None
        if found is not None:
            return found
        return FLAT if self.parameters.runs == 1 else 1.0
