"""Servers speak dialects of one protocol: what a server does not take is left out, and what it leaves out is borne."""

from typing import Any

import pytest

from labelloop.errors import UserError
from labelloop.llm.chat_messages import ChatResponse
from labelloop.llm.chat_protocol import read
from tests.llm.asking import said, texts
from tests.llm.conftest import Reach
from tests.llm.server import Fault, ScriptedLLM


def test_parameters_that_a_server_does_not_know_are_left_out(llm: ScriptedLLM, reach: Reach) -> None:
    """Servers speak dialects: the answer is the same without them."""
    llm.refuses = ("logprobs", "temperature", "max_tokens", "seed")
    (answer,) = said(reach(), ["a card"])

    assert answer.content == '{"label": "card"}'
    assert llm.requests[0]["max_completion_tokens"] == 64
    assert not answer.tokens


@pytest.mark.slow
@pytest.mark.parametrize("side_by_side", [1, 8])
def test_requests_on_the_way_may_hear_the_same_complaint(llm: ScriptedLLM, reach: Reach, side_by_side: int) -> None:
    """Each is sent again without what it was refused for, though another's complaint had said so before.

    What is learned holds for the model's next batch.
    """
    llm.refuses = ("logprobs", "max_tokens", "response_format")
    llm.together = side_by_side
    client = reach(llm_concurrency=side_by_side)
    assert len(said(client, texts(20))) == 20
    refused = llm.refused

    assert len(said(client, texts(30))) == 30
    assert 3 <= refused == llm.refused <= 3 * side_by_side


def test_a_refused_parameter_that_is_needed_is_named(llm: ScriptedLLM, reach: Reach) -> None:
    """Without a limit of the response's length no cap could be kept; the server's own words are not passed on."""
    llm.refuses = ("max_tokens", "max_completion_tokens")
    with pytest.raises(UserError, match=r"\(400\) because of `max_completion_tokens`: see its log"):
        said(reach(), ["a card"])


def test_what_a_server_leaves_null_or_sends_in_parts_is_read() -> None:
    """Null is no count of tokens and no probability; a text in parts is one text; anything else is no response."""
    body: dict[str, Any] = {"choices": [{"message": {"content": None}, "logprobs": None}], "usage": None, "model": None}
    assert read(body, tokens_in=7, tokens_out=8) == ChatResponse("", (), 7, 8, "")

    body["choices"][0]["message"]["content"] = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "{}"}]
    body["choices"][0]["logprobs"] = {"content": [{"token": "{}", "logprob": None}]}
    body["usage"] = {"prompt_tokens": None, "completion_tokens": 3}
    assert read(body, tokens_in=7, tokens_out=8) == ChatResponse("{}", (), 7, 3, "")

    body["choices"][0]["message"]["content"] = {"label": "card"}
    with pytest.raises(TypeError):
        read(body, tokens_in=7, tokens_out=8)


def test_a_role_that_a_server_does_not_know_is_the_users(llm: ScriptedLLM, reach: Reach) -> None:
    """Some models have no place for what a system says: the question begins with it, for all that follow too."""
    llm.refuses, llm.complaint = ("system",), (400, "System role not supported")
    client = reach(llm_concurrency=4)
    assert {response.content for response in said(client, [f"card {n}" for n in range(8)])} == {'{"label": "card"}'}

    refused = llm.refused
    said(client, ["another card"])
    assert llm.refused == refused
    (message,) = llm.requests[-1]["messages"]
    assert message == {"role": "user", "content": 'Label it.\n\n{"text": "another card"}'}


def test_a_parameter_that_is_forbidden_is_no_wrong_key(llm: ScriptedLLM, reach: Reach) -> None:
    """Servers answer 403 for both: one names what we sent."""
    llm.refuses, llm.complaint = ("logprobs",), (403, "You are not allowed to request {} from this model")
    (answer,) = said(reach(), ["a card"])
    assert answer.content == '{"label": "card"}'

    llm.always = Fault(403, "You have no access to this model; messages are refused.")
    with pytest.raises(UserError, match="refuses our key"):
        said(reach(), ["another card"])
