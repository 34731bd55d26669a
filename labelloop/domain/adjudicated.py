"""The lead's decisions put into a round: they settle what may be learned, and nothing that is measured."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from labelloop.domain.adjudication_record import Adjudication
from labelloop.domain.rounds import AnnotatedTask, Round
from labelloop.domain.tasks import Role
from labelloop.domain.value_cells import value_json
from labelloop.domain.values import Value


def newest_of_tasks(adjudications: Iterable[Adjudication]) -> dict[int, Adjudication]:
    """Return of each task the decision that counts, of one field's decisions, oldest first."""
    return {one.task_id: one for one in adjudications}


def chosen_answer(task: AnnotatedTask, decision: Adjudication) -> Value | None:
    """Return the answer that the lead chose, None where they chose none or nobody gives it any more."""
    given = (one.value for one in task.annotations if one.value is not None)
    return next((value for value in given if value_json(value) == decision.value), None)


def with_decisions(judged: Round, decisions: Mapping[int, Adjudication]) -> Round:
    """Return the round with the lead's labels of TRAIN tasks; audit and CERTIFY tasks stay as people judged them.

    An answer that nobody gives any more is no label: people have changed their minds, or labels were renamed.
    """
    if not decisions:
        return judged

    def decided(task: AnnotatedTask) -> AnnotatedTask:
        decision = decisions.get(task.task.id) if task.role is Role.TRAIN else None
        return replace(task, adjudicated=chosen_answer(task, decision)) if decision else task

    return replace(judged, tasks=tuple(map(decided, judged.tasks)))
