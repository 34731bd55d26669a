"""What connecting a project will make of it, found by reading only."""

from dataclasses import dataclass

from labelloop.domain.answer_counts import AnswerCounts, counts_of
from labelloop.domain.pool_plan import PoolPlan, pays_from, pool_plan
from labelloop.domain.records import Connection
from labelloop.domain.schema import Field
from labelloop.rules import Rules
from labelloop.stats.pac import smallest_sample
from sync.config.label_config import controls, may_be_left_empty, parse
from sync.pull import first_states
from workers.admin.change_rules import PlannedRules
from workers.jobs.app_context import AppContext
from workers.jobs.looped_fields import not_looped

MAX_ERROR, DELTA = 0.05, 0.05
"""The usual promise of a certificate, by which it is told whether one can pay."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A project as it will be looped.

    `others` are the fields that could be looped but are not, `not_learnable` the controls that cannot, with
    reasons; `may_be_left_empty` names the looped ones that Label Studio accepts a Submit without. `certify` is the
    smallest sample that proves anything, `pays_from` the pool from which on it can pay. `prior` counts the
    annotations of a project that was never connected; skipped ones are none. `answers` is, for each of the
    `fields`, what counts as no answer among the first `looked_at` tasks.
    """

    fields: tuple[Field, ...]
    rules: Rules
    others: tuple[str, ...]
    not_learnable: tuple[str, ...]
    may_be_left_empty: tuple[str, ...]
    pool: PoolPlan
    certify: int
    pays_from: int | None
    prior: int
    answers: tuple[AnswerCounts, ...]
    looked_at: int


def preview(context: AppContext, project_id: int, planned: PlannedRules) -> Preview:
    """Return what connecting the project with these rules makes of it; nothing is changed."""
    config = context.label_studio.project(project_id).label_config
    # The project's own figures leave out ground truth, which imported annotations are by default.
    tasks, annotations = context.label_studio.counts(project_id)
    known = context.book.ledger.newest(Connection, project_id) is not None
    schema, rules = parse(config), planned.rules
    seen = first_states(context.label_studio, project_id, planned.fields, controls(config))
    certify = smallest_sample(MAX_ERROR, DELTA)
    sizes = {
        "planned": rules.monitor_size,
        "people": rules.monitor_people,
        "first_round": rules.round_due_at(0),
        "certify": certify,
    }
    return Preview(
        fields=planned.fields,
        rules=rules,
        others=not_looped(config, planned.fields),
        not_learnable=schema.not_learnable,
        may_be_left_empty=tuple(field.name for field in planned.fields if may_be_left_empty(config, field)),
        pool=pool_plan(tasks, **sizes),
        certify=certify,
        pays_from=pays_from(**sizes),
        prior=0 if known else annotations,
        answers=tuple(counts_of(seen, field) for field in planned.fields),
        looked_at=len(seen),
    )
