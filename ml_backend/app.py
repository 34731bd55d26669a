"""The ML backend as Label Studio 1.23 uses it: composition, and nothing else.

gunicorn -c python:ml_backend.gunicorn "ml_backend.app:create_app()"
"""

from collections.abc import Callable
from functools import cache

from flask import Flask
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from labelloop.domain.records import Fit
from labelloop.encoders.load import load_encoder
from labelloop.learners.base import Encode, Model
from labelloop.log import configure_logging
from labelloop.settings import Settings
from labelloop.steps.models import load_model
from labelloop.stores.book import Book
from ml_backend import guideline, health, metrics, predict, setup, versions, webhook
from ml_backend.announcements import Announcements
from ml_backend.answers import FastJson, answer_errors
from ml_backend.auth import protect
from ml_backend.serving import Serving
from workers.bootstrap import open_book
from workers.queue import Bell

REDIS_TIMEOUT_S = 0.5
EXTENSION = "labelloop"


def create_app(settings: Settings | None = None, encode: Encode | None = None) -> Flask:
    """Return the WSGI application, already following what is deployed (its Serving: `app.extensions["labelloop"]`).

    `settings` come from the environment and `encode` from the settings unless given. Raises UserError where
    credentials are missing, NeighbourError where the ledger does not answer.
    """
    settings = settings or Settings()
    settings.require_credentials()
    configure_logging(settings.log_level)
    book = open_book(settings)
    # One try, a short wait: an annotator's save hangs on the webhook's answer.
    redis = Redis.from_url(
        settings.redis_url,
        socket_timeout=REDIS_TIMEOUT_S,
        socket_connect_timeout=REDIS_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
    bell = Bell(redis, job_timeout_s=settings.job_timeout_s)
    load = _loader(book, lambda: encode or load_encoder(settings, may_export=False))
    serving = Serving(book.ledger, load, Announcements(redis), refresh_s=settings.refresh_s)

    app = Flask(__name__, static_folder=None)
    app.json = FastJson(app)
    app.extensions[EXTENSION] = serving
    counts = metrics.Metrics()
    counts.registry.register(metrics.LoopState(serving, book.ledger, bell, settings.data_dir))
    counts.watch_requests(app)
    protect(app, settings)
    answer_errors(app, max_body_mb=settings.max_body_mb)
    app.register_blueprint(health.routes)
    app.register_blueprint(setup.routes(serving))
    app.register_blueprint(predict.routes(serving, counts))
    app.register_blueprint(webhook.routes(serving, bell))
    app.register_blueprint(versions.routes(serving))
    app.register_blueprint(metrics.routes(counts))
    app.register_blueprint(guideline.routes(serving, book, settings))
    serving.start()
    return app


def _loader(book: Book, encoder: Callable[[], Encode]) -> Callable[[Fit], Model]:
    encode = cache(encoder)
    return lambda fit: load_model(book, fit, encode=encode())
