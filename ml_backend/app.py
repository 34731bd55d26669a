"""The ML backend as Label Studio 1.23 uses it: composition, and nothing else.

`labelloop serve` runs it.
"""

from contextlib import suppress
from functools import partial

from flask import Flask
from redis.exceptions import RedisError

from labelloop.steps.model_store import load_model
from ml_backend import health, metrics, predict, setup, versions, webhook
from ml_backend.announcements import Announcements
from ml_backend.auth import protect
from ml_backend.handed_on import HandedOn
from ml_backend.large_requests import limit_large_requests
from ml_backend.prediction_turns import limit_predictions
from ml_backend.responses import FastJson, answer_errors
from ml_backend.serving import Serving
from sync.config.label_config import label_interface
from workers.jobs.app_context import ServingContext, open_serving_context
from workers.jobs.job_queue import Bell
from workers.jobs.signs_of_life import Unloadable, tell_unloadable

EXTENSION = "labelloop"


def create_app(context: ServingContext | None = None) -> Flask:
    """Return the WSGI application, already following what is deployed (its Serving: `app.extensions["labelloop"]`).

    `context` is opened from the environment's settings unless given. Raises UserError where credentials are missing,
    NeighbourError where the ledger does not answer.
    """
    context = context or open_serving_context()
    settings, book, bell = context.settings, context.book, context.bell
    settings.require_credentials()
    label_interface()  # else the first request would wait for it
    serving = Serving(
        book.ledger,
        lambda fit: load_model(book, fit, context=context.models(fit.encoder)),
        Announcements(bell.redis),
        refresh_s=settings.refresh_s,
        tell=partial(_tell, bell),
    )

    app = Flask(__name__, static_folder=None)
    app.json = FastJson(app)
    app.extensions[EXTENSION] = serving
    counts = metrics.Metrics()
    counts.registry.register(metrics.LoopState(serving, book.ledger, bell, settings.data_dir))
    counts.watch_requests(app)
    protect(app, settings)
    limit_large_requests(app)
    limit_predictions(app, settings.threads)
    answer_errors(app, max_body_mb=settings.max_body_mb)
    app.register_blueprint(health.routes)
    app.register_blueprint(setup.routes(serving))
    app.register_blueprint(predict.routes(serving, counts))
    app.register_blueprint(webhook.routes(serving, bell))
    app.register_blueprint(versions.routes(serving))
    app.register_blueprint(metrics.routes(counts))
    _add_pages(app, context)
    serving.start()
    return app


def _add_pages(app: Flask, context: ServingContext) -> None:
    if context.settings.pages_service_url:
        app.wsgi_app = HandedOn(app.wsgi_app, context.settings)  # type: ignore[method-assign]
        return
    from ml_backend.pages_app import add_pages_and_api  # not loaded where another process makes the pages

    add_pages_and_api(app, context)


def _tell(bell: Bell, project_id: int, found: Unloadable | None) -> None:
    with suppress(RedisError):  # it is told again at the next attempt
        tell_unloadable(bell.redis, project_id, found)
