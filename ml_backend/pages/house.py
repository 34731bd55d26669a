"""The lead's pages as one blueprint: who is let in, which forms are believed, and what goes wrong is a page too."""

from contextlib import ExitStack
from datetime import timedelta

import structlog
from flask import Blueprint, Flask, Response, g, request
from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError
from werkzeug.exceptions import HTTPException

from labelloop.acting import PAGE, Actor, acting
from labelloop.errors import LabelLoopError
from ml_backend.auth import PAGES, challenge
from ml_backend.page_turns import limit_pages
from ml_backend.pages.act_routes import add_acts
from ml_backend.pages.annotator_names import AnnotatorNames
from ml_backend.pages.certify_plans import CertifyPlans
from ml_backend.pages.certify_routes import add_certify
from ml_backend.pages.connect_routes import add_connect
from ml_backend.pages.desk import Desk, secured, spoken, wants_html
from ml_backend.pages.disputes_routes import add_disputes
from ml_backend.pages.doctor_looks import DoctorLooks
from ml_backend.pages.guideline_routes import add_guideline
from ml_backend.pages.log_routes import add_log
from ml_backend.pages.login_routes import add_login, login_page
from ml_backend.pages.page_figures import Figures
from ml_backend.pages.people_kept import KeptPeople
from ml_backend.pages.people_routes import add_people
from ml_backend.pages.project_routes import add_projects
from ml_backend.pages.quality_routes import add_quality
from ml_backend.pages.refusal_sentences import refused
from ml_backend.pages.release_routes import add_release
from ml_backend.pages.report_routes import add_report
from ml_backend.pages.rules_routes import add_rules
from ml_backend.pages.system_routes import add_system
from ml_backend.pages.version_routes import add_versions
from ml_backend.pages.visitor import form_is_ours, session_key, visitor
from ml_backend.responses import refusal, status_of
from workers.jobs.app_context import ServingContext

SESSION = timedelta(hours=12)
OPEN = frozenset({f"{PAGES}.static", f"{PAGES}.login", f"{PAGES}.login_form"})
log = structlog.get_logger()


def add_pages(app: Flask, context: ServingContext) -> Desk:
    """Add the pages to the service, and return what they work with."""
    settings = context.settings
    desk = Desk(
        settings,
        context.book,
        context.bell,
        Figures(context.book, context.bell, settings),
        DoctorLooks(settings),
        KeptPeople(context.book),
        AnnotatorNames(settings),
        CertifyPlans(context.book, context.models),
    )
    app.secret_key = session_key(settings)
    app.config.update(
        SESSION_COOKIE_NAME="labelloop_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.pages_address.startswith("https://"),
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=SESSION,
    )
    pages = Blueprint(PAGES, __name__, template_folder="templates", static_folder="static", static_url_path="/static")
    _let_in(pages, desk)
    limit_pages(pages, desk.turns)
    _show_errors(pages, desk)
    pages.after_request(secured)
    add_login(pages, desk)
    add_projects(pages, desk)
    add_connect(pages, desk)
    add_acts(pages, desk)
    add_certify(pages, desk)
    add_quality(pages, desk)
    add_disputes(pages, desk)
    add_people(pages, desk)
    add_versions(pages, desk)
    add_guideline(pages, desk)
    add_release(pages, desk)
    add_rules(pages, desk)
    add_log(pages, desk)
    add_report(pages, desk)
    add_system(pages, desk)
    app.register_blueprint(pages)
    return desk


def _let_in(pages: Blueprint, desk: Desk) -> None:
    @pages.before_request
    def let_in() -> ResponseReturnValue | None:
        """Show strangers the log-in in place of the page, and take no form that is not from our own page."""
        g.visitor = visitor(desk.settings)
        if g.visitor is None and request.endpoint not in OPEN:
            return login_page(desk, 401) if wants_html() else challenge()
        if request.method == "POST" and not form_is_ours(desk.settings):
            return _error(desk, 403, spoken()("foreign_form"))
        if request.method == "POST" and g.visitor is not None:
            g.acts = ExitStack()
            g.acts.enter_context(acting(Actor(g.visitor.name, PAGE, request.remote_addr or "")))
        return None

    @pages.teardown_request
    def no_longer(_: BaseException | None) -> None:
        """Let nobody act any more: the next request in this thread is somebody else's."""
        if acts := g.pop("acts", None):
            acts.close()


def _show_errors(pages: Blueprint, desk: Desk) -> None:
    @pages.errorhandler(LabelLoopError)
    def ours(error: LabelLoopError) -> ResponseReturnValue:
        status = status_of(error)
        if status >= 500:
            log.error("failed", route=request.path, error=str(error), exc_info=status == 500)
        return _error(desk, status, refused(str(error), spoken()) if status != 500 else "")

    @pages.errorhandler(RedisError)
    def queues(error: RedisError) -> ResponseReturnValue:
        log.error("failed", route=request.path, error=str(error))
        return _error(desk, 503, spoken()("no_queue"))

    @pages.errorhandler(HTTPException)
    def flasks(error: HTTPException) -> ResponseReturnValue:
        return _error(desk, error.code or 500, error.description or error.name)

    @pages.errorhandler(Exception)
    def unknown(error: Exception) -> ResponseReturnValue:
        log.exception("failed", route=request.path, error=type(error).__name__)
        return _error(desk, 500, "")


def _error(desk: Desk, status: int, words: str) -> Response:
    """Return an error as a page, or to a script as one sentence; without words it is for the log."""
    said = words or spoken()("broken")
    return desk.page("error.html", status, words=said, number=status) if wants_html() else refusal(status, said)
