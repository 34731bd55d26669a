"""A project's rules: what each means, where it comes from, and changing some after saying what that does."""

from dataclasses import dataclass
from typing import get_args

from flask import Response, flash, request

from labelloop.domain.records import Connection
from labelloop.errors import UserError
from labelloop.rules import Rules, parse_assignments
from labelloop.state.load import load
from labelloop.state.rules_in_force import DEFAULT, RuleInForce, rules_in_force
from labelloop.steps.rule_effects import RuleEffect
from ml_backend.pages.desk import Desk, spoken
from ml_backend.pages.effect_sentences import effect_sentence
from workers.admin.change_rules import RuleChange, change_rules, plan_rules

PREFIX = "rule-"
"""Before the names of rules in forms, whose other fields are none."""
MOST = 2000
"""Characters of a value."""


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule as the page shows it: its `text` as it is typed, that of its default, and the values that it may have.

    `choices` is empty where any may be typed.
    """

    rule: RuleInForce
    text: str
    default: str
    choices: tuple[str, ...]


def rules_page(desk: Desk, project: int, *, error: str = "") -> Response:
    """Return the rules in force, with what was typed in place of them where that was refused; raises NotConnected."""
    state = load(desk.book, project, disconnected=True)
    return desk.page(
        "rules.html",
        400 if error else 200,
        project=project,
        title=state.connection.title,
        is_active=state.connection.active,
        looped=[one.field.name for one in state.fields],
        rules=[_view(one, typed=bool(error)) for one in _in_force(desk, project)],
        prefix=PREFIX,
        error=error,
    )


def effects_page(desk: Desk, project: int) -> Response:
    """Return what the change that the request names would do, and the question whether it is meant."""
    load(desk.book, project)  # raises NotConnected
    typed = _typed(desk, project)
    try:
        effects = _effects(desk, project, typed) if typed else ()
    except UserError as error:
        return rules_page(desk, project, error=str(error))
    return desk.page(
        "rules_sure.html",
        project=project,
        title=load(desk.book, project).connection.title,
        typed=typed,
        prefix=PREFIX,
        effects=[(one.key, effect_sentence(one.what, spoken()), one.grave) for one in effects],
        is_grave=any(one.grave for one in effects),
    )


def change(desk: Desk, project: int) -> Response | None:
    """Change the rules that the form names, None where that is done; a grave change needs a tick."""
    load(desk.book, project)  # raises NotConnected
    typed = _typed(desk, project)
    try:
        with desk.working() as context:
            wanted = _change(typed)
            planned = plan_rules(context, project, wanted)
            if planned.grave and request.form.get("anyway") != "yes":
                return effects_page(desk, project)
            changed = bool(typed) and change_rules(context, project, planned, wanted)
    except UserError as error:
        return rules_page(desk, project, error=str(error))
    finally:
        desk.forget(project)
    flash(spoken()("rules_done" if changed else "rules_same"))
    return None


def text_of(value: object) -> str:
    """Return a rule's value as it is typed.

    >>> text_of(("linear", "prompt")), text_of(True), text_of(None), text_of(60.0)
    ('linear,prompt', 'true', '', '60')
    """
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _in_force(desk: Desk, project: int) -> list[RuleInForce]:
    return rules_in_force(desk.book.ledger.all(Connection, project))


def _view(one: RuleInForce, *, typed: bool) -> RuleView:
    text = text_of(one.value)
    about = Rules.model_fields[one.key]
    choices = ("true", "false") if about.annotation is bool else tuple(map(str, _literals(about.annotation)))
    shown = request.values.get(PREFIX + one.key, text) if typed else text
    return RuleView(one, shown[:MOST], text_of(about.default), choices)


def _literals(annotation: object) -> tuple[object, ...]:
    found = get_args(annotation)
    return found if found and all(isinstance(one, str) for one in found) else ()


def _typed(desk: Desk, project: int) -> dict[str, str]:
    """Return the rules of the request that are not what holds now, each as it was typed."""
    found = dict[str, str]()
    for one in _in_force(desk, project):
        text, now = request.values.get(PREFIX + one.key, text_of(one.value))[:MOST].strip(), text_of(one.value)
        if text != now and (text or one.source != DEFAULT):
            found[one.key] = text
    return found


def _change(typed: dict[str, str]) -> RuleChange:
    """Return the change; a rule whose value was deleted goes back to its default."""
    values = parse_assignments(f"{key}={text}" for key, text in typed.items() if text)
    return RuleChange(values, tuple(key for key, text in typed.items() if not text))


def _effects(desk: Desk, project: int, typed: dict[str, str]) -> tuple[RuleEffect, ...]:
    with desk.working() as context:
        return plan_rules(context, project, _change(typed)).effects
