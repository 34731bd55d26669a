"""What every step asks of a project: its Rules, its looped Field, its rounds, and how far it has come."""

import io

import pandas as pd

from labelloop.domain.loop import Progress
from labelloop.domain.records import (
    ClosedRound,
    Connection,
    Decision,
    Deployment,
    Evaluation,
    Fit,
    Publication,
    SchemaVersion,
)
from labelloop.domain.rounds import Round
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Annotation, Role, Task
from labelloop.errors import NotConnected
from labelloop.rules import Rules
from labelloop.stores.book import Book
from labelloop.stores.mirror import Mirror
from labelloop.stores.round_files import JUDGEMENTS, read_round

QUEUE_FILE = "queue.parquet"


class ProjectView:
    """A project as the ledger, the artifacts and the mirror now describe it; reads only."""

    def __init__(self, book: Book, project_id: int) -> None:
        self.book, self.ledger, self.id = book, book.ledger, project_id
        self.mirror = Mirror(book.ledger.engine, project_id)

    @property
    def connection(self) -> Connection:
        """Return the standing connection; raises NotConnected if there is none."""
        found = self.ledger.newest(Connection, self.id)
        if found is None or not found.active:
            raise NotConnected(self.id)
        return found

    @property
    def rules(self) -> Rules:
        """Return the project's Rules."""
        return Rules.model_validate_json(self.connection.rules)

    @property
    def schema(self) -> SchemaVersion:
        """Return the newest schema version; raises NotConnected if none was ever recorded."""
        found = self.ledger.newest(SchemaVersion, self.id)
        if found is None:
            raise NotConnected(self.id)
        return found

    @property
    def field(self) -> Field:
        """Return the looped field as it now is."""
        return Field.from_json(self.schema.field)

    @property
    def last_round(self) -> ClosedRound | None:
        """Return the newest closed round, None before the first."""
        return self.ledger.newest(ClosedRound, self.id)

    def round(self, number: int) -> Round | None:
        """Return a closed round's content, None if there is no such round."""
        record = self.ledger.newest(ClosedRound, self.id, number=number)
        if record is None:
            return None
        return read_round(number, self.book.artifacts.read(record.artifact, JUDGEMENTS))

    def open_tasks(self, annotations: list[Annotation]) -> tuple[list[Task], list[Task]]:
        """Return the TRAIN tasks nobody has touched, and the MONITOR tasks that still need a person."""
        roles, people = self.ledger.roles(self.id), self.rules.monitor_people
        judges: dict[int, set[int]] = {}
        for annotation in annotations:
            judges.setdefault(annotation.task_id, set()).add(annotation.annotator_id)
        with_text = [task for task in self.mirror.tasks().values() if task.text.strip() and task.id in roles]
        train = [t for t in with_text if roles[t.id] is Role.TRAIN and t.id not in judges]
        audit = [t for t in with_text if roles[t.id] is Role.MONITOR and len(judges.get(t.id, ())) < people]
        return train, audit

    def progress(self) -> Progress:
        """Return how far the project has come since its newest round."""
        last = self.last_round
        number = last.number if last else 0
        fits = self.ledger.all(Fit, self.id, round_number=number)
        evaluated = {e.version for e in self.ledger.all(Evaluation, self.id, round_number=number)}
        decision = self.ledger.newest(Decision, self.id, round_number=number)
        return Progress(
            round_number=number,
            fitted={fit.learner for fit in fits} >= set(self.rules.learners),
            evaluated={fit.version for fit in fits if fit.version} <= evaluated,
            decided=decision is not None and self.has_taken_effect(decision),
            queue_is_current=self._queue_is_current(number),
        )

    def has_taken_effect(self, decision: Decision) -> bool:
        """Return whether the winner was deployed, then or later, or had no need to be."""
        if decision.winner == decision.champion:
            return True
        return self.ledger.newest(Deployment, self.id, version=decision.winner) is not None

    def _queue_is_current(self, number: int) -> bool:
        deployed = self.ledger.deployed(self.id)
        newest = self.ledger.newest(Publication, self.id)
        train, audit = self.open_tasks(self.mirror.annotations())
        if not train and not audit:
            return True
        if newest is None or newest.version != (deployed.version if deployed else "") or newest.round_number != number:
            return False
        queued = set(pd.read_parquet(io.BytesIO(self.book.artifacts.read(newest.artifact, QUEUE_FILE)))["task_id"])
        if queued.issuperset(task.id for task in [*train, *audit]):
            return True
        settled = self.last_round.train if self.last_round else 0
        return sum(task.id in queued for task in train) >= self.rules.round_due_at(settled)
