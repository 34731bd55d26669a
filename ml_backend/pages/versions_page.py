"""The page of a project's versions: what each is worth, why it serves or not, and the way to another one."""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from flask import Response, flash, g, request

from labelloop.domain.lookup import newest
from labelloop.domain.records import Decision
from labelloop.errors import UserError
from labelloop.number_format import money
from labelloop.state.load import load
from labelloop.steps.compare_versions import measured_beside
from ml_backend.pages.desk import Desk, spoken
from ml_backend.pages.page_figures import ProjectFigures
from ml_backend.pages.page_texts import Texts
from ml_backend.pages.recorded_sentences import recorded
from workers.admin.serve_version import Served, roll_back, serve_version
from workers.admin.version_rows import VersionRow

CHAMPION, CHALLENGER = "champion", "challenger"
MOST = 100
"""How many versions are listed at once."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version as the page shows it; `why` says why it was promoted, or not.

    `alias` is what it is called for what it does now: champion, challenger, or empty.
    """

    row: VersionRow
    cost: str
    why: str
    alias: str


def versions_page(desk: Desk, project: int, *, error: str = "", code: int = 200) -> Response:
    """Return the page, with what was done or went wrong; raises NotConnected.

    Of many versions it has the newest and those that serve; `?all=1` has all of them.
    """
    figures, t = desk.figures.of(project), spoken()
    newest_first = figures.versions[::-1]
    listed = [row for place, row in enumerate(newest_first) if place < MOST or row.serves or "all" in request.args]
    aliases = aliases_of(figures)
    return desk.page(
        "versions.html",
        code,
        project=project,
        title=figures.first.connection.title,
        is_active=figures.first.connection.active,
        several=len(figures.statuses) > 1,
        versions=[_view(row, figures, aliases, t) for row in listed],
        count=len(figures.versions),
        serving=[row for row in figures.versions if row.serves],
        error=error,
    )


def change(desk: Desk, project: int) -> Response | None:
    """Do what the request's form asks for, None where that is done; a form that is not `sure` is asked about first."""
    form = request.form
    action, version, field = form.get("action", ""), form.get("version", ""), form.get("field", "")
    if action not in ("deploy", "rollback"):
        return versions_page(desk, project, error=spoken()("nothing_known"), code=400)
    if form.get("sure") != "yes":
        return _ask(desk, project, action, version, field)
    try:
        served = _do(desk, project, action, version, field)
    except UserError as error:
        return versions_page(desk, project, error=str(error), code=400)
    finally:
        desk.forget(project)
    log.info("version_changed", project=project, action=action, version=served.version, by=g.visitor.name)
    for sentence in _said(served, spoken()):
        flash(sentence)
    return None


def _do(desk: Desk, project: int, action: str, version: str, field: str) -> Served:
    by = f"by {g.visitor.name} on the page"
    state = load(desk.book, project).focused(field)
    if action == "rollback":
        return roll_back(desk.book, desk.bell, state, by=by)
    return serve_version(desk.book, desk.bell, state, version, pin=request.form.get("pin") == "yes", by=by)


def _ask(desk: Desk, project: int, action: str, version: str, field: str) -> Response:
    figures = desk.figures.of(project)
    question = "sure_back" if action == "rollback" else "sure_deploy"
    return desk.page(
        "version_sure.html",
        project=project,
        title=figures.first.connection.title,
        question=spoken()(question, version=version),
        action=action,
        version=version,
        field=field,
    )


def _said(served: Served, t: Texts) -> list[str]:
    passed_over = [t("passed_over", version=version, reason=reason) for version, reason in served.passed_over]
    return [*passed_over, t("done_deploy" if served.is_new else "done_same", version=served.version)]


def aliases_of(figures: ProjectFigures) -> dict[str, str]:
    """Return which versions are their field's champion, which serves, and its challenger, by version."""
    found = {row.fit.version: CHAMPION for row in figures.versions if row.serves}
    for status in figures.statuses:
        serving = status.deployment.version if status.deployment else ""
        versions = [fit.version for fit in status.versions if fit.version]
        if challenger := measured_beside([one.evaluation for one in status.evaluations], serving, versions):
            found[challenger] = CHALLENGER
    return found


def _view(row: VersionRow, figures: ProjectFigures, aliases: Mapping[str, str], t: Texts) -> VersionView:
    cost = money(row.measured.cost_per_1000) if row.measured else "–"
    return VersionView(row, cost, _why(row, figures, t), aliases.get(row.fit.version, ""))


def _why(row: VersionRow, figures: ProjectFigures, t: Texts) -> str:
    """Return what was decided about a version: the newest word on it."""
    decided = [one for one in figures.decisions if row.fit.version in (one.challenger, one.winner)]
    as_challenger = [one for one in decided if one.challenger == row.fit.version]
    if found := (as_challenger or decided)[-1:]:
        return recorded(found[0].reason, t)
    if row.measured is None:
        return t("not_measured")
    decision = newest(_of_round(figures, row.measured.round_number, row.field))
    if decision is None:
        return t("not_decided")
    return t("not_best", best=decision.challenger or t("no_model"), number=decision.round_number)


def _of_round(figures: ProjectFigures, number: int, field: str) -> list[Decision]:
    return [one for one in figures.decisions if one.round_number == number and one.field in ("", field)]
