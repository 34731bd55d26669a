"""What a project answers with: of all that the ledger holds, what a process that serves must know."""

from dataclasses import dataclass

from labelloop.domain.field_state import FieldState, versions_that_answer
from labelloop.domain.lookup import newest
from labelloop.domain.published_queue import published_name
from labelloop.domain.records import ClosedRound, Connection, Fit, Publication, SchemaVersion
from labelloop.domain.schema import Field, fields_from_json
from labelloop.domain.schema_of_fit import schema_of_fit
from labelloop.errors import BrokenPromise
from labelloop.rules import Rules
from labelloop.state.field_states import field_states
from labelloop.stores.ledger import Ledger
from labelloop.stores.project_rows import read_facts


@dataclass(frozen=True, slots=True)
class DeployedFields:
    """A connected project's looped fields as they were at one moment, with its rules.

    `name` is the string under which Label Studio knows what is deployed, empty before there is anything.
    """

    rules: Rules
    schemas: tuple[SchemaVersion, ...]
    rounds: tuple[ClosedRound, ...]
    fields: tuple[FieldState, ...]
    name: str

    @property
    def fits(self) -> tuple[Fit, ...]:
        """Return the fits whose versions answer, in the order of the fields; none for a field without a version."""
        return tuple(one.deployed for one in self.fields if one.deployed)

    @property
    def versions(self) -> tuple[str, ...]:
        """Return the names of all versions of the fields, oldest first."""
        every = {fit.version: fit.created_at for one in self.fields for fit in one.versions}
        return tuple(sorted(every, key=lambda name: every[name]))

    def fitted_field(self, fit: Fit) -> Field:
        """Return the field that a version was fitted for, as it was then; raises BrokenPromise if that is not known."""
        name = next((one.field.name for one in self.fields if fit in one.fits), "")
        then = schema_of_fit(fit, self.schemas, self.rounds)
        field = newest(fields_from_json(then.field), name=name) if then else None
        if field is None:
            raise BrokenPromise(
                f"The ledger does not say which field {fit.version} of project {fit.project_id} was fitted for: "
                "run `labelloop ledger check`."
            )
        return field


def deployed_fields(ledger: Ledger, project_id: int) -> DeployedFields | None:
    """Return what a project answers with now, by one statement; None where it is not looped."""
    facts = read_facts(ledger.engine, project_id)
    connection, schemas = newest(facts.all(Connection)), facts.all(SchemaVersion)
    if connection is None or not connection.active:
        return None
    fields, _ = field_states(facts, schemas)
    name = published_name(versions_that_answer(fields), facts.all(Publication))
    return DeployedFields(Rules.stored(connection.rules), schemas, facts.all(ClosedRound), fields, name or "")
