"""The page of disputes: what people said of a task on which they differ, and what the lead decides on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Response, flash, g, request

from labelloop.domain.adjudication_record import REASONS, Adjudication
from labelloop.domain.value_cells import span_cells, value_json
from labelloop.domain.values import Value
from labelloop.errors import UserError
from labelloop.state.load import load
from labelloop.steps.adjudicate import LONGEST_NOTE, Dispute, adjudicate
from ml_backend.pages.desk import Desk, spoken

ROWS = 20
"""How many disputes a page shows."""
LAST_PAGE = 1_000_000
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class AnswerView:
    """An answer as the page shows it: `value` is what the form sends, `by` are the letters of those who gave it."""

    value: str
    said: str
    by: str


@dataclass(frozen=True, slots=True)
class DecisionView:
    """What the lead decided; `said` is empty where they left the label as it is."""

    said: str
    reason: str
    note: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DisputeView:
    """A dispute as the page shows it."""

    id: int
    text: str
    is_audit: bool
    agreement: float
    answers: tuple[AnswerView, ...]
    decision: DecisionView | None


def disputes_page(desk: Desk, project: int, field: str, *, error: str = "", code: int = 200) -> Response:
    """Return the page, with what was wrong with its form; raises NotConnected, or NotFound for an unknown field."""
    state = desk.figures.state(project, field)
    found = desk.figures.disputes(project, state.field.name) if state.fields else ()
    lists = {False: [one for one in found if one.decision is None], True: _newest_first(found)}
    decided = request.args.get("show") == "decided"
    number = min(max(request.args.get("page", 1, int), 1), LAST_PAGE)
    listed, start = lists[decided], (number - 1) * ROWS
    return desk.page(
        "disputes.html",
        code,
        project=project,
        title=state.connection.title,
        is_active=state.connection.active,
        fields=[one.field.name for one in state.fields],
        field=state.field.name if state.fields else "",
        disputes=[_view(one) for one in listed[start : start + ROWS]],
        decided=decided,
        counts={show: len(some) for show, some in lists.items()},
        number=number,
        more=len(listed) > start + ROWS,
        reasons=REASONS,
        longest_note=LONGEST_NOTE,
        error=error,
        draft=request.form if error else {},
    )


def decide(desk: Desk, project: int, field: str) -> Response | None:
    """Record what the request's form decides; return an answer where that was not possible."""
    form, t = request.form, spoken()
    task = form.get("task", "")
    try:
        if not (task.isascii() and task.isdecimal() and len(task) < 19) or "answer" not in form:
            raise UserError(t("pick_answer"))
        state = load(desk.book, project).focused(field)
        adjudicate(
            *(desk.book, state, int(task)),
            value=form["answer"],
            reason=form.get("reason", ""),
            note=form.get("note", "").replace("\r\n", "\n"),
            who=g.visitor.name,
        )
    except UserError as error:
        return disputes_page(desk, project, field, error=str(error), code=400)
    desk.forget(project)
    flash(t("dispute_decided", task=task))
    return None


def answer_text(value: Value, text: str) -> str:
    """Return an answer to be read: of spans, what they mark in the text."""
    spans = span_cells(value, text)
    return "; ".join(f"{one['label']}: “{one['text']}”" for one in spans) or str(value)


def answer_views(answers: Sequence[Value], text: str) -> tuple[AnswerView, ...]:
    """Return a task's answers, each once, with the letters of the people who gave it."""
    by: dict[Value, list[str]] = {}
    for place, value in enumerate(answers):
        by.setdefault(value, []).append(LETTERS[place] if place < len(LETTERS) else str(place + 1))
    return tuple(AnswerView(value_json(one), answer_text(one, text), ", ".join(who)) for one, who in by.items())


def _newest_first(found: Sequence[Dispute]) -> list[Dispute]:
    dated = [(one.decision.created_at, one.task.task.id, one) for one in found if one.decision]
    return [one for _, _, one in sorted(dated, key=lambda item: item[:2], reverse=True)]


def _view(one: Dispute) -> DisputeView:
    text = one.task.task.text
    answers = answer_views(one.answers, text)
    return DisputeView(
        id=one.task.task.id,
        text=text,
        is_audit=one.task.is_audit,
        agreement=one.agreement,
        answers=answers,
        decision=_decided(one.decision, answers) if one.decision else None,
    )


def _decided(made: Adjudication, answers: Sequence[AnswerView]) -> DecisionView:
    said = next((answer.said or spoken()("no_answer") for answer in answers if answer.value == made.value), "")
    return DecisionView(said, made.reason, made.note, made.who, made.created_at)
