"""Everything a job needs to know of a project, read once and never changed."""

from dataclasses import dataclass, replace
from datetime import datetime

from labelloop.domain.certification import Attempt
from labelloop.domain.field_state import FieldState, versions_that_answer
from labelloop.domain.field_texts import joint_inputs
from labelloop.domain.gold_record import GoldTask
from labelloop.domain.lookup import matching, newest
from labelloop.domain.next_step import Phase
from labelloop.domain.published_queue import PublishedQueue, published_name
from labelloop.domain.records import ClosedRound, Connection, Fit, Publication, SchemaVersion
from labelloop.domain.schema import Field, Input, fields_from_json
from labelloop.domain.task_index import TaskIndex
from labelloop.errors import NotConnected, NotFound
from labelloop.formatting import did_you_mean
from labelloop.rules import Rules


@dataclass(frozen=True, slots=True)
class ProjectState:
    """A project as the ledger, the artifacts and the mirror described it when it was loaded.

    Records are oldest first. `fields` are the looped ones, none before the labelling configuration was first read;
    `former` those that were looped once. `focus` names the field that a step works on, see `looped`. `waiting` are the
    tasks that a person must label before the release under way can be written, known once every chunk of it is
    predicted. `gold` are the audit tasks that were put back to check people.
    """

    connection: Connection
    rules: Rules
    schemas: tuple[SchemaVersion, ...]
    rounds: tuple[ClosedRound, ...]
    publications: tuple[Publication, ...]
    tasks: TaskIndex
    queue: PublishedQueue | None
    waiting: tuple[int, ...]
    fields: tuple[FieldState, ...]
    former: tuple[FieldState, ...] = ()
    focus: str = ""
    gold: tuple[GoldTask, ...] = ()

    @property
    def id(self) -> int:
        """Return the project's number in Label Studio."""
        return self.connection.project_id

    @property
    def schema(self) -> SchemaVersion:
        """Return the newest schema version; raises NotConnected before the first."""
        if not self.schemas:
            raise NotConnected(self.id)
        return self.schemas[-1]

    @property
    def looped(self) -> FieldState:
        """Return the field in focus, else the first; raises NotConnected before the configuration was first read."""
        if not self.fields:
            raise NotConnected(self.id)
        return next((one for one in self.fields if one.field.name == self.focus), self.fields[0])

    @property
    def field(self) -> Field:
        """Return the field in focus as the labelling configuration now has it."""
        return self.looped.field

    @property
    def by_field(self) -> "tuple[ProjectState, ...]":
        """Return the state once for each looped field, with that one in focus."""
        return tuple(replace(self, focus=one.field.name) for one in self.fields)

    @property
    def in_newest_round(self) -> "tuple[ProjectState, ...]":
        """Return the same for those fields that the newest round holds; before the first round for all."""
        return tuple(one for one in self.by_field if one.is_in_newest_round)

    @property
    def is_in_newest_round(self) -> bool:
        """Return whether the field in focus was looped when the newest round closed; before the first it is."""
        last = self.last_round
        schema = newest(self.schemas, number=last.schema_number) if last else None
        return schema is None or self.field.name in {field.name for field in fields_from_json(schema.field)}

    def focused(self, name: str) -> "ProjectState":
        """Return the state with the named field in focus; empty: the first. Raises NotFound naming those there are."""
        names = [one.field.name for one in self.fields]
        if name and name not in names:
            near, known = did_you_mean(name, names), ", ".join(names) or "none yet"
            raise NotFound(f"Project {self.id} loops no field {name!r}{near}; it loops: {known}.")
        return replace(self, focus=name)

    @property
    def field_on_record(self) -> str:
        """Return how records name the field in focus: not at all where the project loops no other."""
        return self.field.name if len(self.fields) > 1 else ""

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Return what the looped fields read of a task: of these its text in the mirror is made."""
        return joint_inputs(one.field for one in self.fields)

    @property
    def encoder(self) -> str:
        """Return the name of the encoder that the project's texts are to be encoded with."""
        return self.looped.encoder

    @property
    def last_round(self) -> ClosedRound | None:
        """Return the newest closed round, None before the first."""
        return newest(self.rounds)

    @property
    def round_number(self) -> int:
        """Return the number of the newest closed round, 0 before the first."""
        return self.rounds[-1].number if self.rounds else 0

    @property
    def round_due_at(self) -> int:
        """Return how many new TRAIN labels close the next round."""
        return self.rules.round_due_at(self.rounds[-1].train if self.rounds else 0)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Return the newest attempt to certify, once for each looped field that it is about; none before the first."""
        found = [one.attempt for one in self.fields if one.attempt]
        newest_number = max((one.draw.number for one in found), default=0)
        return tuple(one for one in found if one.draw.number == newest_number)

    @property
    def attempt(self) -> Attempt | None:
        """Return the newest attempt as far as it is about the field in focus, None where it is not."""
        found = self.looped.attempt if self.fields else None
        return found if found in self.attempts else None

    @property
    def shared_attempt(self) -> Attempt | None:
        """Return the newest attempt for what all its fields share: tasks, order and release; None before the first."""
        return next(iter(self.attempts), None)

    @property
    def attempted(self) -> "tuple[ProjectState, ...]":
        """Return the state once for each field that the newest attempt is about, with that one in focus."""
        return tuple(one for one in self.by_field if one.attempt)

    @property
    def missing_chunks(self) -> list[tuple[str, int]]:
        """Return what the release ordered last lacks: which chunks of the pool, of which field."""
        return [(one.field.name, chunk) for one in self.attempted for chunk in one.looped.missing_chunks]

    @property
    def next_attempt(self) -> int:
        """Return the number of the next attempt to certify; they run through the project, whatever its field."""
        return 1 + max((draw.number for one in (*self.fields, *self.former) for draw in one.draws), default=0)

    @property
    def attempts_spent(self) -> int:
        """Return in how many attempts to certify, of whatever fields, anything was learned of a model."""
        every = [found for one in (*self.fields, *self.former) for found in one.certificates]
        return len({found.number for found in every if found.delta > 0})

    @property
    def phase(self) -> Phase:
        """Return what the project is at."""
        phases = {one.phase for one in self.attempts}
        return next((phase for phase in (Phase.CERTIFY, Phase.RELEASE) if phase in phases), Phase.ROUNDS)

    @property
    def is_released(self) -> bool:
        """Return whether a release under a certificate is written, and the project has the tasks and fields of then."""
        attempt = self.shared_attempt
        if attempt is None or attempt.release is None or attempt.order is None:
            return False
        is_over = self.phase is Phase.ROUNDS and attempt.order.tasks == len(self.tasks.ids)
        return is_over and {one.field.name for one in self.fields} <= self.looped_at(attempt.release.created_at)

    def looped_at(self, moment: datetime) -> frozenset[str]:
        """Return the names of the fields that were looped at a moment; before the first schema those of the first."""
        return frozenset(field.name for field in self.fields_at(moment))

    def fields_at(self, moment: datetime) -> tuple[Field, ...]:
        """Return the fields that were looped at a moment, as they were; before the first schema those of the first."""
        before = [one for one in self.schemas if one.created_at <= moment] or self.schemas[:1]
        return tuple(field for one in before[-1:] for field in fields_from_json(one.field))

    @property
    def is_left_to_people(self) -> bool:
        """Return whether people answer the field in focus wherever the others ask for it.

        It is asked under a condition, and had no model when the newest attempt was drawn.
        """
        shared = self.shared_attempt
        if self.field.condition is None or self.attempt is not None or shared is None:
            return False
        return not any(one.created_at <= shared.draw.created_at for one in self.looped.deployments)

    @property
    def deployed(self) -> Fit | None:
        """Return the fit whose version answers now, None before there is a model."""
        return self.looped.deployed

    @property
    def first_version(self) -> Fit | None:
        """Return the version that was fitted before the first label, while no round has closed and nothing serves."""
        if self.rounds or self.looped.deployments:
            return None
        return next(iter(matching(self.looped.versions, round_number=0)), None)

    @property
    def deployed_versions(self) -> str:
        """Return the names of the versions that answer now, one for each field that has one, joined by `+`."""
        return versions_that_answer(self.fields)

    @property
    def published_name(self) -> str | None:
        """Return the string under which Label Studio knows the deployed versions' newest publication, if any."""
        return published_name(self.deployed_versions, self.publications)

    def version(self, name: str) -> Fit:
        """Return the fit a version came out of, of whatever field; raises NotFound naming the versions there are."""
        every = (*self.fields, *self.former)
        fit = next((found for one in every if (found := one.version(name))), None)
        if fit is None:
            known = ", ".join(fit.version for one in every for fit in one.versions) or "none yet"
            raise NotFound(f"Project {self.id} has no version {name!r}; there are: {known}.")
        return fit

    def field_of(self, fit: Fit) -> str:
        """Return the name of the field that a fit was made for."""
        return next(one.field.name for one in (*self.fields, *self.former) if fit in one.fits)
