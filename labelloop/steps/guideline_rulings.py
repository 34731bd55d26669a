"""A project's guideline: what a fit is handed, what comes back from it, and what the lead decides."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import unified_diff

from labelloop.domain.guideline_history import ACCEPTED, GIVEN, LEAD, LLM, PROPOSED, GuidelineHistory
from labelloop.domain.guideline_records import Guideline, GuidelineRuling
from labelloop.domain.guideline_text import one_line, read_guideline, unknown_headings
from labelloop.domain.records import ClosedRound
from labelloop.domain.refinement import GUIDELINE, REFINEMENT, Refinement
from labelloop.errors import NotFound, UserError
from labelloop.formatting import did_you_mean
from labelloop.llm.guideline_file import beginning
from labelloop.state.load import load
from labelloop.state.project_state import ProjectState
from labelloop.steps.trail import enter
from labelloop.steps.workspace import FitFolder
from labelloop.stores.book import Book

LONGEST = 20_000
"""How many characters a lead's guideline may have."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What a fit begins with: the number of the current guideline, 0 before the first, its text, and the refused."""

    number: int
    text: str
    refused: tuple[str, ...]


def history(state: ProjectState) -> GuidelineHistory:
    """Return the guidelines of the field in focus and the lead's rulings on them."""
    guidelines, rulings = state.looped.guidelines, state.looped.rulings
    return GuidelineHistory(tuple(sorted(guidelines, key=lambda one: one.number)), rulings)


def _history_now(book: Book, project_id: int, field: str) -> GuidelineHistory:
    """Return the same as the ledger has it at this moment: a fit takes long, and the lead may decide meanwhile."""
    return history(load(book, project_id, disconnected=True).focused(field))


def text_of(book: Book, guideline: Guideline) -> str:
    """Return a guideline's Markdown."""
    return book.artifacts.read(guideline.artifact, GUIDELINE).decode()


def handed(book: Book, place: FitFolder) -> Handed:
    """Return what a learner is handed for a round, the same when the fit is tried again.

    While the current guideline is that of the settings or the configuration the text is empty: they may have changed.
    """
    known = _history_now(book, place.project_id, place.field).without(place.number, place.spec)
    current, refused = known.current, tuple(text_of(book, one) for one in known.refused)
    if current is None or known.follows_settings:
        return Handed(current.number if current else 0, "", refused)
    return Handed(current.number, text_of(book, current), refused)


def guideline_now(book: Book, state: ProjectState) -> str:
    """Return the guideline of the field in focus as it stands; empty while it is the settings' or configuration's."""
    known = _history_now(book, state.id, state.focus)
    return "" if known.current is None or known.follows_settings else text_of(book, known.current)


def record_refinement(book: Book, place: FitFolder, given: Handed, found: Refinement) -> None:
    """Record what came of a fit's guideline: the one it began with, if that is new, and a proposal.

    What the test accepted is only proposed where the project's guideline changed meanwhile: the lead decides. May be
    run twice.
    """
    _record_start(book, place, found)
    if found.proposal:
        _record_proposal(book, place, given, found)


def current_text(book: Book, state: ProjectState, where: str) -> tuple[str, str]:
    """Return the guideline the next fit begins with, and its origin; `where` is what the settings name."""
    known = history(state)
    if known.current is not None and not known.follows_settings:
        return text_of(book, known.current), known.current.origin
    given, origin = beginning("", where, state.field)
    return given.written(), origin


def edit(book: Book, state: ProjectState, text: str) -> Guideline | None:
    """Make the lead's own guideline the current one; None where it is that already. Raises UserError for a bad one."""
    if not text.strip() or len(text) > LONGEST:
        raise UserError(f"A guideline has from 1 to {LONGEST:,} characters: this one has {len(text.strip()):,}.")
    sound = text.encode("utf-8", "replace").decode()
    if unknown := unknown_headings(sound, state.field):
        raise UserError(
            f"The heading {unknown[0]!r} names no label of {state.field.name}"
            f"{did_you_mean(unknown[0], map(one_line, state.field.labels))}: write `## ` before labels only."
        )
    written, known = read_guideline(sound, state.field).written(), _history_now(book, state.id, state.focus)
    basis = known.current
    if basis is not None and text_of(book, basis) == written:
        return None
    record = _blank(state.id, state.field_on_record, LEAD, ACCEPTED, "the lead wrote it", basis.number if basis else 0)
    made = _added(book, record, {GUIDELINE: written})
    enter(book, state.id, "edit guideline", str(made.number))
    return made


