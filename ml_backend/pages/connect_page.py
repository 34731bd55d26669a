"""The first run: choose a project of Label Studio, see what connecting makes of it, and connect it."""

from dataclasses import dataclass, replace

from flask import Response, flash, request

from labelloop.domain.records import Connection
from labelloop.errors import LabelLoopError, UserError
from labelloop.rules import Rules
from labelloop.steps.encoder_by_texts import EncoderSeen
from ml_backend.pages.desk import Desk, spoken
from workers.admin.answer_report import findings
from workers.admin.change_rules import PlannedRules, RuleChange, plan_rules
from workers.admin.connect_preview import preview
from workers.admin.connect_project import connect
from workers.admin.project_encoder import look_at_project
from workers.jobs.app_context import AppContext, open_context

ROUND_SIZE = "round_size"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A project of Label Studio, and whether it is looped now."""

    id: int
    title: str
    is_connected: bool


def choose_page(desk: Desk) -> Response:
    """Return the projects to choose from, newest first; why there are none where Label Studio cannot be asked."""
    try:
        with open_context(desk.settings) as context:
            found = [_candidate(context, one.id, one.title) for one in context.label_studio.projects()]
    except LabelLoopError as error:
        return desk.page("connect.html", 503, candidates=[], error=str(error))
    return desk.page("connect.html", candidates=found, error="")


def look_page(desk: Desk, project: int, *, error: str = "", code: int = 200) -> Response:
    """Return what connecting makes of a project; nothing is changed. Raises NotFound, and UserError as `connect`."""
    with open_context(desk.settings) as context:
        title = context.label_studio.project(project).title
        _, planned, encoder = _planned(context, project, RuleChange())
        seen = preview(context, project, planned)
        is_connected = _candidate(context, project, title).is_connected
    return desk.page(
        "connect_project.html",
        code,
        project=project,
        title=title,
        is_connected=is_connected,
        seen=seen,
        due=planned.rules.round_due_at(0),
        round_size=request.form.get(ROUND_SIZE) or planned.rules.round_size,
        encoder=encoder,
        answers=[
            (field.name, list(findings(counts, project)))
            for field, counts in zip(seen.fields, seen.answers, strict=True)
        ],
        error=error,
    )


def act(desk: Desk, project: int) -> Response | None:
    """Connect the project with the number of labels that the form names; return the page where that cannot be."""
    wanted = request.form.get(ROUND_SIZE, "").strip()
    try:
        with open_context(desk.settings) as context:
            change, planned, _ = _planned(context, project, _wish(context, project, wanted))
            if planned.grave:
                raise UserError(spoken()("connect_grave", project=project))
            done = connect(context, project, planned.rules, sources=change.sources)
    except UserError as error:
        return look_page(desk, project, error=str(error), code=400)
    finally:
        desk.forget(project)
    flash(spoken()("connect_done" if done.changed else "connect_done_again", title=done.connection.title))
    return None


def _wish(context: AppContext, project: int, wanted: str) -> RuleChange:
    known = context.book.ledger.newest(Connection, project)
    rules = Rules.stored(known.rules) if known else Rules()
    return RuleChange({ROUND_SIZE: wanted}) if wanted and wanted != str(rules.round_size) else RuleChange()


def _planned(context: AppContext, project: int, change: RuleChange) -> tuple[RuleChange, PlannedRules, EncoderSeen]:
    """Return the rules as they would be, with the encoder that suits the texts where nobody named one, and why."""
    planned = plan_rules(context, project, change)
    seen = look_at_project(context, project, planned)
    if not seen.chosen:
        return change, planned, seen
    change = replace(change, by_texts={"encoder": seen.choice.encoder})
    return change, plan_rules(context, project, change), seen


def _candidate(context: AppContext, project: int, title: str) -> Candidate:
    known = context.book.ledger.newest(Connection, project)
    return Candidate(project, title, known is not None and known.active)
