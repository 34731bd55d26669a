"""What a release of several fields would hold by tasks, before it is ordered: whose labels each would have."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from labelloop.domain.asked import is_asked
from labelloop.domain.row_answers import RowAnswer
from labelloop.domain.unanswered import Unanswered
from labelloop.learners.base import ModelContext
from labelloop.state.project_state import ProjectState
from labelloop.state.release_parts import Part, may_stand, people_parts
from labelloop.state.standing_certificate import standing_certificate
from labelloop.steps.model_rows import attempted_fits, model_rows
from labelloop.steps.release import certified
from labelloop.stores.book import Book
from labelloop.stores.certify_files import read_population


@dataclass(frozen=True, slots=True)
class JointPreview:
    """How many tasks have labels of models alone, of people alone, of both, and of nobody: together all tasks.

    What models label is estimated from the tasks drawn for the certificates; people label what they leave.
    """

    by_model: int
    by_people: int
    mixed: int
    left: int


def joint_preview(book: Book, state: ProjectState, share: float | None) -> JointPreview:
    """Return what a release would hold, ordered now; without a `share`, see `model_share`, one of people's labels."""
    attempted = [] if share is None else [one.field.name for one in state.attempted]
    attempt = None if share is None else state.shared_attempt
    pool = read_population(book, attempt.draw).pool if attempt else frozenset[int]()
    names = [one.field.name for one in state.by_field]
    tasks, labelled, waiting = set[int](), set[int](), set[int]()
    for parts in zip(*(people_parts(book, one) for one in state.by_field), strict=True):
        tasks |= parts[0].tasks.keys()
        labelled |= {id_ for part in parts for id_ in part.finished.labels}
        waiting |= _waiting(dict(zip(names, parts, strict=True)), attempted)
    by_model = round((share or 0.0) * len((waiting & pool) - labelled))
    mixed = round((share or 0.0) * len(waiting & pool & labelled))
    return JointPreview(by_model, len(labelled | waiting) - by_model - mixed, mixed, len(tasks - labelled - waiting))


def model_share(book: Book, state: ProjectState, *, context: ModelContext) -> float:
    """Return in which share of the tasks drawn for the newest certificates, in [0, 1], models label every field.

    The tasks are a sample of the pool. A field that was refused leaves all to people, one that is not asked everywhere
    those in which the models' answers ask for it; so does such a field that had no model. Raises UserError where no
    certificate is granted.
    """
    granted = certified(state)
    if any(standing_certificate(one) is None and one.field.condition is None for one in state.attempted):
        return 0.0
    drawn = read_population(book, granted[0].draw).drawn
    rows = model_rows(book, state, attempted_fits(state), drawn, context=context)
    by_task = [{name: found[id_] for name, found in rows.items() if id_ in found} for id_ in drawn]
    return sum(_needs_nobody(state, one) for one in by_task) / max(len(drawn), 1)


def _needs_nobody(state: ProjectState, row: Mapping[str, RowAnswer]) -> bool:
    """Return whether no field of a task is left to people, as models fill in its row."""
    fields = {one.field.name: one.field for one in state.fields}
    said = {name: one.answer for name, one in row.items()}
    open_ones = (one.field for one in state.by_field if one.is_left_to_people)
    sure = all(one.field.name in row and _is_done(one, row[one.field.name]) for one in state.attempted)
    return sure and not any(is_asked(field, fields, said) for field in open_ones)


def _is_done(state: ProjectState, row: RowAnswer) -> bool:
    certificate = standing_certificate(state)
    if certificate is None:
        return row.answer is Unanswered.NOT_ASKED
    return may_stand(state.field, certificate, row)


def _waiting(parts: Mapping[str, Part], attempted: Collection[str]) -> set[int]:
    """Return the tasks of which a field of the attempt has no label yet, from whomever."""
    return {id_ for name, part in parts.items() if name in attempted for id_ in part.finished.waiting}
