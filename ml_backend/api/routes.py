"""The routes of /api/v1: the figures of `labelloop … --json`, kept as the pages keep them, and what it may do."""

from contextlib import ExitStack

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue

from labelloop.acting import API, Actor, acting
from labelloop.domain.action_record import Action
from labelloop.domain.records import Connection
from labelloop.errors import UserError
from labelloop.state.load import load
from ml_backend.api.actions import PROJECT, add_actions
from ml_backend.api.description import description
from ml_backend.page_turns import limit_pages
from ml_backend.pages.desk import Desk
from ml_backend.responses import refusal
from workers.admin.status import ProjectStatus

MOST_ACTIONS = 1000
LOG = ("created_at", "who", "action", "detail", "origin", "address")


def routes(desk: Desk) -> Blueprint:
    """Return the routes; machines use them with the service's user name and password."""
    api = Blueprint("api", __name__, url_prefix="/api/v1")
    limit_pages(api, desk.turns)
    _let_act(api, desk)
    _add_figures(api, desk)
    add_actions(api, desk)
    return api


def _let_act(api: Blueprint, desk: Desk) -> None:
    @api.before_request
    def only_json() -> Response | None:
        """Take actions as JSON alone: no form of another site can send that."""
        if request.method != "POST":
            return None
        if not request.is_json:
            return refusal(415, "Send JSON, with the header Content-Type: application/json.")
        g.acts = ExitStack()
        g.acts.enter_context(acting(Actor(desk.settings.backend_user, API, request.remote_addr or "")))
        return None

    @api.teardown_request
    def no_longer(_: BaseException | None) -> None:
        if acts := g.pop("acts", None):
            acts.close()


def _add_figures(api: Blueprint, desk: Desk) -> None:
    @api.get("/openapi.json")
    def openapi() -> ResponseReturnValue:
        return description()

    @api.get("/projects")
    def projects() -> ResponseReturnValue:
        ledger = desk.book.ledger
        found = [one for id_ in ledger.projects() if (one := ledger.newest(Connection, id_))]
        return {"projects": [{"project": one.project_id, "title": one.title, "connected": one.active} for one in found]}

    @api.get(PROJECT)
    def project(project: int) -> ResponseReturnValue:
        from workers.cli.status_json import to_json

        return to_json(_statuses(desk, project))

    @api.get(f"{PROJECT}/rounds")
    def rounds(project: int) -> ResponseReturnValue:
        from workers.cli.status_json import round_json

        return {"rounds": [round_json(one) for one in _statuses(desk, project)[0].rounds]}

    @api.get(f"{PROJECT}/versions")
    def versions(project: int) -> ResponseReturnValue:
        from workers.cli.version_table import version_json

        return {"versions": [version_json(row) for row in desk.figures.of(project).versions]}

    @api.get(f"{PROJECT}/verdicts")
    def verdicts(project: int) -> ResponseReturnValue:
        return {"verdicts": [report for report in desk.figures.of(project).reports if report]}

    @api.get(f"{PROJECT}/rules")
    def rules_in_force(project: int) -> ResponseReturnValue:
        from workers.cli.rules import rules_json

        load(desk.book, project, disconnected=True)  # raises NotConnected
        return {"rules": rules_json(desk.book.ledger.all(Connection, project))}

    @api.get(f"{PROJECT}/log")
    def log(project: int) -> ResponseReturnValue:
        from workers.cli.record_json import record_json

        last = request.args.get("last", "50")
        if not (last.isascii() and last.isdigit() and 1 <= int(last[:6]) <= MOST_ACTIONS):
            raise UserError(f"'last' must be a whole number between 1 and {MOST_ACTIONS}.")
        load(desk.book, project, disconnected=True)  # raises NotConnected
        return {"log": [record_json(one, *LOG) for one in desk.book.ledger.latest(Action, project, int(last))]}


def _statuses(desk: Desk, project: int) -> tuple[ProjectStatus, ...]:
    return desk.figures.of(project).statuses
