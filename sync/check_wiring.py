"""Check, by reading only, whether a project is wired to us as it should be."""

from collections.abc import Iterator
from functools import partial

from labelloop.errors import LabelLoopError, NeighbourError, NotFound, ProjectGone, UserError
from labelloop.finding import Finding, Level
from sync.api.api_errors import SSRF_ADVICE, is_ssrf
from sync.api.client import LabelStudio
from sync.api.wire import WireProject
from sync.config.label_config import parse
from sync.wiring import SAMPLING, TITLE, Wires, Wiring, is_in_step, name_of, wires_of

SUPPORTED = "1.23"

_fault, _warning = partial(Finding, Level.FAULT), partial(Finding, Level.WARN)


def check_wiring(
    client: LabelStudio, project_id: int, wiring: Wiring, *, model_version: str | None, label_config: str = ""
) -> list[Finding]:
    """Return what is wrong with the project's wiring, nothing if all is well.

    `model_version` is the publication that the project should show, None where nothing was published yet, and
    `label_config` one that is known to hold a field. What cannot
    be asked because of an earlier finding is left out. Raises nothing of ours: every failure is a finding. Whether
    Label Studio may call the webhook's address is not seen here: it only says so when a webhook is saved, as by `wire`.
    """
    found: list[Finding] = []
    try:
        found += _server(client)
        client.whoami()
        project = _existing(client, project_id)
        found += _project(project, model_version, label_config)
        found += _wires(client, project, wiring)
    except NeighbourError as error:
        found.append(_fault("Label Studio cannot be asked.", str(error)))
    except ProjectGone as error:
        found.append(_fault("It is gone from Label Studio.", str(error)))
    except LabelLoopError as error:
        found.append(_fault("Label Studio refuses to answer.", str(error)))
    return found


def _existing(client: LabelStudio, project_id: int) -> WireProject:
    try:
        return client.project(project_id)
    except NotFound as error:
        raise ProjectGone(project_id) from error


def _server(client: LabelStudio) -> Iterator[Finding]:
    version = client.version()
    if not version.startswith(f"{SUPPORTED}."):
        yield _warning(
            f"Label Studio is version {version}; LabelLoop is made for {SUPPORTED}.",
            f"Install label-studio=={SUPPORTED}.2, or watch closely what people see.",
        )


def _configuration(project: WireProject) -> Iterator[Finding]:
    try:
        schema = parse(project.label_config)
    except UserError as error:
        yield _fault("The labelling configuration cannot be read.", str(error))
    else:
        if not schema.fields:
            reasons = "; ".join(schema.not_learnable) or "it has no control tag"
            yield _fault(
                f"The labelling configuration has nothing that could be learned ({reasons}).",
                "Add a control that can, under Settings > Labeling Interface; docs/controls.md lists them.",
            )


def _project(project: WireProject, model_version: str | None, known: str) -> Iterator[Finding]:
    if project.label_config != known:
        yield from _configuration(project)
    if not project.show_collab_predictions:
        yield _fault("People are not shown pre-annotations.", f"Run `labelloop connect {project.id}` again.")
    if project.sampling != SAMPLING:
        yield _fault(
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
        yield _fault(
            "The project shows live predictions, so the queue's order is random.",
            f"Run `labelloop connect {project.id}` again; the next publication sets the version.",
        )
    elif model_version and project.model_version != model_version:
        yield _fault(
            f"The project shows version {project.model_version or '(none)'}, but {model_version} was published last.",
            f"Run `labelloop reconcile`, or choose {model_version} under Settings > Predictions.",
        )


def _wires(client: LabelStudio, project: WireProject, wiring: Wiring) -> Iterator[Finding]:
    wires = wires_of(client, project.id, wiring)
    if wires.others:
        yield _fault(
            f"Another ML backend is connected: {name_of(wires.others)}. Label Studio only ever asks one.",
            "Remove it under Settings > Model.",
        )
    yield from _backend(project, wires, wiring)
    yield from _webhook(project, wires, wiring)


def _backend(project: WireProject, wires: Wires, wiring: Wiring) -> Iterator[Finding]:
    again = f"Run `labelloop connect {project.id}`."
    if not wires.backends:
        yield _fault("The ML backend is not connected to the project.", again)
    for backend in wires.backends:
        if backend.url.rstrip("/") != wiring.url:
            yield _fault(f"Label Studio asks {backend.url}, but the ML backend is at {wiring.url}.", again)
        elif backend.state != "CO":
            words = backend.error_message or "no reason given"
            yield _fault(
                f"Label Studio cannot use the ML backend at {backend.url} ({backend.readable_state}): {words[-400:]}",
                SSRF_ADVICE if is_ssrf(words) else f"Start it, check that Label Studio can reach it; then: {again}",
            )


def _webhook(project: WireProject, wires: Wires, wiring: Wiring) -> Iterator[Finding]:
    again = f"Run `labelloop connect {project.id}` again."
    if wires.automatic:
        yield _warning("Label Studio's automatic webhook is back; it carries no credentials.", again)
    if not wires.doorbells:
        yield _fault("The webhook is missing: rounds only start when `labelloop reconcile` looks.", again)
    for webhook in wires.doorbells:
        if not webhook.is_active:
            yield _fault("The webhook is switched off.", again)
        elif not is_in_step(webhook, project.id, wiring):
            yield _fault("The webhook is out of date (address, secret or actions).", again)
