"""Label Studio's refusals in our words: which of our errors an answer is, and what to do about it."""

import re

import httpx

from labelloop.errors import LabelLoopError, NeighbourError, NotFound, UserError
from labelloop.outgoing_requests import through

# The server's words are quoted in our message; they may go on to repeat a task, which is not for messages and logs.
LONGEST_QUOTE = 400
REPEATED_TASK = " [assume: item"
_MARKUP = re.compile(r"</?[a-z][^>]*>")

SSRF_ADVICE = (
    "Label Studio refuses loopback and private addresses. Start it with LABEL_STUDIO_ML_BLOCK_LOCAL_IP=false (for the "
    "ML backend) and LABEL_STUDIO_SSRF_PROTECTION_ENABLED=false (for webhooks); both are needed."
)
HOW_TO_RENEW = (
    "Make a personal access token in Label Studio (top right: Account & Settings > Personal Access Token) "
    "and set LABELLOOP_LABEL_STUDIO_TOKEN to it."
)


class ServerFault(NeighbourError):
    """Label Studio failed on this very request (HTTP 500): it may answer others meanwhile."""


def is_ssrf(words: str) -> bool:
    """Return whether Label Studio refused an address because it is loopback, private or otherwise reserved."""
    text = words.lower()
    return "reserved network address" in text or "ssrf" in text or "url was not allowed" in text


def token_refused(words: str) -> UserError:
    """Return the error for a 401: what Label Studio said of the token, and what to do."""
    if "legacy" in words.lower():
        return UserError(
            f"Label Studio no longer accepts legacy tokens ({words}). {HOW_TO_RENEW} Or allow legacy tokens again "
            "under Organization > API Token Settings."
        )
    return UserError(
        f"Label Studio refuses the token ({words}): it was revoked, has expired or is mistyped. {HOW_TO_RENEW}"
    )


def error_of(response: httpx.Response) -> LabelLoopError:
    """Return the error that this answer (status 400 or above) is."""
    words, status = words_of(response), response.status_code
    where = f"{response.request.method} {response.request.url.path}"
    match status:
        case 407 | 502 | 503 | 504 if via := through(str(response.request.url)):
            return NeighbourError(f"No answer to {where} (HTTP {status}: {words}): it was sent{via}.")
        case 401:
            return token_refused(words)
        case 403 if is_ssrf(words):
            return UserError(f"{words} {SSRF_ADVICE}")
        case 403:
            return UserError(f"Label Studio forbids {where} for this token's account: {words}")
        case 404:
            return NotFound(
                f"Label Studio has nothing at {where} ({words}): check the project's number and the address."
            )
        case _ if status < 500 and status != 429:
            return UserError(f"Label Studio refused {where}: {words}")
        case _:
            failed = ServerFault if status == 500 else NeighbourError
            return failed(
                f"Label Studio at {_host(response.request.url)} failed on {where} (HTTP {status}): {words} "
                "Try again; if it stays, look into Label Studio's log."
            )


def unreachable(url: str, error: httpx.HTTPError) -> NeighbourError:
    """Return the error for a request that got no answer."""
    reason = str(error) or type(error).__name__
    return NeighbourError(
        f"Label Studio at {url} does not answer ({reason}). Is it running, and is LABELLOOP_LABEL_STUDIO_URL right?"
        + (f" It is asked{via}." if (via := through(url)) else "")
    )


def not_label_studio(response: httpx.Response) -> UserError:
    """Return the error for an answer that Label Studio would not give: a redirection or a web page."""
    target = response.headers.get("location")
    what = f"redirects to {target}" if target else "answers, but not as Label Studio does"
    asked = f" It is asked{via}." if (via := through(str(response.request.url))) else ""
    return UserError(f"{_host(response.request.url)} {what}: check LABELLOOP_LABEL_STUDIO_URL.{asked}")


def words_of(response: httpx.Response) -> str:
    """Return the server's own words, cut to `LONGEST_QUOTE` characters; a web page is not quoted."""
    try:
        body = response.json()
    except ValueError:
        return response.reason_phrase or "no reason given"
    if not isinstance(body, dict):
        return _cut(str(body))
    reasons = body.get("validation_errors") or body.get("detail") or body
    return _cut("; ".join(_flat(reasons)))


def _flat(reasons: object) -> list[str]:
    match reasons:
        case dict():
            return [
                text if key in ("non_field_errors", "detail") else f"{key}: {text}"
                for key, value in reasons.items()
                for text in _flat(value)
            ]
        case list():
            return [text for value in reasons for text in _flat(value)]
        case _:
            return [str(reasons)]


def _cut(text: str) -> str:
    text = _MARKUP.sub("", text.partition(REPEATED_TASK)[0])
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"


def _host(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode()}"
