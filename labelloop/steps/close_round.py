"""Close a round: freeze what people have judged, if enough of it is new."""

from datetime import UTC, datetime

from labelloop.domain.field_rounds import FieldRounds
from labelloop.domain.records import ClosedRound
from labelloop.domain.rounds import AnnotatedTask
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import closed_round, fields_judged_now, most_new_labels
from labelloop.stores.book import Book
from labelloop.stores.round_files import round_files
from labelloop.stores.several_field_files import several_field_files


def close_round(book: Book, state: ProjectState, *, asked: bool = False) -> ClosedRound | None:
    """Close the next round if it is due (or, when `asked`, if anything is new) and return it, else None.

    Due means: enough TRAIN labels have settled since the last round (Rules.round_due_at), or the labelling
    configuration has changed since. If another worker closes the same round at the same moment, one of them wins and
    both return the winner's.
    """
    if not asked and not _may_be_due(book, state):
        return None
    last, now = state.last_round, fields_judged_now(book, state)
    before = _fields_before(book, state, last) if last else None
    reason = _why(state, now, before, asked=asked)
    if not reason:
        return None
    record = ClosedRound(
        project_id=state.id,
        number=now.number,
        schema_number=state.schema.number,
        reason=reason,
        train=len(now.training),
        new_train=_new_labels(now, before),
        audit=now.audit(state.rules.monitor_people),
        annotations=now.annotations,
        created_at=datetime.now(UTC),
    )
    parents = (last.artifact,) if last else ()
    book.record(record, f"round-{now.number}", _files(book, state, now, before), parents)
    return book.ledger.newest(ClosedRound, state.id, number=now.number)


def _fields_before(book: Book, state: ProjectState, last: ClosedRound) -> FieldRounds:
    found = {one.field.name: closed_round(book, one, last.number) for one in state.by_field}
    return FieldRounds(last.number, {name: closed for name, closed in found.items() if closed})


def _files(book: Book, state: ProjectState, now: FieldRounds, before: FieldRounds | None) -> dict[str, bytes]:
    mirror, ids = book.mirror(state.id), sorted({task.id for task in now.judged({})})
    own = mirror.own(ids) if state.rules.own_columns else None
    if len(now.by_field) == 1:
        ((name, closed),) = now.by_field.items()
        return round_files(closed, before.by_field.get(name) if before else None, own)
    texts = {task_id: task.text for task_id, task in mirror.tasks(ids).items()}
    return several_field_files(now, before, texts, own)


def _may_be_due(book: Book, state: ProjectState) -> bool:
    return _configuration_changed(state) or most_new_labels(book, state) >= state.round_due_at


def _configuration_changed(state: ProjectState) -> bool:
    last = state.last_round
    return last is not None and last.schema_number != state.schema.number


def _why(state: ProjectState, now: FieldRounds, before: FieldRounds | None, *, asked: bool) -> str:
    new, needed = _new_labels(now, before), state.round_due_at
    if new >= needed:
        return f"{new} new labels, {needed} needed"
    if _configuration_changed(state) and now.training:
        return "the labelling configuration changed"
    if asked and now.training and (before is None or _tasks(now) != _tasks(before)):
        return "asked for"
    return ""


def _new_labels(now: FieldRounds, before: FieldRounds | None) -> int:
    """Return how many labels for training are of tasks of which nothing had settled before."""
    return len(now.training - (before.training if before else frozenset()))


def _tasks(rounds: FieldRounds) -> dict[str, tuple[AnnotatedTask, ...]]:
    return {name: one.tasks for name, one in rounds.by_field.items()}
