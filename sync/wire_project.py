"""Wiring a project to our ML backend and our webhook, and taking it off again; both may be run any number of times."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog

from labelloop.errors import LabelLoopError, UserError
from sync.api.client import LabelStudio
from sync.api.wire import WireBackend, WireProject, WireWebhook
from sync.wiring import ACTIONS, TITLE, Wires, Wiring, name_of, require_learnable, wanted_settings, wires_of

_log = structlog.get_logger()


@dataclass(frozen=True)
class Wired:
    """The ids, in Label Studio, of our ML backend and our webhook on one project."""

    backend_id: int
    webhook_id: int


def wire(client: LabelStudio, project_id: int, wiring: Wiring) -> Wired:
    """Wire the project to us, or repair what is out of step; our ML backend must be answering.

    The webhook is saved even where nothing differs: only then does Label Studio say that it refuses the address. All or
    nothing: on any failure what was changed is put back. A static model version is left as it is; Label Studio's
    own choice of our backend as the version, which would make the queue's order random, is undone. Raises UserError if
    another ML backend is connected, NothingToLearn if no field can be looped.
    """
    _refuse_bare_name(wiring)
    before = client.project(project_id)
    require_learnable(before)
    found = wires_of(client, project_id, wiring)
    _refuse_others(project_id, found)
    with ExitStack() as undo:
        backend = _wire_backend(client, project_id, wiring, found, undo)
        webhook = _wire_webhook(client, project_id, wiring, found, undo)
        for leftover in wires_of(client, project_id, wiring).automatic:
            client.delete_webhook(leftover.id)
        _settle(client, before, undo)
        undo.pop_all()
    return Wired(backend.id, webhook.id)


def unwire(client: LabelStudio, project_id: int, wiring: Wiring) -> None:
    """Remove our ML backend and webhooks; tasks, annotations, predictions and settings stay. May be run again."""
    for webhook in wires_of(client, project_id, wiring).doorbells:
        client.delete_webhook(webhook.id)
    _remove_backends(client, project_id, wiring)


def _refuse_bare_name(wiring: Wiring) -> None:
    host = urlsplit(wiring.backend_url).hostname or ""
    if not host or not ("." in host or ":" in host or host == "localhost"):
        raise UserError(
            f"Label Studio takes no webhook address whose host has no dot, and {wiring.backend_url!r} is one: give "
            "the ML backend a name with a dot (in Compose an alias such as ml-backend.internal) or its IP address."
        )


def _refuse_others(project_id: int, found: Wires) -> None:
    if found.others:
        raise UserError(
            f"Project {project_id} already has another ML backend: {name_of(found.others)}. Label Studio only ever "
            "asks one: remove it under Settings > Model (the menu beside it > Delete), then connect again."
        )


def _wire_backend(client: LabelStudio, project_id: int, wiring: Wiring, found: Wires, undo: ExitStack) -> WireBackend:
    for extra in found.backends[1:]:
        client.delete_backend(extra.id)
    settings = {"url": wiring.url, "title": TITLE, "user": wiring.backend_user, "password": wiring.backend_password}
    if found.backends:
        # Label Studio never tells the password, so it is always set anew.
        return client.update_backend(found.backends[0].id, project_id, **settings)
    # A creation that was refused may leave its row behind, so undoing looks for it instead of remembering an id.
    undo.callback(_quietly, lambda: _remove_backends(client, project_id, wiring))
    return client.add_backend(project_id, **settings)


def _wire_webhook(client: LabelStudio, project_id: int, wiring: Wiring, found: Wires, undo: ExitStack) -> WireWebhook:
    for extra in found.doorbells[1:]:
        client.delete_webhook(extra.id)
    url, headers = wiring.webhook_url(project_id), wiring.webhook_headers()
    if not found.doorbells:
        webhook = client.add_webhook(project_id, url=url, headers=headers, actions=ACTIONS)
        undo.callback(_quietly, lambda: client.delete_webhook(webhook.id))
        return webhook
    return client.update_webhook(found.doorbells[0].id, url=url, headers=headers, actions=ACTIONS)


def _settle(client: LabelStudio, before: WireProject, undo: ExitStack) -> None:
    """Give the project the settings of a looped one; only what differs is sent."""
    now = client.project(before.id)
    changes = {key: value for key, value in wanted_settings(now).items() if getattr(now, key) != value}
    old = {key: getattr(before, key) for key in changes}
    if now.model_version == TITLE:
        changes["model_version"] = ""
    if changes:
        undo.callback(_quietly, lambda: client.update_project(before.id, **old))
        client.update_project(before.id, **changes)


def _remove_backends(client: LabelStudio, project_id: int, wiring: Wiring) -> None:
    found = wires_of(client, project_id, wiring)
    for webhook in found.automatic:
        client.delete_webhook(webhook.id)
    for backend in found.backends:
        client.delete_backend(backend.id)
    # Label Studio means to forget a deleted backend's title, but does not always.
    if client.project(project_id).model_version == TITLE:
        client.update_project(project_id, model_version="")


def _quietly(step: Callable[[], object]) -> None:
    """Undo one step; a failure must not hide the failure that made undoing necessary."""
    try:
        step()
    except LabelLoopError as error:
        _log.warning("undo_failed", reason=str(error))
