"""What one project answers with at one moment: read from the ledger, never changed, swapped whole."""

from dataclasses import dataclass, replace
from math import inf
from typing import Self

from labelloop.domain.predictions import Prediction
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Role
from labelloop.learners.base import Model
from labelloop.state.deployed_fields import DeployedFields
from labelloop.stores.ledger import Ledger

NO_MODEL = "v0"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model version in memory, warmed, with the field it was fitted for."""

    version: str
    field: Field
    model: Model


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An answer is made by one of these from start to end.

    `name` is what Label Studio is told (`/setup`, `/predict`); `train` holds the tasks that may be pre-annotated:
    every other task is an audit task, or may still become one. `loaded` are the versions that answer, at most one for
    each field. Predictions with a confidence below `show_from` are not shown. `role_count` tells whether roles were
    added since.
    """

    project_id: int
    name: str = NO_MODEL
    loaded: tuple[Loaded, ...] = ()
    versions: tuple[str, ...] = ()
    train: frozenset[int] = frozenset()
    role_count: int = 0
    show_from: float = 0.0

    def shows(self, answer: Prediction) -> bool:
        """Return whether the model's prediction is shown to people."""
        return answer.is_shown and self.show_from <= answer.confidence < inf

    def with_news(self, deployed: DeployedFields, ledger: Ledger) -> Self:
        """Return the snapshot with the names, and the roles if any were added, as the ledger now has them."""
        count, rules = ledger.role_count(self.project_id), deployed.rules
        roles = self if count == self.role_count else replace(self, train=_train(ledger, self.project_id))
        return replace(
            roles,
            role_count=count,
            name=deployed.name or NO_MODEL,
            versions=deployed.versions,
            show_from=rules.show_from if rules.pre_annotate else inf,
        )


def _train(ledger: Ledger, project_id: int) -> frozenset[int]:
    return frozenset(task for task, role in ledger.roles(project_id).items() if role is Role.TRAIN)
