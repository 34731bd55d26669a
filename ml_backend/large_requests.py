"""Large requests are read one or two at a time, so that all of them together fit into memory."""

from threading import BoundedSemaphore

from flask import Flask, Request, Response, g, request

from ml_backend.responses import refusal

LARGE = 8 * 2**20
"""From so many bytes on a request is large: about 3,000 tasks."""
AT_ONCE = 2


def limit_large_requests(app: Flask) -> None:
    """Answer 503 to a large request while `AT_ONCE` others are being answered; nobody waits in a thread."""
    free = BoundedSemaphore(AT_ONCE)

    @app.before_request
    def take_turns() -> Response | None:
        if not _is_large(request):
            return None
        if not free.acquire(blocking=False):
            answer = refusal(
                503, "Other large requests are being answered: try again in a minute, or with fewer tasks."
            )
            answer.headers["Retry-After"] = "30"
            return answer
        g.large = True
        return None

    @app.teardown_request
    def give_turn_back(_: BaseException | None) -> None:
        if g.pop("large", False):
            free.release()


def _is_large(request: Request) -> bool:
    """Return whether the body is large, or comes in chunks and may be; without a length there is no body otherwise."""
    length = request.content_length
    return "Transfer-Encoding" in request.headers if length is None else length >= LARGE
