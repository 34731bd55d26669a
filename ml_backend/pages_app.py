"""The lead's pages and the API in a process of their own, behind the ML backend that hands requests on to it.

`labelloop pages` runs it.
"""

import hmac
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from ml_backend import health, metrics
from ml_backend.api import routes as api
from ml_backend.auth import protect
from ml_backend.handed_on import PROOF, proof
from ml_backend.large_requests import limit_large_requests
from ml_backend.pages.desk import Desk
from ml_backend.pages.house import add_pages
from ml_backend.responses import FastJson, answer_errors
from workers.jobs.app_context import ServingContext, open_serving_context

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PAGES_DESK = "labelloop-desk"


def create_app(context: ServingContext | None = None) -> Flask:
    """Return the WSGI application; it believes the ML backend, and nobody else, about who the client is.

    `context` is opened from the environment's settings unless given. Raises UserError where credentials are missing.
    """
    context = context or open_serving_context()
    settings = context.settings
    settings.require_credentials()
    app = Flask(__name__, static_folder=None)
    app.json = FastJson(app)
    counts = metrics.Metrics()
    counts.watch_requests(app)
    protect(app, settings)
    limit_large_requests(app)
    answer_errors(app, max_body_mb=settings.max_body_mb)
    app.register_blueprint(health.routes)
    app.register_blueprint(metrics.routes(counts))
    add_pages_and_api(app, context)
    app.wsgi_app = _believing(app.wsgi_app, proof(settings))  # type: ignore[assignment,method-assign]
    return app


def _believing(app: "WSGIApplication", shown: str) -> "WSGIApplication":
    """Return the application behind the ML backend, which shows this, and as it is to everybody else."""
    behind = ProxyFix(app, x_for=1, x_proto=1, x_prefix=1)
    name = f"HTTP_{PROOF.upper().replace('-', '_')}"

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        given = str(environ.get(name, "")).encode("latin-1")
        return (behind if hmac.compare_digest(given, shown.encode()) else app)(environ, start_response)

    return answer


def add_pages_and_api(app: Flask, context: ServingContext) -> Desk:
    """Add both to an application, and return what they work with, which is `app.extensions["labelloop-desk"]` too."""
    desk = add_pages(app, context)
    app.extensions[PAGES_DESK] = desk
    app.register_blueprint(api.routes(desk))
    return desk
