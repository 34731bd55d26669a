"""Whom Label Studio calls about a project: its ML backends and its webhooks."""

from collections.abc import Mapping, Sequence

from sync.answers import Row, as_rows
from sync.http import Http
from sync.wire import WireBackend, WireWebhook, read


class Callbacks:
    """The part of Label Studio's API that says whom it calls; errors as in `LabelStudio`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def backends(self, project_id: int) -> list[WireBackend]:
        """Return the project's ML backends; Label Studio asks each for its health meanwhile."""
        answer = self._http.ask("GET", "/api/ml/", params={"project": project_id})
        return [read(WireBackend, row) for row in as_rows(answer)]

    def add_backend(self, project_id: int, *, url: str, title: str, user: str, password: str) -> WireBackend:
        """Connect an ML backend, with Basic auth if there is a password; Label Studio calls it at once."""
        body = _backend(project_id, url, title, user, password)
        return read(WireBackend, self._http.ask("POST", "/api/ml/", json=body))

    def update_backend(
        self, backend_id: int, project_id: int, *, url: str, title: str, user: str, password: str
    ) -> WireBackend:
        """Replace an ML backend's settings: all of them, since Label Studio fails on less."""
        body = _backend(project_id, url, title, user, password)
        return read(WireBackend, self._http.ask("PATCH", f"/api/ml/{backend_id}", json=body))

    def delete_backend(self, backend_id: int) -> None:
        """Disconnect an ML backend; its automatic webhook stays behind. One that is gone already is no error."""
        self._http.delete(f"/api/ml/{backend_id}")

    def webhooks(self, project_id: int) -> list[WireWebhook]:
        """Return the project's webhooks."""
        answer = self._http.ask("GET", "/api/webhooks/", params={"project": project_id})
        return [read(WireWebhook, row) for row in as_rows(answer)]

    def add_webhook(
        self,
        project_id: int,
        *,
        url: str,
        headers: Mapping[str, str],
        actions: Sequence[str],
        send_payload: bool = False,
    ) -> WireWebhook:
        """Create an active webhook for the given actions."""
        body = {"project": project_id, **_webhook(url, headers, actions, send_payload)}
        return read(WireWebhook, self._http.ask("POST", "/api/webhooks/", json=body))

    def update_webhook(
        self,
        webhook_id: int,
        *,
        url: str,
        headers: Mapping[str, str],
        actions: Sequence[str],
        send_payload: bool = False,
    ) -> WireWebhook:
        """Replace a webhook's settings and switch it on: always with its actions, which Label Studio else empties."""
        body = _webhook(url, headers, actions, send_payload)
        return read(WireWebhook, self._http.ask("PATCH", f"/api/webhooks/{webhook_id}/", json=body))

    def delete_webhook(self, webhook_id: int) -> None:
        """Delete a webhook; one that is gone already is no error."""
        self._http.delete(f"/api/webhooks/{webhook_id}/")


def _backend(project_id: int, url: str, title: str, user: str, password: str) -> Row:
    # Label Studio fails on an empty password, so without one there is no Basic auth.
    basic = {"auth_method": "BASIC_AUTH", "basic_auth_user": user, "basic_auth_pass": password}
    return {"project": project_id, "url": url, "title": title, **(basic if password else {"auth_method": "NONE"})}


def _webhook(url: str, headers: Mapping[str, str], actions: Sequence[str], send_payload: bool) -> Row:
    return {
        "url": url,
        "headers": dict(headers),
        "actions": list(actions),
        "send_payload": send_payload,
        "send_for_all_actions": False,
        "is_active": True,
    }
