"""What the pages work with, and how each of them is rendered: the frame, the reader's language, the policy."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flask import Response, g, make_response, render_template, request

from labelloop.settings import Settings
from labelloop.stores.book import Book
from ml_backend.page_turns import page_turns
from ml_backend.pages.annotator_names import AnnotatorNames
from ml_backend.pages.certify_plans import CertifyPlans
from ml_backend.pages.doctor_looks import DoctorLooks
from ml_backend.pages.page_figures import Figures
from ml_backend.pages.page_texts import LANGUAGES, Texts, texts
from ml_backend.pages.people_kept import KeptPeople
from ml_backend.pages.recorded_sentences import recorded
from ml_backend.pages.refusal_sentences import refused
from ml_backend.pages.visitor import Visitor, form_token
from ml_backend.turns import Turns
from workers.jobs.app_context import AppContext, open_context
from workers.jobs.job_queue import Bell

LANGUAGE_COOKIE = "labelloop_language"
A_YEAR_S = 365 * 24 * 3600
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


@dataclass(frozen=True)
class Desk:
    """The settings, the records, the job queue, the figures, what `doctor` found, and the turns that requests take.

    `people` has the figures of annotators, `names` what these are called, `plans` what certifying would take.
    """

    settings: Settings
    book: Book
    bell: Bell
    figures: Figures
    doctor: DoctorLooks
    people: KeptPeople
    names: AnnotatorNames
    plans: CertifyPlans
    turns: Turns = field(default_factory=page_turns)

    @contextmanager
    def working(self) -> Iterator[AppContext]:
        """Open what a step of a command works with, Label Studio too."""
        with open_context(self.settings) as context:
            yield context

    def forget(self, project: int) -> None:
        """Compute all that is kept of a project anew: something was changed."""
        self.figures.forget(project)
        self.people.forget_where(lambda key: key[0] == project)
        self.plans.forget(project)

    def page(self, template: str, code: int = 200, **content: Any) -> Response:
        """Return a page in the reader's language; `t` is its texts, `token` what its forms must carry."""
        who: Visitor | None = g.get("visitor")
        if error := content.get("error"):
            content["error"] = refused(error, spoken())
        html = render_template(
            template,
            t=spoken(),
            recorded=partial(recorded, t=spoken()),
            languages=LANGUAGES,
            visitor=who,
            token=form_token(self.settings),
            here=request.full_path.rstrip("?"),
            label_studio=self.settings.label_studio_address,
            **content,
        )
        return make_response(html, code)


def spoken() -> Texts:
    """Return the texts in the language that the reader chose, else in that of their browser, else in English."""
    chosen = request.args.get("lang") or request.cookies.get(LANGUAGE_COOKIE, "")
    wanted = (chosen, *(tag.partition("-")[0].lower() for tag in request.accept_languages.values()))
    return texts(next((language for language in wanted if language in LANGUAGES), "en"))


def secured(response: Response) -> Response:
    """Add what every page is sent with: it may load and run nothing but our own files; remember a chosen language."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Vary"] = "Accept-Language, Cookie"
    if (chosen := request.args.get("lang")) in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, str(chosen), max_age=A_YEAR_S, httponly=True, samesite="Lax")
    return response


def wants_html() -> bool:
    """Return whether a browser asks, not a script: answers and errors are then pages."""
    return "text/html" in request.headers.get("Accept", "")
