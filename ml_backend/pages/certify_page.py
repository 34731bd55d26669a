"""What certifying would take and save, by the lead's wishes, and starting it."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Response, flash, request

from labelloop.domain.certify_plan import CertifyPlan, why_not
from labelloop.errors import UserError
from labelloop.state.load import load
from labelloop.state.project_state import ProjectState
from ml_backend.pages.desk import Desk, spoken
from ml_backend.pages.page_texts import Texts
from ml_backend.pages.release_acts import promise
from workers.admin.start_attempt import Wish, start_planned

DEFAULTS = {"max_error": "5", "confidence": "95", "n": "", "min_similarity": "1"}


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan as the page shows it: what it promises, and why it cannot be started or does not pay, else empty."""

    plan: CertifyPlan
    promise: str
    impossible: str
    pays_not: str


def certify_page(desk: Desk, project: int, *, error: str = "") -> Response:
    """Return the wishes with their plan, as soon as it is made; nothing is started. Raises NotConnected."""
    state, t = load(desk.book, project), spoken()
    found, wish = None, None
    try:
        wish = _wish(state)
        found = desk.plans.of(project, wish)
    except UserError as refused:
        error = error or str(refused)
    given = {name: request.values.get(name, default) for name, default in DEFAULTS.items()}
    return desk.page(
        "certify.html",
        400 if error else 200,
        project=project,
        title=state.connection.title,
        fields=[one.field.name for one in state.fields],
        given=given,
        without=request.values.getlist("without"),
        view=_view(found, wish, t) if found and wish else None,
        error=error,
    )


def start(desk: Desk, project: int) -> Response | None:
    """Start the attempt whose plan the form carries, None where that is done; the page again where it cannot be."""
    form = request.form
    try:
        wish = _wish(load(desk.book, project))
        if wish.n is None or (form.get("pays") != "yes" and form.get("anyway") != "yes"):
            raise UserError(spoken()("tick_anyway"))
        with desk.working() as context:
            start_planned(context, project, wish, n=wish.n, version=form.get("version", ""))
    except UserError as error:
        return certify_page(desk, project, error=str(error))
    finally:
        desk.forget(project)
    flash(spoken()("certify_done", n=wish.n))
    return None


def _wish(state: ProjectState) -> Wish:
    """Return what the request asks for; raises UserError for what makes no sense."""
    given = {name: request.values.get(name, "").strip() or default for name, default in DEFAULTS.items()}
    if given["n"] and not (given["n"].isascii() and given["n"].isdigit() and 0 < int(given["n"][:9]) < 10**8):
        raise UserError(spoken()("wrong_number", what=spoken()("wish_n"), low=1, high=99_999_999))
    known = {one.field.name for one in state.fields}
    return Wish(
        max_error=_number(given["max_error"], "wish_max_error", 0.01, 99.99) / 100,
        confidence=_number(given["confidence"], "wish_confidence", 0.01, 99.99) / 100,
        n=int(given["n"]) if given["n"] else None,
        min_similarity=_number(given["min_similarity"], "wish_similarity", 0.01, 1),
        without=tuple(name for name in dict.fromkeys(request.values.getlist("without")) if name in known),
    )


def _number(text: str, name: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not low <= value <= high:
        raise UserError(spoken()("wrong_number", what=spoken()(name), low=low, high=high))
    return value


def _view(plan: CertifyPlan, wish: Wish, t: Texts) -> PlanView:
    fields = max(len(plan.fields), 1)
    said = promise(plan.max_error, plan.delta * fields, wish.min_similarity, t)
    said = t("plan_promise_fields", fields=fields, promise=said) if fields > 1 else t("plan_promise", promise=said)
    impossible = "".join(_impossible(plan, t))
    return PlanView(plan, said, impossible, "" if impossible else _pays_not(plan, t))


def _impossible(plan: CertifyPlan, t: Texts) -> Iterator[str]:
    if plan.allowed < 0:
        name = "plan_pool_small" if plan.n > plan.pool else "plan_proves_nothing"
        yield t(name, n=plan.n, pool=plan.pool, least=plan.least)


def _pays_not(plan: CertifyPlan, t: Texts) -> str:
    """Return why the attempt does not pay, as `why_not` says it in English; empty where it does."""
    if not why_not(plan):
        return ""
    if plan.saved_at_best < plan.n:
        return t("pays_not_at_best", n=plan.n, saved=plan.saved_at_best)
    return t("pays_not_forecast", n=plan.n, saved=plan.saved) if plan.saved else t("pays_not_nothing")
