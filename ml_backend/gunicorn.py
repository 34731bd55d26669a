"""How gunicorn runs the service: `gunicorn -c python:ml_backend.gunicorn "ml_backend.app:create_app()"`.

One worker: threads share the model, and encoding already uses the cores. Every worker follows the ledger by itself,
so more of them (`--workers 2`) stay in step.
"""

from labelloop.settings import Settings
from ml_backend.handed_on import AT_ONCE
from ml_backend.page_turns import PAGES
from ml_backend.prediction_turns import SPARE

_settings = Settings()

bind = f"{_settings.host}:{_settings.port}"
worker_class = "gthread"
workers = 1
threads = _settings.threads + SPARE + (AT_ONCE if _settings.pages_service_url else PAGES)
timeout = 120  # start-up may load an encoder; Label Studio itself waits 100 s for an answer
graceful_timeout = 30
keepalive = 15
control_socket_disable = True
loglevel = "warning"
