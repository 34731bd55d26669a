"""What one project answers with at one moment: read from the ledger, never changed, swapped whole."""

from dataclasses import dataclass, replace
from typing import Self

from labelloop.domain.records import Connection, Deployment, Fit, SchemaVersion
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Role
from labelloop.errors import BrokenPromise
from labelloop.learners.base import Model
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
    every other task is an audit task, or may still become one. `role_count` tells whether roles were added since.
    """

    project_id: int
    name: str = NO_MODEL
    loaded: Loaded | None = None
    versions: tuple[str, ...] = ()
    train: frozenset[int] = frozenset()
    role_count: int = 0

    def with_news(self, ledger: Ledger) -> tuple[Self, Fit | None]:
        """Return the snapshot with the names and roles as the ledger now has them, and the fit those belong to."""
        while True:
            deployment = ledger.newest(Deployment, self.project_id)
            fit, news = ledger.deployed(self.project_id), self._renamed(ledger)
            if ledger.newest(Deployment, self.project_id) == deployment:  # else the two may not belong together
                return news, fit

    def _renamed(self, ledger: Ledger) -> Self:
        count = ledger.role_count(self.project_id)
        news = (
            self if count == self.role_count else replace(self, train=_train(ledger, self.project_id), role_count=count)
        )
        versions = tuple(ledger.versions(self.project_id))
        return replace(news, name=ledger.published_name(self.project_id) or NO_MODEL, versions=versions)


def is_connected(ledger: Ledger, project_id: int) -> bool:
    """Return whether the project is looped now."""
    connection = ledger.newest(Connection, project_id)
    return connection is not None and connection.active


def fitted_field(ledger: Ledger, fit: Fit) -> Field:
    """Return the field that a version was fitted for; raises BrokenPromise if the ledger does not say."""
    schemas = [schema for schema in ledger.all(SchemaVersion, fit.project_id) if schema.at <= fit.at]
    if not schemas:
        raise BrokenPromise(
            f"The ledger does not say which field {fit.version} of project {fit.project_id} was fitted for: "
            "run `labelloop ledger check`."
        )
    return Field.from_json(schemas[-1].field)


def _train(ledger: Ledger, project_id: int) -> frozenset[int]:
    return frozenset(task for task, role in ledger.roles(project_id).items() if role is Role.TRAIN)
