"""What a looped project must look like in Label Studio, and how to tell ours from what others put there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from labelloop.errors import NothingToLearn
from sync.api.client import LabelStudio
from sync.api.wire import WireBackend, WireProject, WireWebhook
from sync.config.label_config import parse

TITLE = "LabelLoop"
SECRET_HEADER = "X-LabelLoop-Secret"  # noqa: S105  (a header's name)
SAMPLING = "Uncertainty sampling"
ACTIONS = (
    "ANNOTATION_CREATED",
    "ANNOTATION_UPDATED",
    "ANNOTATIONS_CREATED",
    "ANNOTATIONS_DELETED",
    "TASKS_CREATED",
    "TASKS_DELETED",
    "PROJECT_UPDATED",
)


@dataclass(frozen=True)
class Wiring:
    """Where our ML backend answers Label Studio, and the secrets they share; `repr` does not show those."""

    backend_url: str
    backend_user: str
    backend_password: str = field(repr=False)
    webhook_secret: str = field(repr=False)

    @property
    def url(self) -> str:
        """Return the backend's address without a slash at its end."""
        return self.backend_url.rstrip("/")

    def webhook_url(self, project_id: int) -> str:
        """Return the address of our own webhook, the doorbell of one project."""
        return f"{self.url}/webhook/{project_id}"

    def webhook_headers(self) -> Mapping[str, str]:
        """Return the headers that our own webhook sends."""
        return {SECRET_HEADER: self.webhook_secret}

    def owns(self, backend: WireBackend) -> bool:
        """Return whether the ML backend is ours: the same address, or our title from an earlier address."""
        return backend.url.rstrip("/") == self.url or backend.title == TITLE


@dataclass(frozen=True)
class Wires:
    """A project's ML backends and webhooks, sorted into ours and others'."""

    backends: tuple[WireBackend, ...]
    others: tuple[WireBackend, ...]
    doorbells: tuple[WireWebhook, ...]
    automatic: tuple[WireWebhook, ...]


def wires_of(client: LabelStudio, project_id: int, wiring: Wiring) -> Wires:
    """Return what is wired to the project now."""
    backends = client.backends(project_id)
    ours = tuple(backend for backend in backends if wiring.owns(backend))
    homes = {wiring.url, *(backend.url.rstrip("/") for backend in ours)}
    webhooks = client.webhooks(project_id)
    return Wires(
        backends=ours,
        others=tuple(backend for backend in backends if not wiring.owns(backend)),
        doorbells=_at(webhooks, {f"{home}/webhook/{project_id}" for home in homes}),
        automatic=_at(webhooks, {f"{home}/webhook" for home in homes}),
    )


def is_in_step(webhook: WireWebhook, project_id: int, wiring: Wiring) -> bool:
    """Return whether our webhook is as `wire` makes it."""
    return (
        webhook.url == wiring.webhook_url(project_id)
        and webhook.is_active
        and webhook.headers == wiring.webhook_headers()
        and not webhook.send_payload
        and not webhook.send_for_all_actions
        and set(webhook.actions) == set(ACTIONS)
    )


def wanted_settings(project: WireProject) -> dict[str, object]:
    """Return the settings that a looped project must have."""
    wanted: dict[str, object] = {
        "show_collab_predictions": True,
        "sampling": SAMPLING,
        "min_annotations_to_start_training": 0,
    }
    if not project.total_annotations_number:
        wanted["maximum_annotations"] = 1
    return wanted


def require_learnable(project: WireProject) -> None:
    """Raise NothingToLearn, with the reasons, if no field of the project can be looped."""
    schema = parse(project.label_config)
    if not schema.fields:
        reasons = "; ".join(schema.not_learnable) or "it has no control tag"
        raise NothingToLearn(
            f"Project {project.id} has nothing that could be learned ({reasons}). Add a control that can be, such as "
            "Choices on a Text, to its labelling configuration (Settings > Labeling Interface); see docs/controls.md."
        )


def name_of(backends: Sequence[WireBackend]) -> str:
    """Return the backends' titles and addresses in one line."""
    return ", ".join(f"{backend.title or 'without a title'} ({backend.url})" for backend in backends)


def _at(webhooks: Sequence[WireWebhook], urls: set[str]) -> tuple[WireWebhook, ...]:
    return tuple(webhook for webhook in webhooks if webhook.url.rstrip("/") in urls)
