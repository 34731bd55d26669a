"""How a project is wired in Label Studio, from the settings."""

from labelloop.settings import Settings
from sync.wiring import Wiring


def wiring_of(settings: Settings) -> Wiring:
    """Return how Label Studio reaches our ML backend and shows that it is Label Studio."""
    return Wiring(
        settings.backend_url,
        settings.backend_user,
        settings.backend_password.get_secret_value(),
        settings.webhook_secret.get_secret_value(),
    )
