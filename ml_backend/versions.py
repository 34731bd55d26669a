"""GET /versions: the names of a project's model versions, or of every project's. From memory."""

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ml_backend.responses import project_id
from ml_backend.serving import Serving


def routes(serving: Serving) -> Blueprint:
    """Return the route."""
    blueprint = Blueprint("versions", __name__)

    @blueprint.get("/versions")
    def versions() -> ResponseReturnValue:
        if (given := request.args.get("project")) is not None:
            g.project = project_id(given)
            return {"versions": list(serving.snapshot(g.project).versions)}
        names = dict.fromkeys(name for snapshot in serving.snapshots() for name in snapshot.versions)
        return {"versions": list(names)}

    return blueprint
