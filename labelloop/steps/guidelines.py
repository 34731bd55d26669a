"""A project's guideline: what a fit is handed, what comes back from it, and what the lead decides."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import unified_diff
from pathlib import Path

from labelloop.domain.guidelines import ACCEPTED, GIVEN, LEAD, LLM, PROPOSED, GuidelineHistory
from labelloop.domain.records import ClosedRound, Guideline, GuidelineRuling
from labelloop.errors import NotFound, UserError
from labelloop.learners.prompting.files import GUIDELINE, REFINEMENT
from labelloop.learners.prompting.guideline import beginning, read
from labelloop.learners.prompting.refinement import Refinement
from labelloop.steps.project import ProjectView
from labelloop.steps.scratch import Place
from labelloop.stores.book import Book

LONGEST = 20_000
"""How many signs a lead's guideline may have."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What a fit begins with: the number of the current guideline, 0 before the first, its text, and the refused."""

    number: int
    text: str
    refused: tuple[str, ...]


def history(view: ProjectView) -> GuidelineHistory:
    """Return the project's guidelines and what the lead said of them."""
    return GuidelineHistory(
        tuple(sorted(view.ledger.all(Guideline, view.id), key=lambda one: one.number)),
        tuple(view.ledger.all(GuidelineRuling, view.id)),
    )


def text_of(book: Book, guideline: Guideline) -> str:
    """Return a guideline's Markdown."""
    return book.artifacts.read(guideline.artifact, GUIDELINE).decode()


def handed(view: ProjectView, place: Place) -> Handed:
    """Return what a learner is handed for a round, the same when the fit is tried again.

    While the current guideline is that of the settings or the configuration the text is empty: they may have changed.
    """
    known = history(view).without(place.number, place.recipe)
    current, refused = known.current, tuple(text_of(view.book, one) for one in known.refused)
    if current is None or known.follows_settings:
        return Handed(current.number if current else 0, "", refused)
    return Handed(current.number, text_of(view.book, current), refused)


def record_refinement(view: ProjectView, place: Place, given: Handed, files: Path) -> None:
    """Record what a fit left of its guideline among its files: the one it began with, if that is new, and a proposal.

    What the test accepted is only proposed where the project's guideline changed meanwhile: the lead decides. May be
    run twice.
    """
    for path in sorted(files.rglob(REFINEMENT)):
        found = Refinement.from_json(path.read_text("utf-8"))
        _record_start(view, place, found)
        if found.proposal:
            _record_proposal(view, place, given, found)


def current_text(view: ProjectView, where: str) -> tuple[str, str]:
    """Return the guideline the next fit begins with, and its origin; `where` is what the settings name."""
    known = history(view)
    if known.current is not None and not known.follows_settings:
        return text_of(view.book, known.current), known.current.origin
    given, origin = beginning("", where, view.field)
    return given.written(), origin


def edit(view: ProjectView, text: str) -> Guideline | None:
    """Make the lead's own guideline the current one; None where it is that already. Raises UserError for a bad one."""
    if not text.strip() or len(text) > LONGEST:
        raise UserError(f"A guideline has from 1 to {LONGEST:,} signs: this one has {len(text.strip()):,}.")
    sound = text.encode("utf-8", "replace").decode()
    written, known = read(sound, view.field).written(), history(view)
    basis = known.current
    if basis is not None and text_of(view.book, basis) == written:
        return None
    record = _blank(view, LEAD, ACCEPTED, "the lead wrote it", basis.number if basis else 0)
    return _added(view, record, {GUIDELINE: written})


def rule(view: ProjectView, number: int, *, accepted: bool) -> Guideline:
    """Let the lead accept a guideline, or reject it; return the one that is current then.

    Raises NotFound if there is no such guideline, UserError if none would be left.
    """
    known = history(view)
    if known.find(number) is None:
        there = ", ".join(str(one.number) for one in known.guidelines) or "none yet"
        raise NotFound(f"Project {view.id} has no guideline {number}; there are: {there}.")
    ruling = GuidelineRuling(view.id, number, accepted, known.guidelines[-1].number, datetime.now(UTC))
    current = replace(known, rulings=(*known.rulings, ruling)).current
    if current is None:
        raise UserError(f"Guideline {number} is the only one there is: write another with --edit, then reject it.")
    if known.said(number) is not accepted or known.current != current:
        view.book.record(ruling, f"guideline-ruling-{len(known.rulings) + 1}")
    return current


def diff(view: ProjectView, guideline: Guideline) -> list[str]:
    """Return the unified diff from the guideline it was made from, line by line; empty where that is the same."""
    basis = history(view).find(guideline.basis)
    return _diff(text_of(view.book, basis) if basis else "", text_of(view.book, guideline), guideline)


def _diff(old: str, new: str, of: Guideline) -> list[str]:
    names = (f"guideline {of.basis}" if of.basis else "nothing"), f"guideline {of.number}"
    return list(unified_diff(old.splitlines(), new.splitlines(), *names, lineterm=""))


def _record_start(view: ProjectView, place: Place, found: Refinement) -> None:
    known = history(view)
    current = known.current
    if found.origin not in GIVEN or not known.follows_settings:
        return
    if current is None or text_of(view.book, current) != found.start:
        because = f"the {found.origin} says so"
        record = _blank(view, found.origin, ACCEPTED, because, current.number if current else 0)
        record = replace(record, round_number=place.number, learner=place.recipe)
        _add_once(view, record, {GUIDELINE: found.start})


def _record_proposal(view: ProjectView, place: Place, given: Handed, found: Refinement) -> None:
    known = history(view)
    current = known.without(place.number, place.recipe).current
    outcome, because = found.outcome, found.because
    if outcome == ACCEPTED and (current.number if current else 0) != given.number:
        outcome, because = PROPOSED, f"{because}; but the guideline was changed meanwhile"
    same = [one.number for one in known.guidelines if text_of(view.book, one) == found.start]
    record = replace(
        _blank(view, LLM, outcome, because, same[-1] if same else given.number),
        round_number=place.number,
        learner=place.recipe,
        n=found.n,
        before=found.before,
        after=found.after,
        p_value=found.p_value,
        cost=found.cost,
    )
    _add_once(view, record, {GUIDELINE: found.proposal, REFINEMENT: found.to_json()})


def _blank(view: ProjectView, origin: str, outcome: str, because: str, basis: int) -> Guideline:
    now = datetime.now(UTC)
    return Guideline(view.id, 0, 0, "", origin, outcome, because, basis, 0, None, None, None, 0.0, now)


def _add_once(view: ProjectView, record: Guideline, files: Mapping[str, str]) -> None:
    # Learners that ask the same LLM come to the same within a round.
    alike = [one for one in history(view).guidelines if one.round_number == record.round_number]
    if not any(one.origin == record.origin and text_of(view.book, one) == files[GUIDELINE] for one in alike):
        _added(view, record, files)


def _added(view: ProjectView, record: Guideline, files: Mapping[str, str]) -> Guideline:
    closed = view.ledger.newest(ClosedRound, view.id, number=record.round_number)
    while True:  # another process may have taken the number
        known = history(view)
        numbered = replace(record, number=len(known.guidelines) + 1)
        basis = known.find(record.basis)
        told = "\n".join(_diff(text_of(view.book, basis) if basis else "", files[GUIDELINE], numbered))
        contents = {name: text.encode() for name, text in {**files, "guideline.diff": told + "\n"}.items()}
        parents = (closed.artifact,) if closed else ()
        if view.book.record(numbered, f"guideline-{numbered.number}", contents, parents):
            return history(view).guidelines[numbered.number - 1]
