"""POST /webhook: a doorbell. It says which project to look at; nothing else in it is believed."""

import structlog
from flask import Blueprint, g
from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError

from labelloop.errors import UserError
from ml_backend.answers import body, project_id
from ml_backend.serving import Serving
from workers.queue import Bell

log = structlog.get_logger()


def routes(serving: Serving, bell: Bell) -> Blueprint:
    """Return the routes."""
    blueprint = Blueprint("webhook", __name__)

    @blueprint.post("/webhook/<int:project>")
    def something_happened(project: int) -> ResponseReturnValue:
        """Our own webhook: the body is not even read."""
        return _ring(project, close=False)

    @blueprint.post("/webhook")
    def training_wanted() -> ResponseReturnValue:
        """What Label Studio sends to an ML backend: "Start training" closes a round at once."""
        told = body()
        project = told.get("project")
        if not isinstance(project, dict):
            raise UserError('The webhook must name its project: {"action": …, "project": {"id": 1}}.')
        return _ring(project_id(project.get("id")), close=told.get("action") == "START_TRAINING")

    def _ring(project: int, *, close: bool) -> ResponseReturnValue:
        g.project = serving.snapshot(project).project_id
        try:
            bell.ring(project, close=close)
        except (RedisError, OSError) as error:  # the person who saves must not wait or fail; reconcile catches up
            log.warning("bell_not_rung", project=project, close=close, error=type(error).__name__)
            return {"status": "later"}
        return {"status": "rung"}

    return blueprint
