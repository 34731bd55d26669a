"""POST /webhook: a doorbell. It says which project to look at; nothing else in it is believed."""

import structlog
from flask import Blueprint, g
from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError

from labelloop.errors import UserError
from ml_backend.responses import body, project_id
from ml_backend.serving import Serving
from workers.jobs.job_queue import Bell

log = structlog.get_logger()


def routes(serving: Serving, bell: Bell) -> Blueprint:
    """Return the routes."""
    blueprint = Blueprint("webhook", __name__)

    @blueprint.post("/webhook/<int:project>")
    def something_happened(project: int) -> ResponseReturnValue:
        """Our own webhook: the body is not even read."""
        return _ring(project, close=False)

    @blueprint.get("/webhook/<int:project>")
    def would_be_heard(project: int) -> ResponseReturnValue:
        """Say, with the credentials of the doorbell but without ringing, whether a ring would be heard."""
        g.project = serving.snapshot(project).project_id
        try:
            bell.redis.ping()
        except (RedisError, OSError):
            return {"status": "later"}
        return {"status": "ready"}

    @blueprint.post("/webhook")
    def training_wanted() -> ResponseReturnValue:
        """Ring as Label Studio asks an ML backend to: "Start training" closes a round at once."""
        sent = body()
        project = sent.get("project")
        if not isinstance(project, dict):
            raise UserError('The webhook must name its project: {"action": …, "project": {"id": 1}}.')
        return _ring(project_id(project.get("id")), close=sent.get("action") == "START_TRAINING")

    def _ring(project: int, *, close: bool) -> ResponseReturnValue:
        """Ring for a connected project; where Redis is away the answer is "later", and still 200."""
        g.project = serving.snapshot(project).project_id
        try:
            bell.ring(project, close=close)
        except (RedisError, OSError) as error:  # the person who saves must not wait or fail; reconcile catches up
            log.warning("bell_not_rung", project=project, close=close, error=type(error).__name__)
            return {"status": "later"}
        return {"status": "rung"}

    return blueprint
