"""How gunicorn runs the pages: one process, since pages take turns and remember figures there."""

from labelloop.settings import Settings
from ml_backend.handed_on import AT_ONCE

_settings = Settings()

bind = f"{_settings.host}:{_settings.pages_port}"
worker_class = "gthread"
workers = 1
threads = AT_ONCE + 2  # two for /health and /metrics
timeout = 120
graceful_timeout = 30
control_socket_disable = True
loglevel = "warning"
