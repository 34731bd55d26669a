"""What every step asks of a project: its Rules, its looped Field, its rounds, and how far it has come."""

import io
from collections.abc import Iterator

import pandas as pd

from labelloop.domain.candidates import candidates, undecided
from labelloop.domain.certify import Attempt
from labelloop.domain.finishing import Finished
from labelloop.domain.ladder import default_learners
from labelloop.domain.loop import Phase, Progress
from labelloop.domain.predictions import Answer
from labelloop.domain.records import (
    Certificate,
    CertifyDraw,
    ClosedRound,
    Connection,
    Decision,
    Deployment,
    Evaluation,
    Fit,
    Publication,
    Release,
    ReleaseChunk,
    ReleaseOrder,
    SchemaVersion,
    Verdict,
)
from labelloop.domain.relabel import people_needed
from labelloop.domain.rounds import Round
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Annotation, Role, Task
from labelloop.errors import BrokenPromise, NotConnected
from labelloop.plugins import is_background
from labelloop.rules import Rules
from labelloop.steps.parts import Part, chunk_numbers, finished_parts
from labelloop.stores.book import Book
from labelloop.stores.certify_files import read_answers
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
    def learners(self) -> tuple[str, ...]:
        """Return the candidate learners: those that the Rules name, else the quick ones that suit the kind of field."""
        return self.rules.learners or default_learners(self.field.kind)

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

    def queued_train(self, annotations: list[Annotation]) -> list[Task]:
        """Return the TRAIN tasks of the newest publication that nobody has touched, in its order."""
        newest = self.ledger.newest(Publication, self.id)
        if newest is None:
            return []
        rows = pd.read_parquet(io.BytesIO(self.book.artifacts.read(newest.artifact, QUEUE_FILE)))
        train = {task.id: task for task in self.open_tasks(annotations)[0]}
        return [train[task_id] for task_id in rows.sort_values("score")["task_id"] if task_id in train]

    @property
    def first_version(self) -> Fit | None:
        """Return the version that was fitted before the first label, while no round has closed and nothing serves."""
        if self.last_round is not None or self.ledger.newest(Deployment, self.id) is not None:
            return None
        return next((fit for fit in self.ledger.all(Fit, self.id, round_number=0) if fit.version), None)

    def put_back(self) -> dict[int, int]:
        """Return the tasks that the newest publication put back, each with how many people were to judge it in all."""
        newest = self.ledger.newest(Publication, self.id)
        if newest is None:
            return {}
        rows = pd.read_parquet(io.BytesIO(self.book.artifacts.read(newest.artifact, QUEUE_FILE)))
        if "put_back" not in rows:  # written before labels could be put back
            return {}
        asked = rows[rows["put_back"] > 0]
        return dict(zip(asked["task_id"].tolist(), asked["put_back"].tolist(), strict=True))

    def progress(self) -> Progress:
        """Return how far the project has come since its newest round."""
        last, phase = self.last_round, self.phase
        number = last.number if last else 0
        fits, evaluations = self.ledger.all(Fit, self.id), self.ledger.all(Evaluation, self.id)
        competing = candidates(fits, evaluations, number)
        measured = [found for found in evaluations if found.round_number == number]
        decision = self.ledger.newest(Decision, self.id, round_number=number)
        return Progress(
            round_number=number,
            fitted=self._is_fitted({fit.learner for fit in fits if fit.round_number == number}),
            evaluated={fit.version for fit in competing} <= {found.version for found in measured},
            decided=decision is not None
            and self.has_taken_effect(decision)
            and not undecided(competing, measured, decision),
            queue_is_current=self._queue_is_current(number, phase),
            phase=phase,
            predicted=phase is not Phase.RELEASE or not self.missing_chunks(),
            judged=self.verdict(number) is not None,
            first_waits=self.first_version is not None,
        )

    def _is_fitted(self, done: set[str]) -> bool:
        return all(recipe in done or is_background(recipe) for recipe in self.learners)

    def verdict(self, number: int) -> Verdict | None:
        """Return the verdict on the version that won a round in the end, None if it has not been given."""
        decision = self.ledger.newest(Decision, self.id, round_number=number)
        if decision is None:
            return None
        version = decision.winner if self.measured_winner(decision) else ""
        return self.ledger.newest(Verdict, self.id, round_number=number, version=version)

    def measured_winner(self, decision: Decision) -> Evaluation | None:
        """Return the evaluation of the version that won a round, None where it could not be measured."""
        found = self.ledger.newest(
            Evaluation, self.id, round_number=decision.round_number, version=decision.winner, failure=""
        )
        return found if decision.winner else None

    def has_taken_effect(self, decision: Decision) -> bool:
        """Return whether the winner was deployed, then or later, or had no need to be."""
        if decision.winner == decision.champion:
            return True
        return self.ledger.newest(Deployment, self.id, version=decision.winner) is not None

    def _queue_is_current(self, number: int, phase: Phase) -> bool:
        deployed = self.ledger.deployed(self.id)
        newest = self.ledger.newest(Publication, self.id)
        annotations = self.mirror.annotations()
        if phase is Phase.ROUNDS:
            train, audit = self.open_tasks(annotations)
            wanted, audits = {task.id for task in train}, {task.id for task in audit}
        else:
            wanted, audits = set(self.last_tasks(annotations, phase)), set[int]()
        put_back = self.put_back() if phase is Phase.ROUNDS else {}
        if any(people > put_back[task_id] for task_id, people in people_needed(put_back, annotations).items()):
            return False
        if not wanted and not audits:
            return True
        if newest is None or newest.version != (deployed.version if deployed else "") or newest.round_number != number:
            return False
        attempt = self.attempt
        if attempt and attempt.certificate and newest.at < attempt.certificate.at:
            return False  # it was the blind queue of the attempt
        queued = set(pd.read_parquet(io.BytesIO(self.book.artifacts.read(newest.artifact, QUEUE_FILE)))["task_id"])
        judged = {annotation.task_id for annotation in annotations}
        if phase is not Phase.ROUNDS and not queued <= wanted | judged:
            return False
        if queued >= wanted | audits:
            return True
        settled = self.last_round.train if self.last_round else 0
        return phase is not Phase.CERTIFY and len(queued & wanted) >= self.rules.round_due_at(settled)

    # The end of the loop

    @property
    def attempt(self) -> Attempt | None:
        """Return the newest attempt to certify, None before the first."""
        draw = self.ledger.newest(CertifyDraw, self.id)
        if draw is None:
            return None
        return Attempt(
            draw,
            self.ledger.newest(Certificate, self.id, number=draw.number),
            self.ledger.newest(ReleaseOrder, self.id, certificate=draw.number),
            self.ledger.newest(Release, self.id, certificate=draw.number),
        )

    @property
    def phase(self) -> Phase:
        """Return what the project is at."""
        attempt = self.attempt
        return attempt.phase if attempt else Phase.ROUNDS

    def open_certify(self, annotations: list[Annotation]) -> list[int]:
        """Return the CERTIFY tasks that nobody has judged or skipped, by id."""
        judged, tasks = {annotation.task_id for annotation in annotations}, self.mirror.tasks()
        drawn = self.ledger.certify_tasks(self.id)
        return [id_ for id_ in drawn if id_ in tasks and tasks[id_].text.strip() and id_ not in judged]

    def last_tasks(self, annotations: list[Annotation], phase: Phase) -> list[int]:
        """Return the tasks that wait for a person while an attempt or a release is under way."""
        if phase is Phase.CERTIFY:
            return self.open_certify(annotations)
        return [] if self.missing_chunks() else self.waiting(annotations)

    def missing_chunks(self) -> list[int]:
        """Return which chunks of the pool the certified version has not answered yet, for the release under way."""
        attempt = self.attempt
        if attempt is None or attempt.order is None:
            return []
        stored = {chunk.number for chunk in self._chunks(attempt)}
        return [number for number in self.chunks(attempt.order) if number not in stored]

    def chunks(self, order: ReleaseOrder) -> range:
        """Return the numbers of the chunks that a release predicts its tasks in."""
        return chunk_numbers(order.tasks)

    def answers(self) -> dict[int, Answer]:
        """Return the certified version's answers by task, as far as they are stored."""
        attempt = self.attempt
        return read_answers(self.book, self._chunks(attempt)) if attempt else {}

    def _chunks(self, attempt: Attempt) -> list[ReleaseChunk]:
        return self.ledger.all(ReleaseChunk, self.id, certificate=attempt.draw.number)

    def finished(self, annotations: list[Annotation]) -> Finished:
        """Return each task's label as the release under way would have it, and who still waits for one."""
        parts = [part.finished for part in self.parts(annotations)]
        return Finished(
            {task_id: given for part in parts for task_id, given in part.labels.items()},
            {task_id: why for part in parts for task_id, why in part.left_out.items()},
            tuple(task_id for part in parts for task_id in part.waiting),
        )

    def waiting(self, annotations: list[Annotation]) -> list[int]:
        """Return the tasks that a person must label before the release under way can be written, by id."""
        return [task_id for part in self.parts(annotations) for task_id in part.finished.waiting]

    def parts(self, annotations: list[Annotation]) -> Iterator[Part]:
        """Yield the release under way chunk by chunk, in order of task id."""
        attempt = self.attempt
        if attempt is None:
            raise BrokenPromise(f"Project {self.id} has no certificate to release under.")
        chunks = {chunk.number: chunk for chunk in self._chunks(attempt)}
        return finished_parts(self.book, self.mirror, attempt, chunks, self.field, annotations)
