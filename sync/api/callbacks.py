"""Whom Label Studio calls about a project: its ML backends and its webhooks."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from labelloop.errors import NotFound
from sync.api.http_client import HttpClient
from sync.api.wire import WireBackend, WireWebhook, from_sdk, read


class Callbacks:
    """The part of Label Studio's API that says whom it calls; errors as in `LabelStudio`.

    `sdk` is the SDK's own client on the same http, for what has no method here.
    """

    def __init__(self, http: HttpClient) -> None:
        self._http, self.sdk = http, http.sdk

    def backends(self, project_id: int) -> list[WireBackend]:
        """Return the project's ML backends; Label Studio asks each for its health meanwhile."""
        return [read(WireBackend, row) for row in self.sdk.ml.list(project=project_id)]

    def add_backend(self, project_id: int, *, url: str, title: str, user: str, password: str) -> WireBackend:
        """Connect an ML backend, with Basic auth if there is a password; Label Studio calls it at once."""
        login = _login(user, password)
        return from_sdk(WireBackend, self.sdk.ml.create, project=project_id, url=url, title=title, **login)

    def update_backend(
        self, backend_id: int, project_id: int, *, url: str, title: str, user: str, password: str
    ) -> WireBackend:
        """Replace an ML backend's settings: all of them, since Label Studio fails on less."""
        login = _login(user, password)
        return from_sdk(WireBackend, self.sdk.ml.update, backend_id, project=project_id, url=url, title=title, **login)

    def delete_backend(self, backend_id: int) -> None:
        """Disconnect an ML backend; its automatic webhook stays behind. One that is gone already is no error."""
        with suppress(NotFound):
            self.sdk.ml.delete(backend_id)

    def webhooks(self, project_id: int) -> list[WireWebhook]:
        """Return the project's webhooks."""
        return [read(WireWebhook, row) for row in self.sdk.webhooks.list(project=str(project_id))]

    def add_webhook(
        self, project_id: int, *, url: str, headers: Mapping[str, str], actions: Sequence[str]
    ) -> WireWebhook:
        """Create an active webhook that says which of the given actions happened, and nothing else."""
        return from_sdk(WireWebhook, self.sdk.webhooks.create, project=project_id, **_doorbell(url, headers, actions))

    def update_webhook(
        self, webhook_id: int, *, url: str, headers: Mapping[str, str], actions: Sequence[str]
    ) -> WireWebhook:
        """Replace a webhook's settings and switch it on: always with its actions, which Label Studio else empties."""
        return from_sdk(WireWebhook, self.sdk.webhooks.update, webhook_id, **_doorbell(url, headers, actions))

    def delete_webhook(self, webhook_id: int) -> None:
        """Delete a webhook; one that is gone already is no error."""
        with suppress(NotFound):
            self.sdk.webhooks.delete(webhook_id)


def _login(user: str, password: str) -> dict[str, str]:
    # Label Studio fails on an empty password, so without one there is no Basic auth.
    basic = {"auth_method": "BASIC_AUTH", "basic_auth_user": user, "basic_auth_pass": password}
    return basic if password else {"auth_method": "NONE"}


def _doorbell(url: str, headers: Mapping[str, str], actions: Sequence[str]) -> dict[str, object]:
    only_a_ring = {"send_payload": False, "send_for_all_actions": False, "is_active": True}
    return {"url": url, "headers": dict(headers), "actions": list(actions), **only_a_ring}
