"""The guideline page: what it shows, and what its forms do."""

from typing import Any

from flask import Response, request

from labelloop.domain.guideline_history import LLM, GuidelineHistory
from labelloop.domain.guideline_records import Guideline
from labelloop.errors import NotConnected, UserError
from labelloop.state.load import load
from labelloop.state.project_state import ProjectState
from labelloop.steps import guideline_rulings as steps
from labelloop.steps.adjudicate import Gap, gaps
from labelloop.steps.guideline_evidence import Behind, evidence_of
from labelloop.stores.book import Book
from ml_backend.pages.desk import Desk, spoken
from ml_backend.pages.disputes_page import answer_text, answer_views
from ml_backend.pages.guideline_texts import WORDS

MOST_TASKS = 20
"""How many tasks of a kind are listed for a rule."""
EXCERPT = 300


def page(desk: Desk, project: int, error: str = "") -> Response:
    """Return the page of a project, with what was wrong with the form that it was sent."""
    state = desk.figures.state(project, request.args.get("field", ""))
    if not state.connection.active:
        raise NotConnected(project)
    return _page(desk, state, error)


def decide(desk: Desk, project: int) -> Response | None:
    """Do what the request's form asks for; return an answer where that was not possible."""
    try:
        state = load(desk.book, project).focused(request.args.get("field", ""))
        _decide(desk.book, state)
    except UserError as error:
        answer = page(desk, project, str(error))
        answer.status_code = 400
        return answer
    desk.forget(project)
    return None


def _decide(book: Book, state: ProjectState) -> None:
    form = request.form
    match form.get("action"):
        case "edit":
            steps.edit(book, state, form.get("text", ""))
        case "accept" | "reject" as action if form.get("number", "").isdecimal():
            steps.rule(book, state.id, int(form["number"]), accepted=action == "accept")
        case _:
            raise UserError("The form asks for nothing that is known here: open the page again.")


def _page(desk: Desk, state: ProjectState, error: str = "") -> Response:
    book, known = desk.book, steps.history(state)
    text, origin = steps.current_text(book, state, desk.settings.llm_guideline)
    shown = _shown(known)
    return desk.page(
        "guideline.html",
        w=WORDS[spoken().language],
        project=state.id,
        title=state.connection.title,
        fields=[one.field.name for one in state.fields],
        field=state.field.name,
        error=error,
        current=known.current,
        origin=origin,
        text=text,
        draft=request.form.get("text", text) if error else text,
        gaps=[_gap(one) for one in gaps(book, state)],
        cards=[_card(book, state, known, one, shown) for one in reversed(known.guidelines)],
    )


def _shown(known: GuidelineHistory) -> int:
    """Return the proposal whose tasks are shown: the one that the address names (`?evidence=`), else the newest."""
    proposed = [one.number for one in known.guidelines if one.origin == LLM]
    return request.args.get("evidence", max(proposed, default=0), int)


def _gap(one: Gap) -> dict[str, Any]:
    text = one.task.task.text
    return {"one": one, "text": text, "answers": answer_views(one.answers, text)}


def _card(book: Book, state: ProjectState, known: GuidelineHistory, one: Guideline, shown: int) -> dict[str, Any]:
    kinds = {"+": "added", "-": "removed", "@": "place"}
    lines = [line for line in steps.diff(book, state, one) if not line.startswith(("+++ ", "--- "))]
    return {
        "one": one,
        "lead": known.ruling(one.number),
        "is_current": one == known.current,
        "is_proposal": one.origin == LLM,
        "is_shown": one.number == shown,
        "evidence": _evidence(book, state, one) if one.origin == LLM and one.number == shown else None,
        "diff": [(kinds.get(line[:1], "same"), line) for line in lines],
    }


def _evidence(book: Book, state: ProjectState, one: Guideline) -> dict[str, Any] | None:
    found = evidence_of(book, state, one)
    if found is None:
        return None
    rules = [
        {
            "edit": rule.edit,
            "lists": [
                (name, len(tasks), [_behind(task) for task in tasks[:MOST_TASKS]])
                for name, tasks in (("made_from", rule.made_from), ("better", rule.better), ("worse", rule.worse))
            ],
        }
        for rule in found.rules
    ]
    return {"rules": rules, "lost": found.lost, "tried": found.tried}


def _behind(one: Behind) -> dict[str, Any]:
    text = one.task.text
    said = {"right": one.right, "before": one.before, "after": one.after}
    answers = {name: None if value is None else answer_text(value, text) for name, value in said.items()}
    return {"id": one.task.id, "text": text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…", **answers}
