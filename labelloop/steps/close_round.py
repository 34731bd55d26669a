"""Close a round: freeze what people have judged, if enough of it is new."""

from datetime import UTC, datetime

from labelloop.domain.records import ClosedRound
from labelloop.domain.rounds import Round, snapshot
from labelloop.steps.project import ProjectView
from labelloop.stores.round_files import round_files


def close_round(view: ProjectView, *, asked: bool = False) -> ClosedRound | None:
    """Close the next round if it is due (or, when `asked`, if anything is new) and return it, else None.

    Due means: enough TRAIN labels have settled since the last round (Rules.round_due_at), or the labelling
    configuration has changed since. If another worker closes the same round at the same moment, one of them wins and
    both return the winner's.
    """
    last = view.last_round
    now = snapshot(
        (last.number if last else 0) + 1,
        view.mirror.tasks(),
        view.mirror.annotations(),
        view.ledger.roles(view.id),
        view.field,
    )
    before = view.round(last.number) if last else None
    because = _why(view, now, before, last, asked=asked)
    if not because:
        return None
    record = ClosedRound(
        project_id=view.id,
        number=now.number,
        schema_number=view.schema.number,
        because=because,
        train=len(now.training),
        new_train=_new(now, before),
        audit=len(now.audit(view.rules.monitor_people)),
        annotations=sum(len(task.judgements) for task in now.tasks),
        at=datetime.now(UTC),
    )
    parents = (last.artifact,) if last else ()
    view.book.record(record, f"round-{now.number}", round_files(now, before), parents)
    return view.ledger.newest(ClosedRound, view.id, number=now.number)


def _why(view: ProjectView, now: Round, before: Round | None, last: ClosedRound | None, *, asked: bool) -> str:
    new = _new(now, before)
    needed = view.rules.round_due_at(last.train if last else 0)
    if new >= needed:
        return f"{new} new labels, {needed} needed"
    if last and last.schema_number != view.schema.number and now.training:
        return "the labelling configuration changed"
    if asked and now.training and (before is None or now.tasks != before.tasks):
        return "asked for"
    return ""


def _new(now: Round, before: Round | None) -> int:
    known = {task.task.id for task in before.training} if before else set()
    return sum(task.task.id not in known for task in now.training)