def rule(book: Book, project_id: int, number: int, *, accepted: bool) -> Guideline:
    """Let the lead accept a guideline, or reject it; return the one that is current then.

    Raises NotFound if there is no such guideline, UserError if none would be left.
    """
    every = [history(state) for state in load(book, project_id, disconnected=True).by_field]
    known = next((one for one in every if one.find(number)), None)
    if known is None:
        numbers = sorted(one.number for known in every for one in known.guidelines)
        there = ", ".join(map(str, numbers)) or "none yet"
        raise NotFound(f"Project {project_id} has no guideline {number}; there are: {there}.")
    ruling = GuidelineRuling(project_id, number, accepted, known.guidelines[-1].number, created_at=datetime.now(UTC))
    current = replace(known, rulings=(*known.rulings, ruling)).current
    if current is None:
        raise UserError(f"Guideline {number} is the only one there is: write another with --edit, then reject it.")
    if known.ruling(number) is not accepted or known.current != current:
        book.record(ruling, f"guideline-ruling-{len(book.ledger.all(GuidelineRuling, project_id)) + 1}")
        enter(book, project_id, "accept guideline" if accepted else "reject guideline", str(number))
    return current


def diff(book: Book, state: ProjectState, guideline: Guideline) -> list[str]:
    """Return the unified diff from the guideline it was made from, line by line; empty where that is the same."""
    basis = history(state).find(guideline.basis)
    return _diff(text_of(book, basis) if basis else "", text_of(book, guideline), guideline)


def _diff(old: str, new: str, of: Guideline) -> list[str]:
    names = (f"guideline {of.basis}" if of.basis else "nothing"), f"guideline {of.number}"
    return list(unified_diff(old.splitlines(), new.splitlines(), *names, lineterm=""))


def _record_start(book: Book, place: FitFolder, found: Refinement) -> None:
    known = _history_now(book, place.project_id, place.field)
    current = known.current
    if found.origin not in GIVEN or not known.follows_settings:
        return
    if current is None or text_of(book, current) != found.start:
        reason = f"the {found.origin} says so"
        basis = current.number if current else 0
        record = _blank(place.project_id, place.field, found.origin, ACCEPTED, reason, basis)
        record = replace(record, round_number=place.number, learner=place.spec)
        _add_once(book, record, {GUIDELINE: found.start})


def _record_proposal(book: Book, place: FitFolder, given: Handed, found: Refinement) -> None:
    known = _history_now(book, place.project_id, place.field)
    current = known.without(place.number, place.spec).current
    outcome, reason = found.outcome, found.reason
    if outcome == ACCEPTED and (current.number if current else 0) != given.number:
        outcome, reason = PROPOSED, f"{reason}; but the guideline was changed meanwhile"
    same = [one.number for one in known.guidelines if text_of(book, one) == found.start]
    record = replace(
        _blank(place.project_id, place.field, LLM, outcome, reason, same[-1] if same else given.number),
        round_number=place.number,
        learner=place.spec,
        n=found.n,
        before=found.before,
        after=found.after,
        p_value=found.p_value,
        cost=found.cost,
    )
    _add_once(book, record, {GUIDELINE: found.proposal, REFINEMENT: found.to_json()})


def _blank(project_id: int, field: str, origin: str, outcome: str, reason: str, basis: int) -> Guideline:
    none = (0, None, None, None, 0.0)
    now = datetime.now(UTC)
    return Guideline(project_id, 0, 0, "", origin, outcome, reason, basis, *none, field=field, created_at=now)


def _add_once(book: Book, record: Guideline, files: Mapping[str, str]) -> None:
    # Learners that ask the same LLM come to the same within a round.
    known = _history_now(book, record.project_id, record.field).guidelines
    alike = [one for one in known if one.round_number == record.round_number]
    if not any(one.origin == record.origin and text_of(book, one) == files[GUIDELINE] for one in alike):
        _added(book, record, files)


def _added(book: Book, record: Guideline, files: Mapping[str, str]) -> Guideline:
    closed = book.ledger.newest(ClosedRound, record.project_id, number=record.round_number)
    while True:  # another process may have taken the number
        known = _history_now(book, record.project_id, record.field)
        numbered = replace(record, number=len(book.ledger.all(Guideline, record.project_id)) + 1)
        basis = known.find(record.basis)
        changes = "\n".join(_diff(text_of(book, basis) if basis else "", files[GUIDELINE], numbered))
        contents = {name: text.encode() for name, text in {**files, "guideline.diff": changes + "\n"}.items()}
        parents = (closed.artifact,) if closed else ()
        if book.record(numbered, f"guideline-{numbered.number}", contents, parents):
            found = book.ledger.newest(Guideline, record.project_id, number=numbered.number)
            assert found is not None
            return found
