"""What an attempt to certify takes and what it can save, told before anything is frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FieldShare:
    """Which share of the pool, in [0, 1], would get the label of a field's `version` by today's forecast.

    In nine draws of ten it is between `low` and `high`; None where too few audit tasks are labelled for a forecast.
    `saved_without` is how many tasks would be saved by an attempt without the field, and without those that depend on
    it, `left_out_with_it`; None also where no other is left.
    """

    field: str
    version: str
    share: float | None = None
    low: float | None = None
    high: float | None = None
    saved_without: int | None = None
    left_out_with_it: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CertifyPlan:
    """The plan of attempt `number` to certify `version` with `n` tasks of the `pool` nobody has touched.

    `allowed` errors may be among the n above the threshold, -1: not even a perfect model could be certified, for which
    it takes `least` tasks. `share` of the pool, in [0, 1], would get the model's label by today's forecast (`low` to
    `high` in nine draws of ten), which rests on `audit_tasks`; None where too few of these are labelled for one.
    `audit_open` are MONITOR tasks that a release needs one person for each, `labelled` the tasks that people have
    labelled. `ends_relabel` are tasks put back by `relabel` that are not settled. `seconds` is the median time that
    people took for one annotation, None where Label Studio recorded none.
    Where a project loops several fields, `fields` are those of the attempt, each of which may fail with `delta`;
    `left_to_people` are the others, with the reason. What counts is then a task: it is saved where the model labels
    every field of the attempt, and asks for none that people answer. People label a task once for all its fields.
    """

    version: str
    number: int
    max_error: float
    delta: float
    n: int
    pool: int
    least: int
    allowed: int
    audit_open: int
    labelled: int
    share: float | None = None
    low: float | None = None
    high: float | None = None
    audit_tasks: int = 0
    ends_relabel: int = 0
    seconds: float | None = None
    fields: tuple[FieldShare, ...] = ()
    left_to_people: Mapping[str, str] = field(default_factory=dict)

    @property
    def saved_at_best(self) -> int:
        """Return how many tasks the model labels if all that are not drawn reach the threshold."""
        return max(0, self.pool - self.n) if self.allowed >= 0 else 0

    @property
    def saved(self) -> int | None:
        """Return how many tasks the model labels by today's forecast, None where there is none."""
        return self._saved(self.share)

    @property
    def saved_between(self) -> tuple[int, int] | None:
        """Return how few and how many that are in nine draws of ten, None where there is no forecast."""
        low, high = self._saved(self.low), self._saved(self.high)
        return None if low is None or high is None else (low, high)

    @property
    def by_hand(self) -> int:
        """Return how many annotations finish the data set without a certificate."""
        return self.pool + self.audit_open

    @property
    def annotations(self) -> int:
        """Return how many annotations finish it with one: the tasks drawn, open audit tasks, those below the threshold.

        By today's forecast; without one as many as it takes at best.
        """
        return self.by_hand - (self.saved_at_best if self.saved is None else self.saved)

    def _saved(self, share: float | None) -> int | None:
        return None if share is None else round(share * self.saved_at_best)


def why_not(plan: CertifyPlan) -> str:
    """Return why an attempt does not pay, empty where it does: it freezes the project for more than it saves.

    >>> plan = CertifyPlan("v3", 1, 0.05, 0.05, n=300, pool=450, least=59, allowed=8, audit_open=0, labelled=150)
    >>> why_not(plan)
    'people would label 300 tasks while the project is frozen, to save at best 150 labels'
    >>> from dataclasses import replace
    >>> why_not(replace(plan, pool=1000, share=0.0))
    "by today's forecast it saves nothing: the model is wrong too often where it is most certain"
    >>> why_not(replace(plan, pool=1000, share=0.2))
    "people would label 300 tasks while the project is frozen, to save about 140 labels by today's forecast"
    >>> why_not(replace(plan, pool=1000, share=0.8))
    ''
    """
    frozen = f"people would label {plan.n} tasks while the project is frozen"
    what = "tasks" if plan.fields else "labels"
    if plan.saved_at_best < plan.n:
        return f"{frozen}, to save at best {plan.saved_at_best} {what}"
    if plan.saved is None or plan.saved >= plan.n:
        return ""
    if plan.saved < 1:
        return f"by today's forecast it saves nothing: {_why_nothing(plan)}"
    return f"{frozen}, to save about {plan.saved} {what} by today's forecast"


def _why_nothing(plan: CertifyPlan) -> str:
    refused = [one.field for one in plan.fields if not one.share]
    if plan.fields and not refused:
        return "in no task are all fields certain enough, or one is asked that people answer"
    where = f" of {', '.join(refused)}" if refused else ""
    return f"the model{where} is wrong too often where it is most certain"


def best_plan(plans: list[CertifyPlan]) -> CertifyPlan:
    """Return which of several plans saves most by today's forecast, or at best; of equals the one with more tasks.

    One that pays comes before one that does not.
    """
    return max(plans, key=lambda plan: (not why_not(plan), _expected(plan), plan.n))


def _expected(plan: CertifyPlan) -> int:
    return plan.saved_at_best if plan.saved is None else plan.saved
