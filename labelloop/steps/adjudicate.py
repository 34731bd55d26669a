"""Tasks on which people differ, and what the lead decides on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from labelloop.domain.adjudicated import chosen_answer, newest_of_tasks
from labelloop.domain.adjudication_record import GAP, REASONS, Adjudication
from labelloop.domain.rounds import AnnotatedTask
from labelloop.domain.tasks import Role
from labelloop.domain.value_cells import value_json
from labelloop.domain.values import Value
from labelloop.errors import UserError
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import judged_now
from labelloop.stats.agreement import pairwise_agreement
from labelloop.steps.trail import enter, sound
from labelloop.stores.book import Book

LONGEST_NOTE = 2000
"""How many characters a note may have."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """A TRAIN or audit task on which people differ, and the lead's decision that holds, if there is one.

    `answers` are of one person each, in an order that does not tell who gave which; `agreement` is theirs, in [0, 1).
    """

    task: AnnotatedTask
    answers: tuple[Value, ...]
    agreement: float
    decision: Adjudication | None


@dataclass(frozen=True, slots=True)
class Gap:
    """A task that shows a gap in the guideline, with the answers of those who judged it."""

    task: AnnotatedTask
    answers: tuple[Value, ...]
    decision: Adjudication


def disputes(book: Book, state: ProjectState) -> tuple[Dispute, ...]:
    """Return the disputes of the field in focus, lowest agreement first."""
    several = [id_ for id_, people in state.tasks.annotators.items() if len(people) > 1]
    found = _disputes(book, state, several) if several else []
    return tuple(sorted(found, key=lambda one: (one.agreement, one.task.task.id)))


def gaps(book: Book, state: ProjectState) -> tuple[Gap, ...]:
    """Return the tasks of which the lead last said that the guideline leaves them open, newest decision first."""
    newest = newest_of_tasks(state.looped.adjudications)
    said = {id_: one for id_, one in newest.items() if one.reason == GAP}
    if not said:
        return ()
    tasks = judged_now(book, state, sorted(said)).tasks
    found = [Gap(task, _answers(task), said[task.task.id]) for task in tasks if task.role is not Role.CERTIFY]
    return tuple(sorted(found, key=lambda one: one.decision.created_at, reverse=True))


def adjudicate(
    book: Book, state: ProjectState, task_id: int, *, value: str, reason: str, note: str, who: str
) -> Adjudication:
    """Record what the lead decides on a task of the field in focus, and return it.

    `value` is one of the answers as `value_json` writes it, or empty, which leaves the label as it is; an audit task
    takes no other. The next round learns from it. Raises UserError, recording nothing, for a task that is not in
    dispute, an answer that nobody gives, an unknown reason, or a note of more than 2,000 characters.
    """
    dispute = next(iter(_disputes(book, state, [task_id]) if task_id in state.tasks.roles else []), None)
    if dispute is None:
        raise UserError(f"Task {task_id} of project {state.id} is not in dispute (any more): open the page again.")
    if dispute.task.is_audit and value:
        raise UserError(f"Task {task_id} is an audit task: it measures, so nobody may decide on its label.")
    if value and value not in map(value_json, dispute.answers):
        raise UserError(f"Nobody gives this answer of task {task_id} (any more): open the page again.")
    if reason not in REASONS:
        raise UserError(f"Say why people differ: {', '.join(REASONS)}.")
    if len(note) > LONGEST_NOTE:
        raise UserError(f"The note has {len(note):,} characters; at most {LONGEST_NOTE:,} are kept.")
    made = Adjudication(
        *(state.id, task_id, state.field.name, value, reason, sound(note.strip()), sound(who)),
        created_at=datetime.now(UTC),
    )
    book.record(made, "adjudication")
    enter(book, state.id, "adjudicate", f"task {task_id}, {state.field.name}: {reason}")
    return made


def _disputes(book: Book, state: ProjectState, ids: Sequence[int]) -> list[Dispute]:
    decisions = newest_of_tasks(state.looped.adjudications)
    found = []
    for task in judged_now(book, state, sorted(ids)).tasks:
        answers = _answers(task)
        agreement = pairwise_agreement(answers)
        if task.role is not Role.CERTIFY and agreement is not None and agreement < 1:
            found.append(Dispute(task, answers, agreement, _standing(task, decisions.get(task.task.id))))
    return found


def _standing(task: AnnotatedTask, decision: Adjudication | None) -> Adjudication | None:
    """Return a decision that holds: not one for an answer that nobody gives any more."""
    is_void = decision is not None and decision.value and chosen_answer(task, decision) is None
    return None if is_void else decision


def _answers(task: AnnotatedTask) -> tuple[Value, ...]:
    return tuple(sorted((one.value for one in task.annotations if one.value is not None), key=value_json))
