"""What is wrong between Label Studio and us, in plain words."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from labelloop.errors import LabelLoopError, NeighbourError, UserError
from sync.client import LabelStudio
from sync.faults import SSRF_ADVICE, is_ssrf
from sync.label_config import parse
from sync.wire import WireProject
from sync.wiring import ACTIONS, SAMPLING, TITLE, Found, Wiring, is_in_step, look, name_of

SUPPORTED = "1.23"


class Severity(StrEnum):
    """How bad a finding is: an error stops the loop or misleads people, a warning may."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and what to do about it."""

    severity: Severity
    problem: str
    advice: str


def findings(client: LabelStudio, project_id: int, wiring: Wiring, *, model_version: str | None) -> list[Finding]:
    """Return what is wrong with the project's wiring, nothing if all is well; changes nothing.

    `model_version` is the publication that the project should show, None where nothing was published yet. What cannot
    be asked because of an earlier finding is left out. Raises nothing of ours: every failure is a finding.
    """
    found: list[Finding] = []
    try:
        found += _server(client)
        client.whoami()
        project = client.project(project_id)
        found += _project(project, model_version)
        found += _wires(client, project, wiring)
    except NeighbourError as error:
        found.append(_error("Label Studio cannot be asked.", str(error)))
    except LabelLoopError as error:
        found.append(_error("Label Studio refuses to answer.", str(error)))
    return found


def _server(client: LabelStudio) -> Iterator[Finding]:
    version = client.version()
    if not version.startswith(f"{SUPPORTED}."):
        yield _warning(
            f"Label Studio is version {version}; LabelLoop is made for {SUPPORTED}.",
            f"Install label-studio=={SUPPORTED}.2, or watch closely what people see.",
        )


def _project(project: WireProject, model_version: str | None) -> Iterator[Finding]:
    try:
        schema = parse(project.label_config)
    except UserError as error:
        yield _error("The labelling configuration cannot be read.", str(error))
    else:
        if not schema.fields:
            reasons = "; ".join(schema.not_learnable) or "it has no control tag"
            yield _error(
                f"The labelling configuration has nothing that could be learned ({reasons}).",
                "Add a control that can, under Settings > Labeling Interface; docs/controls.md lists them.",
            )
    if not project.show_collab_predictions:
        yield _error("People are not shown pre-annotations.", f"Run `labelloop connect {project.id}` again.")
    if project.sampling != SAMPLING:
        yield _error(
            f"Tasks are handed out by {project.sampling or 'no rule'}, so the queue's order is ignored.",
            f'Choose "{SAMPLING}" under Settings > Annotation, or run `labelloop connect {project.id}` again.',
        )
    yield from _version(project, model_version)
    if project.min_annotations_to_start_training:
        yield _warning(
            "Label Studio starts training by itself while people wait for their submit.",
            "Switch off training on submission under Settings > Model; rounds close by themselves.",
        )


def _version(project: WireProject, model_version: str | None) -> Iterator[Finding]:
    if project.model_version == TITLE:
        yield _error(
            "The project shows live predictions, so the queue's order is random.",
            f"Run `labelloop connect {project.id}` again; the next publication sets the version.",
        )
    elif model_version and project.model_version != model_version:
        yield _error(
            f"The project shows version {project.model_version or '(none)'}, but {model_version} was published last.",
            f"Run `labelloop reconcile`, or choose {model_version} under Settings > Predictions.",
        )


def _wires(client: LabelStudio, project: WireProject, wiring: Wiring) -> Iterator[Finding]:
    wires = look(client, project.id, wiring)
    if wires.others:
        yield _error(
            f"Another ML backend is connected: {name_of(wires.others)}. Label Studio only ever asks one.",
            "Remove it under Settings > Model.",
        )
    yield from _backend(project, wires, wiring)
    yield from _webhook(client, project, wires, wiring)


def _backend(project: WireProject, wires: Found, wiring: Wiring) -> Iterator[Finding]:
    again = f"Run `labelloop connect {project.id}`."
    if not wires.backends:
        yield _error("The ML backend is not connected to the project.", again)
    for backend in wires.backends:
        if backend.url.rstrip("/") != wiring.url:
            yield _error(f"Label Studio asks {backend.url}, but the ML backend is at {wiring.url}.", again)
        elif backend.state != "CO":
            words = backend.error_message or "no reason given"
            yield _error(
                f"Label Studio cannot use the ML backend at {backend.url} ({backend.readable_state}): {words[-400:]}",
                SSRF_ADVICE if is_ssrf(words) else f"Start it, check that Label Studio can reach it; then: {again}",
            )


def _webhook(client: LabelStudio, project: WireProject, wires: Found, wiring: Wiring) -> Iterator[Finding]:
    again = f"Run `labelloop connect {project.id}` again."
    if wires.automatic:
        yield _warning("Label Studio's automatic webhook is back; it carries no credentials.", again)
    if not wires.doorbells:
        yield _error("The webhook is missing: rounds only start when `labelloop reconcile` looks.", again)
    for webhook in wires.doorbells:
        if not webhook.is_active:
            yield _error("The webhook is switched off.", again)
        elif not is_in_step(webhook, project.id, wiring):
            yield _error("The webhook is out of date (address, secret or actions).", again)
        elif _address_refused(client, webhook.id, project.id, wiring):
            yield _error("Label Studio refuses to call the webhook's address.", SSRF_ADVICE)


def _address_refused(client: LabelStudio, webhook_id: int, project_id: int, wiring: Wiring) -> bool:
    """Return whether the webhook is silent: Label Studio only says so when the webhook is saved, unchanged here."""
    try:
        client.update_webhook(
            webhook_id, url=wiring.webhook_url(project_id), headers=wiring.webhook_headers(), actions=ACTIONS
        )
    except UserError as error:
        return is_ssrf(str(error))
    return False


def _error(problem: str, advice: str) -> Finding:
    return Finding(Severity.ERROR, problem, advice)


def _warning(problem: str, advice: str) -> Finding:
    return Finding(Severity.WARNING, problem, advice)
