"""What projects spent on LLMs, and what is left of their caps."""

from dataclasses import dataclass

from labelloop.llm.cost_caps import Spent
from labelloop.stores.llm_costs import LlmCosts


@dataclass(frozen=True, slots=True)
class ProjectSpending:
    """One project: the cap that it is held to, and what it spent by round, in the price table's currency."""

    project_id: int
    cap: float
    rounds: dict[int, Spent]

    @property
    def total(self) -> Spent:
        """Return what was spent in all rounds together."""
        return sum(self.rounds.values(), Spent())

    @property
    def left(self) -> float:
        """Return what may still be spent, at least 0."""
        return max(self.cap - self.total.cost, 0.0)


def project_spending(costs: LlmCosts, project_id: int, *, cap: float) -> ProjectSpending:
    """Return what a project spent, from all machines that share the ledger."""
    return ProjectSpending(project_id, cap, costs.by_round(project_id))
