"""POST /setup: which version Label Studio should expect. From memory; Label Studio waits three seconds at most."""

from flask import Blueprint, g
from flask.typing import ResponseReturnValue

from labelloop.errors import NotConnected
from ml_backend.responses import body, project_id
from ml_backend.serving import Serving


def routes(serving: Serving) -> Blueprint:
    """Return the route."""
    blueprint = Blueprint("setup", __name__)

    @blueprint.post("/setup")
    def setup() -> ResponseReturnValue:
        """Answer 200 even for a project that is not looped: its owner reads the reason as the model's version."""
        g.project = project_id(body().get("project"))
        try:
            g.version = serving.snapshot(g.project).name
        except NotConnected:
            g.version = f"not connected: run labelloop connect {g.project}"
        return {"model_version": g.version}

    return blueprint
