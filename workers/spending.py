"""What projects spent on LLMs from this machine, and what is left of their caps."""

from dataclasses import dataclass

from labelloop.llm.file import NAME, File
from labelloop.llm.spending import Spending, Spent
from labelloop.settings import Settings


@dataclass(frozen=True, slots=True)
class ProjectSpending:
    """One project: in all, by round, and the cap that it is held to; money is in the price table's currency."""

    project_id: int
    cap: float
    total: Spent
    rounds: dict[int, Spent]

    @property
    def left(self) -> float:
        """Return what may still be spent, at least 0."""
        return max(self.cap - self.total.cost, 0.0)


def project_spending(settings: Settings, project_id: int) -> ProjectSpending:
    """Return what a project spent; nothing where no LLM was ever asked from this machine."""
    path = settings.data_dir.resolve() / NAME
    if not path.exists():
        return ProjectSpending(project_id, settings.llm_cap, Spent(0, 0, 0, 0.0), {})
    spending = Spending(File(path))
    return ProjectSpending(project_id, settings.llm_cap, spending.spent(project_id), spending.by_round(project_id))
