"""GET /health: the process is up. From memory, without credentials, and without telling strangers anything else."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

import labelloop

routes = Blueprint("health", __name__)


@routes.get("/health")
def health() -> ResponseReturnValue:
    """Answer at once: Label Studio asks on every page load and waits one second at most."""
    return {"status": "UP", "version": labelloop.__version__}
