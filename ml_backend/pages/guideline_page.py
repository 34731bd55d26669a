"""The guideline page: what it shows, which forms it believes, and what they do."""

import hashlib
import hmac
import secrets
from typing import Any
from urllib.parse import urlsplit

from flask import Response, make_response, render_template, request

from labelloop.domain.guideline_history import GuidelineHistory
from labelloop.domain.guideline_records import Guideline
from labelloop.errors import UserError
from labelloop.settings import Settings
from labelloop.state.load import load
from labelloop.state.project_state import ProjectState
from labelloop.steps import guideline_rulings as steps
from labelloop.stores.book import Book
from ml_backend.pages.guideline_texts import WORDS
from ml_backend.responses import refusal


def page(book: Book, project: int, settings: Settings, error: str = "") -> Response:
    """Return the page of a project, with what was wrong with the form that it was sent."""
    return _page(book, _in_focus(book, project), settings, error)


def decide(book: Book, project: int, settings: Settings) -> Response | None:
    """Do what the request's form asks for; return an answer where that was not possible."""
    if not _is_from_our_page(project, settings):
        return refusal(403, "This form is not from our own page, or too old: open the page again and repeat it.")
    try:
        _decide(book, _in_focus(book, project))
    except UserError as error:
        answer = page(book, project, settings, str(error))
        answer.status_code = 400
        return answer
    return None


def _in_focus(book: Book, project: int) -> ProjectState:
    """Return the project with the field in focus that the address names (`?field=`), else the first."""
    return load(book, project).focused(request.args.get("field", ""))


def _decide(book: Book, state: ProjectState) -> None:
    form = request.form
    match form.get("action"):
        case "edit":
            steps.edit(book, state, form.get("text", ""))
        case "accept" | "reject" as action if form.get("number", "").isdecimal():
            steps.rule(book, state.id, int(form["number"]), accepted=action == "accept")
        case _:
            raise UserError("The form asks for nothing that is known here: open the page again.")


def _page(book: Book, state: ProjectState, settings: Settings, error: str = "") -> Response:
    """Render the page, with a policy that lets it run no script and load nothing."""
    language = request.accept_languages.best_match(WORDS) or "en"
    known = steps.history(state)
    current = known.current
    text, origin = steps.current_text(book, state, settings.llm_guideline)
    nonce = secrets.token_urlsafe(16)
    answer = make_response(
        render_template(
            "guideline.html",
            language=language,
            t=WORDS[language],
            nonce=nonce,
            token=_token(state.id, settings),
            project=state.id,
            title=state.connection.title,
            fields=[one.field.name for one in state.fields],
            field=state.field.name,
            error=error,
            current=current,
            origin=origin,
            text=text,
            draft=request.form.get("text", text) if error else text,
            cards=[_card(book, state, known, one) for one in reversed(known.guidelines)],
        )
    )
    answer.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer


def _card(book: Book, state: ProjectState, known: GuidelineHistory, one: Guideline) -> dict[str, Any]:
    kinds = {"+": "added", "-": "removed", "@": "place"}
    lines = [line for line in steps.diff(book, state, one) if not line.startswith(("+++ ", "--- "))]
    return {
        "one": one,
        "lead": known.ruling(one.number),
        "is_current": one == known.current,
        "diff": [(kinds.get(line[:1], "same"), line) for line in lines],
    }


def _is_from_our_page(project: int, settings: Settings) -> bool:
    """Browsers send the lead's password with what other pages make them post; they do not know the page's token."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site != "same-origin":
        return False
    if site is None and origin is not None and urlsplit(origin).netloc != request.host:
        return False
    given = request.form.get("token", "").encode("utf-8", "replace")
    return hmac.compare_digest(given, _token(project, settings).encode())


def _token(project: int, settings: Settings) -> str:
    """Return the token of a project's page: the same in every process, and for whoever knows the password."""
    key = f"{settings.backend_password.get_secret_value()}\n{settings.webhook_secret.get_secret_value()}"
    return hmac.new(key.encode(), f"guideline {project}".encode(), hashlib.sha256).hexdigest()
