"""What the API does to a project: the steps of the commands, entered in the audit trail."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from labelloop.domain.records import LARGEST_ID
from labelloop.errors import UserError
from labelloop.state.load import load
from ml_backend.api.sent import FLAG, NUMBER, TEXT, TEXTS, VALUES, WHOLE, not_now, sent, within
from ml_backend.pages.desk import Desk
from workers.admin.ask_relabel import ask_about_doubtful, ask_about_split
from workers.admin.close_early import close_early
from workers.admin.serve_version import Served, of_one_field, roll_back, serve_version

PROJECT = f"/projects/<int(max={LARGEST_ID}):project>"
TOP, MOST = 50, 10_000
"""How many doubtful labels are put back unless a request says so, and how many at most."""
LEAST_SHARE, MOST_SHARE = 0.0001, 0.9999
MOST_TASKS = 10**8


def add_actions(api: Blueprint, desk: Desk) -> None:
    """Add the routes."""
    _add_serving(api, desk)
    _add_rounds(api, desk)
    _add_ending(api, desk)
    _add_rules(api, desk)


def _add_serving(api: Blueprint, desk: Desk) -> None:
    by = f"by {desk.settings.backend_user} through the API"

    @api.post(f"{PROJECT}/deploy")
    def deploy(project: int) -> ResponseReturnValue:
        asked = sent({"version": TEXT, "pin": FLAG}, needed=("version",))
        state = load(desk.book, project)
        served = serve_version(desk.book, desk.bell, state, asked["version"], pin=asked.get("pin", False), by=by)
        return _told(desk, project, served)

    @api.post(f"{PROJECT}/rollback")
    def rollback(project: int) -> ResponseReturnValue:
        asked = sent({"to": TEXT, "field": TEXT})
        to, field = asked.get("to"), asked.get("field")
        state = load(desk.book, project).focused(field or "")
        state = state if to else of_one_field(state, field)
        return _told(desk, project, roll_back(desk.book, desk.bell, state, to, by=by))


def _add_rounds(api: Blueprint, desk: Desk) -> None:
    @api.post(f"{PROJECT}/train")
    def train(project: int) -> ResponseReturnValue:
        sent({})
        close_early(desk.book, desk.bell, project)
        return {"queued": True}, 202

    @api.post(f"{PROJECT}/relabel")
    def relabel(project: int) -> ResponseReturnValue:
        asked = sent({"top": WHOLE, "field": TEXT, "unsettled": FLAG})
        top = int(within(asked, "top", TOP, 1, MOST))
        with not_now():
            queued = (
                ask_about_split(desk.book, desk.bell, project)
                if asked.get("unsettled")
                else ask_about_doubtful(desk.book, desk.bell, project, top, asked.get("field", ""))
            )
        return {"queued": queued}, 202


def _add_ending(api: Blueprint, desk: Desk) -> None:
    @api.post(f"{PROJECT}/certify")
    def certify(project: int) -> ResponseReturnValue:
        from workers.admin.start_attempt import Wish, refuse_unpaid, start_planned
        from workers.cli.certify_plan import plan_json

        numbers = dict.fromkeys(("max_error", "confidence", "min_similarity"), NUMBER)
        asked = sent({**numbers, "n": WHOLE, "without": TEXTS, "dry_run": FLAG, "anyway": FLAG})
        wish = Wish(
            max_error=within(asked, "max_error", 0.05, LEAST_SHARE, MOST_SHARE),
            confidence=within(asked, "confidence", 0.95, LEAST_SHARE, MOST_SHARE),
            n=int(within(asked, "n", 1, 1, MOST_TASKS)) if "n" in asked else None,
            min_similarity=within(asked, "min_similarity", 1, 0.01, 1),
            without=tuple(asked.get("without", ())),
        )
        with not_now():
            plan = desk.plans.of(project, wish)
            if plan is None:
                return {"started": False, "plan": None}, 202
            if not asked.get("dry_run"):
                refuse_unpaid(plan, project, anyway=asked.get("anyway", False))
                with desk.working() as context:
                    start_planned(context, project, wish, n=plan.n, version=plan.version)
                desk.forget(project)
        return {"started": not asked.get("dry_run"), "plan": plan_json(plan)}

    @api.post(f"{PROJECT}/certify/abandon")
    def abandon_certify(project: int) -> ResponseReturnValue:
        from workers.admin.start_attempt import abandon

        sent({})
        with not_now(), desk.working() as context:
            ended = abandon(context, project)
        desk.forget(project)
        return {"attempt": ended.number}

    @api.post(f"{PROJECT}/release")
    def release(project: int) -> ResponseReturnValue:
        from workers.admin.order_release import order
        from workers.admin.release_status import release_status

        asked = sent({"people_only": FLAG})
        with not_now(), desk.working() as context:
            order(context, project, people_only=asked.get("people_only", False))
        desk.forget(project)
        found = release_status(desk.book, load(desk.book, project))
        return {"release": asdict(found) if found else None}

    @api.post(f"{PROJECT}/release/abandon")
    def abandon_release(project: int) -> ResponseReturnValue:
        from workers.admin.order_release import call_off

        sent({})
        with not_now(), desk.working() as context:
            order = call_off(context, project)
        desk.forget(project)
        return {"certificate": order.certificate}


def _add_rules(api: Blueprint, desk: Desk) -> None:
    @api.post(f"{PROJECT}/rules")
    def rules(project: int) -> ResponseReturnValue:
        from ml_backend.api.sent_rules import rule_change
        from workers.admin.change_rules import change_rules, plan_rules

        asked = sent({"set": VALUES, "unset": TEXTS, "dry_run": FLAG, "yes": FLAG})
        change = rule_change(asked.get("set", {}), asked.get("unset", []))
        load(desk.book, project)  # raises NotConnected
        with not_now(), desk.working() as context:
            planned = plan_rules(context, project, change)
            effects = [asdict(one) for one in planned.effects]
            if asked.get("dry_run"):
                return {"changed": False, "effects": effects}
            if planned.grave and not asked.get("yes"):
                grave = "; ".join(f"{one.key}: {one.what}" for one in planned.effects if one.grave)
                raise UserError(f'This needs "yes": true. {grave}.')
            changed = change_rules(context, project, planned, change)
        desk.forget(project)
        return {"changed": changed, "effects": effects}

    @api.post(f"{PROJECT}/disconnect")
    def disconnect(project: int) -> ResponseReturnValue:
        from workers.admin.connect_project import disconnect

        sent({})
        load(desk.book, project, disconnected=True)  # raises NotConnected
        with not_now(), desk.working() as context:
            was_connected = disconnect(context, project)
        desk.forget(project)
        return {"was_connected": was_connected}


def _told(desk: Desk, project: int, served: Served) -> dict[str, Any]:
    desk.forget(project)
    passed_over = [{"version": version, "reason": reason} for version, reason in served.passed_over]
    return {"version": served.version, "is_new": served.is_new, "passed_over": passed_over}
