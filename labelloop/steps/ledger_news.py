"""What the ledger holds that is worth telling: rounds, champions, verdicts, certificates and releases."""

import hashlib
from collections.abc import Iterator

from labelloop.domain.human_level import Outcome
from labelloop.domain.lookup import newest
from labelloop.domain.news import Event, Figure, Kind
from labelloop.domain.records import Deployment
from labelloop.state.project_state import ProjectState


def ledger_news(state: ProjectState) -> Iterator[Event]:
    """Yield an event for everything of the kind that was ever recorded, each kind oldest first."""
    yield from _rounds(state)
    for one in state.by_field:
        yield from _champions(one)
        yield from _verdicts(one)
        yield from _certificates(one)
    yield from _releases(state)


def key(*parts: object, field: str = "") -> str:
    """Return a key of these parts, short however long the field's name is.

    >>> key(3, "v2"), key(3, "v2", field="mood")
    ('3-v2', '3-v2-ee0e4f30')
    """
    digest = (hashlib.sha256(field.encode()).hexdigest()[:8],) if field else ()
    return "-".join(map(str, (*parts, *digest)))


def _rounds(state: ProjectState) -> Iterator[Event]:
    for one in state.rounds:
        figures: dict[str, Figure] = {"round": one.number, "labels": one.train, "new_labels": one.new_train}
        yield Event(Kind.ROUND, key(one.number), one.created_at, figures | {"audit_tasks": one.audit})


def _champions(state: ProjectState) -> Iterator[Event]:
    before = ""
    for number, one in enumerate(state.looped.deployments, start=1):
        if one.version != before:
            name = key(number, one.version, field=state.field_on_record)
            yield Event(Kind.CHAMPION, name, one.created_at, _champion(state, one), "versions")
        before = one.version


def _champion(state: ProjectState, one: Deployment) -> dict[str, Figure]:
    fit = state.looped.version(one.version)
    known = [found for found in state.looped.evaluations if found.created_at <= one.created_at]
    found = newest(known, version=one.version, failure="")
    return {
        "field": state.field_on_record,
        "version": one.version,
        "learner": fit.learner if fit else "",
        "rolled_back": one.rolled_back,
        "agreement": found.agreement if found else None,
        "agreement_low": found.agreement_low if found else None,
        "agreement_high": found.agreement_high if found else None,
        "human_agreement": found.human_agreement if found else None,
        "human_low": found.human_low if found else None,
        "human_high": found.human_high if found else None,
        "audit_tasks": found.n if found else 0,
    }


def _verdicts(state: ProjectState) -> Iterator[Event]:
    before = Outcome.CANNOT_TELL.value  # nobody can tell before the first one
    for one in state.looped.verdicts:
        if one.outcome != before:
            figures: dict[str, Figure] = {
                "field": state.field_on_record,
                "version": one.version,
                "outcome": one.outcome,
                "before": before,
                "gap": one.gap,
                "gap_low": one.gap_low,
                "audit_tasks": one.n,
            }
            name = key(one.round_number, one.look, one.version or "none", field=state.field_on_record)
            yield Event(Kind.VERDICT, name, one.created_at, figures, "quality")
        before = one.outcome


def _certificates(state: ProjectState) -> Iterator[Event]:
    for one in state.looped.certificates:
        if one.delta > 0:  # the others were abandoned, which somebody did
            figures: dict[str, Figure] = {
                "field": state.field_on_record,
                "version": one.version,
                "granted": one.granted,
                "max_error": one.max_error,
                "confidence": 1 - one.delta,
                "automated": one.automated,
                "errors": one.errors,
                "tasks_drawn": one.n,
            }
            yield Event(
                Kind.CERTIFICATE, key(one.number, field=state.field_on_record), one.created_at, figures, "release"
            )


def _releases(state: ProjectState) -> Iterator[Event]:
    found = {one.number: one for field in (*state.fields, *state.former) for one in field.releases}
    for number, one in sorted(found.items()):
        figures: dict[str, Figure] = {
            "release": number,
            "tasks": one.tasks,
            "by_people": one.by_people,
            "by_model": one.by_model,
            "left_out": one.left_out,
        }
        yield Event(Kind.RELEASE, key(number), one.created_at, figures, "release")
