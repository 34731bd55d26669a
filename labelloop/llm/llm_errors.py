"""What a server's refusal means: our error, with what to do next.

The server's own words are never passed on: they may quote the key or the prompt.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from labelloop.errors import LabelLoopError, NeighbourError, UserError
from labelloop.llm.chat_protocol import OPTIONAL
from labelloop.outgoing_requests import through, untrusted

if TYPE_CHECKING:
    import openai

_PASSING = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
_LONGEST_PAUSE_S = 60.0


class Passing(NeighbourError):
    """Trouble that may pass: worth another attempt, after `pause` seconds; `charged` tells that it may cost money."""

    def __init__(self, message: str, *, pause: float = 0.0, charged: bool = False) -> None:
        super().__init__(message)
        self.pause, self.charged = pause, charged


class ContextTooLong(UserError):
    """The prompt is longer than the model can read."""


class NotUnderstood(UserError):
    """The server refuses some parameter of the request, or a role of its messages.

    `sent` are all of both, `complaint` is what it says, in lower case.
    """

    def __init__(self, message: str, complaint: str, sent: Collection[str]) -> None:
        super().__init__(message)
        self.complaint, self.sent = complaint, sent


def meaning(error: Exception, *, url: str, sent: Mapping[str, Any], waited_s: float) -> LabelLoopError:
    """Return what an error of the SDK, or a time-out, means to us; `sent` is the request's body."""
    import openai

    match error:
        case TimeoutError() | openai.APITimeoutError():
            return Passing(
                f"The LLM at {url} did not answer within {waited_s:.0f} s: see its log, or raise "
                "LABELLOOP_LLM_TIMEOUT_S.",
                charged=not _never_sent(error),
            )
        case openai.APIConnectionError() if refused := untrusted(f"the LLM at {url}", error):
            return refused
        case openai.APIConnectionError():
            asked = f" It is asked{via}." if (via := through(url)) else ""
            return Passing(
                f"The LLM at {url} cannot be reached: is it running, and is LABELLOOP_LLM_BASE_URL right?{asked}",
                charged=not _never_sent(error),
            )
        case openai.APIStatusError():
            return _refusal(error, url, sent)
        case _:
            return NeighbourError(
                f"The LLM at {url} does not answer as an OpenAI-compatible server does ({type(error).__name__}): check "
                "LABELLOOP_LLM_BASE_URL (it often ends with /v1)."
            )


def _refusal(error: "openai.APIStatusError", url: str, sent: Mapping[str, Any]) -> LabelLoopError:
    status, words, model = error.status_code, _words(error), sent["model"]
    if status == 401 or (status == 403 and not any(name in words for name in OPTIONAL if name in sent)):
        return UserError(
            f"The LLM at {url} refuses our key ({status}): is it revoked? Set LABELLOOP_LLM_API_KEY or "
            "LABELLOOP_LLM_API_KEY_FILE to one that is valid."
        )
    if status == 429 and "insufficient_quota" in words:
        return UserError(f"The account at {url} has no credit left: top it up there, then go on.")
    if status in _PASSING:
        return Passing(f"The LLM at {url} answered {status}: try again later, or see its log.", pause=_pause(error))
    if status == 404:
        return UserError(
            f"The LLM at {url} knows no model {model} (404): was it renamed or withdrawn? Set LABELLOOP_LLM_MODEL, or "
            "`prompt:<model>` in the rule `learners`; check that LABELLOOP_LLM_BASE_URL ends as the server wants it."
        )
    if status == 413 or ("context" in words and any(w in words for w in ("length", "size", "window", "exceed"))):
        return ContextTooLong(
            f"The prompt is too long for {model} at {url}, even without examples: shorten the guideline, or set "
            "LABELLOOP_LLM_CONTEXT_TOKENS to what it can read."
        )
    if status in (400, 403, 422):
        about = [f"`{name}`" for name in sent if f"'{name}'" in words or f"`{name}`" in words or f'"{name}"' in words]
        return NotUnderstood(
            f"The LLM at {url} refuses our request ({status}){' because of ' * bool(about)}{', '.join(about)}: see its "
            "log. It must offer chat completions as OpenAI does.",
            words,
            {*sent, *(message["role"] for message in sent["messages"])},
        )
    return NeighbourError(f"The LLM at {url} answered {status}: check LABELLOOP_LLM_BASE_URL, and see its log.")


def _never_sent(error: Exception) -> bool:
    return type(error.__cause__).__name__ in ("ConnectError", "ConnectTimeout")  # of whatever client the SDK builds on


def _words(error: "openai.APIStatusError") -> str:
    body: Any = error.body
    return f"{body if body is not None else ''} {error.message}".lower()


def _pause(error: "openai.APIStatusError") -> float:
    try:
        return min(max(float(error.response.headers.get("retry-after", "0")), 0.0), _LONGEST_PAUSE_S)
    except ValueError:
        return 0.0
