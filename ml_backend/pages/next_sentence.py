"""What to do next in a project, in one sentence with its reason, in the reader's language."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from labelloop.domain.human_level import Outcome
from labelloop.domain.records import Verdict
from ml_backend.pages.page_figures import ProjectFigures
from ml_backend.pages.page_texts import Texts
from workers.admin.next_move import Move
from workers.admin.status import ProjectStatus


@dataclass(frozen=True, slots=True)
class NextSentence:
    """What to do, why, and whether it is the lead's or people's to do and not a worker's.

    `acts` are the names of what the page offers a button for, the first being what is to be done.
    """

    what: str
    because: tuple[str, ...]
    is_ours: bool
    acts: tuple[str, ...] = ()


def next_sentence(figures: ProjectFigures, t: Texts) -> NextSentence:
    """Return what is next: while people label, what the verdicts ask for, of the first field that is not there yet."""
    status = figures.first
    by_worker = status.next.move in (Move.STEP, Move.COLLECT, Move.CLOSE_ROUND)
    if status.next.move is not Move.LABEL:
        act = _ACTS.get(status.next.move)
        return NextSentence(_moved(status, t), tuple(_failed(status, t)), not by_worker, (act,) if act else ())
    behind = [one for one in statuses_with_verdict(figures) if one[1].outcome != Outcome.YES]
    reached = [one for one in statuses_with_verdict(figures) if one[1].outcome == Outcome.YES]
    for name, verdict, report in (behind or reached)[:1]:
        because = (reason(name, verdict, report, t), *_forecast(report, t), *_failed(status, t))
        first = {Outcome.YES: ("release",), Outcome.GUIDELINE: ("guideline",)}.get(Outcome(verdict.outcome), ())
        return NextSentence(_by_verdict(status, verdict, t), because, is_ours=True, acts=(*first, *_train(status)))
    because = (t("because_no_verdict"), *_failed(status, t))
    return NextSentence(_moved(status, t), because, is_ours=True, acts=_train(status))


_ACTS = {Move.ALL_LABELLED: "release", Move.RELEASED: "release", Move.DISCONNECTED: "connect"}
"""Where a button leads while people do not label."""


def _train(status: ProjectStatus) -> tuple[str, ...]:
    """Return that a round can be closed before it is due, where anything has been labelled."""
    return ("train",) if status.labels.train or status.labels.monitor else ()


def statuses_with_verdict(figures: ProjectFigures) -> list[tuple[str, Verdict, dict[str, Any]]]:
    """Return name, verdict and its report of each field that has one; a single field needs no name."""
    return [
        (one.field.name if one.field and len(figures.statuses) > 1 else "", one.verdict, report)
        for one, report in zip(figures.statuses, figures.reports, strict=True)
        if one.verdict and report
    ]


def reason(field: str, verdict: Verdict, report: dict[str, Any], t: Texts) -> str:
    """Return the figures that a verdict rests on, as a sentence, which begins with the name of the field if given."""
    sentence = _reason(verdict, report, t)
    return t("of_field", field=field, sentence=sentence) if field else sentence


def _reason(verdict: Verdict, report: dict[str, Any], t: Texts) -> str:
    about = {"version": verdict.version or t("no_model"), "n": verdict.n}
    if verdict.gap is None:
        return t("because_gap_unknown", **about)
    if verdict.outcome == Outcome.GUIDELINE:
        return t("because_people", share=t.share(report["human_agreement"]["value"]), **about)
    which = "because_gap_worse" if verdict.gap < 0 else "because_gap_better"
    return t(which, points=t.points(verdict.gap), margin=f"{100 * verdict.margin:g}", **about)


def _moved(status: ProjectStatus, t: Texts) -> str:
    move = status.next
    return t(
        f"next_{move.move}",
        n=move.count,
        number=move.number,
        round=_next_round(status),
        step=t(move.step) if move.step else "",
    )


def _by_verdict(status: ProjectStatus, verdict: Verdict, t: Texts) -> str:
    match verdict.outcome:
        case Outcome.YES:
            return t("next_yes")
        case Outcome.GUIDELINE:
            return t("next_guideline")
        case Outcome.CANNOT_TELL if verdict.audit_needed:
            return t("next_audit", n=verdict.audit_needed)
        case _:
            return _moved(status, t)


def _forecast(report: dict[str, Any], t: Texts) -> Iterator[str]:
    work = report["forecast"]
    if work["labels"]:
        yield t("forecast", n=work["labels"])
    if work["hours"]:
        yield t("hours", time=t.work(work["hours"]))


def _failed(status: ProjectStatus, t: Texts) -> Iterator[str]:
    if status.jobs is None:
        yield t("jobs_unknown")
    elif status.jobs.failed:
        yield t("because_failed", n=len(status.jobs.failed))


def _next_round(status: ProjectStatus) -> int:
    return status.rounds[-1].number + 1 if status.rounds else 1
