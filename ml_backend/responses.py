"""How the service answers: JSON by orjson, and every error as one plain sentence."""

import json
from typing import Any

import orjson
import structlog
from flask import Flask, Response, request
from flask.json.provider import JSONProvider
from redis.exceptions import RedisError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from labelloop.errors import LabelLoopError, NeighbourError, NotConnected, NotFound, UserError

log = structlog.get_logger()


NO_QUEUE = "Redis does not answer, so nothing was queued: try again in a moment."
MOST_PARTS = 2_000_000
"""JSON objects and lists that a request may hold: each takes a hundred bytes and more, though two when it is sent."""


class FastJson(JSONProvider):
    """Reads and writes 5,000 tasks in milliseconds."""

    def dumps(self, obj: Any, **_: Any) -> str:
        """Return the value as JSON."""
        return orjson.dumps(obj).decode()

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Return the value as a JSON answer."""
        body = orjson.dumps(self._prepare_response_obj(args, kwargs))
        return Response(body, mimetype="application/json")

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Return what the JSON says; raises ValueError where it is not JSON."""
        try:
            return orjson.loads(s)
        except orjson.JSONDecodeError:
            pass
        try:  # a text with half a surrogate pair is legal JSON, but not to orjson
            return json.loads(s)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def refusal(status: int, sentence: str) -> Response:
    """Return an error answer whose body is one plain sentence."""
    return Response(orjson.dumps({"error": sentence}), status, mimetype="application/json")


def body() -> dict[str, Any]:
    """Return the request's JSON object; raises UserError for anything else, and for one of too many parts."""
    sent = request.get_data()
    if sent.count(b"{") + sent.count(b"[") > MOST_PARTS:
        raise UserError("The request's body has too many parts: ask for fewer tasks at once.")
    try:
        found = request.get_json(force=True)
    except RequestEntityTooLarge:
        raise
    except HTTPException as error:
        raise UserError("The request's body is not JSON.") from error
    if not isinstance(found, dict):
        raise UserError("The request's body must be a JSON object.")
    return found


def project_id(given: object) -> int:
    """Return the project's id from `<id>.<created at>`, as Label Studio names it; raises UserError for all else."""
    digits = str(given).partition(".")[0]
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise UserError("The request must name its project as Label Studio does: '<project id>.<created at>'.")
    return int(digits)


def answer_errors(app: Flask, *, max_body_mb: int) -> None:
    """Turn whatever is raised into an answer that says what to do, and never shows a trace."""
    app.config["MAX_CONTENT_LENGTH"] = max_body_mb * 2**20

    @app.errorhandler(LabelLoopError)
    def ours(error: LabelLoopError) -> Response:
        """Answer an error of ours in its own words, unless a promise was broken: that is for the log."""
        status = status_of(error)
        if status >= 500:
            log.error("failed", route=request.path, error=str(error), exc_info=status == 500)
        return refusal(status, str(error) if status != 500 else "Something broke here: see the ML backend's log.")

    @app.errorhandler(RedisError)
    def queues(error: RedisError) -> Response:
        """Ask for patience: what was to be done is done by a worker, and none can be told."""
        log.error("failed", route=request.path, error=str(error))
        return refusal(503, NO_QUEUE)

    @app.errorhandler(HTTPException)
    def flasks(error: HTTPException) -> Response:
        if isinstance(error, RequestEntityTooLarge):
            return refusal(413, f"The request is larger than {max_body_mb} MiB: ask for fewer tasks at once.")
        return refusal(error.code or 500, error.description or error.name)

    @app.errorhandler(Exception)
    def unknown(error: Exception) -> Response:
        """Log whatever else was raised, and give nothing of it away."""
        log.exception("failed", route=request.path, error=type(error).__name__)
        return refusal(500, "Something broke here: see the ML backend's log.")


def status_of(error: LabelLoopError) -> int:
    """Return the HTTP status that an error of ours is answered with."""
    match error:
        case NotConnected() | NotFound():
            return 404
        case UserError():
            return 400
        case NeighbourError():
            return 503
        case _:
            return 500
