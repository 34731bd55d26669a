"""Projects in a ledger as they would be after many rounds, with whatever names and figures a test wants."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from labelloop.domain.consensus import settle
from labelloop.domain.disagreements import AuditedTask
from labelloop.domain.records import (
    ClosedRound,
    Connection,
    Decision,
    Deployment,
    Evaluation,
    Fit,
    Record,
    SchemaVersion,
    TaskRole,
    Verdict,
)
from labelloop.domain.rounds import AnnotatedTask, Round
from labelloop.domain.schema import Field, fields_json
from labelloop.domain.tasks import Annotation, Origin, Role, Task, TaskState
from labelloop.domain.values import Choice, FieldKind, Value
from labelloop.state.load import load
from labelloop.stats.agreement import model_agreement, pairwise_agreement
from labelloop.steps.evaluate import audit_files, interval
from labelloop.steps.give_verdict import give_verdict
from labelloop.steps.verdict_report import VERDICT_FILE
from labelloop.stores.book import Book
from labelloop.stores.judgement_files import judgements_file
from labelloop.stores.round_files import judgements_table, round_files

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LABELS = ("Good", "Bad")
"""A test's labels where it does not care."""


@dataclass(frozen=True)
class World:
    """A book in which projects are written down; each method adds to it. `text` tells a task's by its id."""

    book: Book
    text: Callable[[int], str] = "text {}".format

    def connect(
        self,
        project: int = 12,
        title: str = "Moods",
        fields: Sequence[str] = ("mood",),
        labels: Sequence[str] = LABELS,
        tasks: int = 40,
    ) -> None:
        """Connect a project with tasks of which every fifth is an audit task."""
        config = "<View/>"
        schema = [Field(name, FieldKind.CHOICE, tuple(labels), "text", ("text",)) for name in fields]
        self.record(Connection(project, title, "{}", active=True, created_at=NOON), "connection-1")
        digest, written = schema[0].digest, fields_json(schema)
        self.record(SchemaVersion(project, 1, config, written, digest, created_at=NOON), "schema-1")
        ids = range(1, tasks + 1)
        mirror = self.book.mirror(project)
        mirror.put([TaskState(Task(id_, self.text(id_)), (), NOON) for id_ in ids])
        roles = [TaskRole(project, id_, Role.TRAIN if id_ % 5 else Role.MONITOR) for id_ in ids]
        assert self.book.ledger.add_roles(roles)

    def label(self, project: int, tasks: Sequence[int], label: str = LABELS[0]) -> None:
        """Let one person give tasks a label."""
        moment = NOON + timedelta(hours=1)
        self.book.mirror(project).put(
            [
                TaskState(Task(id_, self.text(id_)), (Annotation(1000 + id_, id_, 1, Choice(label), moment),), moment)
                for id_ in tasks
            ]
        )

    def differ(
        self,
        project: int,
        said: Mapping[int, Sequence[str]],
        *,
        field: str = "",
        texts: Mapping[int, str] | None = None,
    ) -> None:
        """Let people give tasks these labels, each person one."""
        moment, words = NOON + timedelta(hours=2), texts or {}
        self.book.mirror(project).put(
            [
                TaskState(
                    Task(id_, words.get(id_, self.text(id_))),
                    tuple(
                        Annotation(100_000 + 100 * id_ + who, id_, 700 + who, Choice(label), moment, field=field)
                        for who, label in enumerate(labels, 1)
                    ),
                    moment,
                )
                for id_, labels in said.items()
            ]
        )

    def round(
        self,
        project: int,
        number: int,
        agreements: Sequence[float] = (0.8,),
        *,
        fields: Sequence[str] = ("",),
        people: float = 0.85,
        outcome: str = "not yet",
        learner: str = "linear",
        n: int = 120,
        hours: float = 1.5,
    ) -> None:
        """Close a round of 25 labels, after which a new version serves each field, and give its verdicts."""
        at = NOON + timedelta(days=number)
        closed = ClosedRound(project, number, 1, "enough labels", 25 * number, 25, n, 40 * number, created_at=at)
        empty = Round(number, ())
        several = {judgements_file(name, fields): judgements_table(empty) for name in fields} if fields[1:] else {}
        self.record(closed, f"round-{number}", round_files(empty, None) | several)
        for place, (field, agreement) in enumerate(zip(fields, agreements, strict=True)):
            version, before = f"v{(number - 1) * len(fields) + place + 1}", (number - 2) * len(fields) + place + 1
            self.record(
                Fit(project, number, learner, version, "", 25 * number, 1.5, field=field, created_at=at),
                f"fit-{version}",
            )
            half = 1.2 / n**0.5
            found = Evaluation(
                *(project, number, version, n, agreement, agreement - half, min(agreement + half, 1.0)),
                *(people, people - half, min(people + half, 1.0), agreement, agreement, 2.5),
                cost_per_1000=0.37,
                created_at=at,
            )
            self.record(found, f"evaluation-{number}-{version}", audit_files(()))
            champion = f"v{before}" if number > 1 else ""
            why = f"better by more than one standard error (+0.031 on {n} audit tasks, standard error 0.012)"
            self.record(
                Decision(project, number, version, champion, version, why, field=field, created_at=at),
                f"decision-{number}-{version}",
            )
            self.record(Deployment(project, version, why, created_at=at), f"deployment-{number}-{version}")
            self._verdict(closed, version, field, agreement - people, people, outcome, hours)

    def _verdict(
        self, closed: ClosedRound, version: str, field: str, gap: float, people: float, outcome: str, hours: float
    ) -> None:
        number, n = closed.number, closed.audit
        labels, audit = 150 if outcome == "not yet" else None, 60 if outcome == "cannot tell" else None
        verdict = Verdict(
            *(closed.project_id, number, version, number, outcome, "as computed", n, gap, gap - 0.04, 0.03),
            labels_needed=labels,
            audit_needed=audit,
            field=field,
            created_at=closed.created_at,
        )
        report = {
            "agreement": {"value": people + gap, "low": None, "high": None, "n": n},
            "human_agreement": {"value": people, "low": None, "high": None},
            "consensus": {"accuracy": {"n": 0}, "labels": []},
            "disputed": {"tasks": []},
            "anchoring": {"difference": None},
            "forecast": {"labels": labels, "hours": hours},
        }
        files = {VERDICT_FILE: json.dumps(report).encode()}
        self.record(verdict, f"verdict-{number}-{version}", files)

    def audited(
        self,
        project: int,
        said: Mapping[int, Sequence[str]],
        *,
        number: int = 1,
        version: str = "",
        learner: str = "linear",
        learned: Mapping[int, str] | None = None,
        origins: Mapping[int, Origin] | None = None,
        who: Callable[[int], Sequence[int]] = lambda _: range(1, 100),
        why: str = "first",
    ) -> Verdict:
        """Close a round of these audit tasks, of each what the model says and then what people do; give the verdict.

        `learned` are tasks to learn from with their labels, where none are given there were 25; `origins` tell what
        their annotator did with the prediction that they saw. `who` are the people who answered an audit task.
        """
        at = NOON + timedelta(days=number)
        people: dict[int, dict[int, Value]] = {
            id_: dict(zip(who(id_), map(Choice, answers[1:]), strict=False)) for id_, answers in said.items()
        }
        judged = [
            AnnotatedTask(Task(id_, self.text(id_)), Role.MONITOR, given, settle(given))
            for id_ in said
            for given in [tuple(Annotation(100 * id_ + one, id_, one, v, at) for one, v in people[id_].items())]
        ]
        for id_, label in (learned or {}).items():
            seen = (origins or {}).get(id_)
            told = (Annotation(100 * id_ + 1, id_, 1, Choice(label), at, seen or Origin.MANUAL),)
            judged.append(AnnotatedTask(Task(id_, self.text(id_)), Role.TRAIN, told, settle(told)))
        labels = len(learned or range(25))
        closed = ClosedRound(project, number, 1, "enough labels", labels, 25, len(said), 40, created_at=at)
        self.record(closed, f"round-{number}", round_files(Round(number, tuple(judged)), None))
        version = version or f"v{number}"
        self.fitted(project, said, number=number, version=version, learner=learner, labels=labels, who=who)
        served = self.book.ledger.newest(Deployment, project)
        champion = served.version if served else ""
        self.record(Decision(project, number, version, champion, version, why, created_at=at), f"decision-{number}")
        self.record(Deployment(project, version, why, created_at=at), f"deployment-{number}")
        return give_verdict(self.book, load(self.book, project), number)

    def fitted(
        self,
        project: int,
        said: Mapping[int, Sequence[str]],
        *,
        number: int,
        version: str,
        learner: str = "linear",
        labels: int = 25,
        who: Callable[[int], Sequence[int]] = lambda _: range(1, 100),
    ) -> None:
        """Fit a version to a round that is closed, and measure it on its audit tasks, as `audited` has them."""
        at = NOON + timedelta(days=number)
        closed = self.book.ledger.newest(ClosedRound, project, number=number)
        parents = (closed.artifact,) if closed else ()
        fit = Fit(project, number, learner, version, "", labels, 1.5, created_at=at)
        assert self.book.record(fit, f"fit-{version}", {"model/weights": b"0" * 1000}, parents)
        tasks = []
        for id_, answers in said.items():
            people: dict[int, Value] = dict(zip(who(id_), map(Choice, answers[1:]), strict=False))
            model, values = Choice(answers[0]), list(people.values())
            tasks.append(AuditedTask(id_, model, people, model_agreement(model, values), pairwise_agreement(values)))
        found = Evaluation(
            *(project, number, version, len(tasks)),
            *_mean([task.agreement for task in tasks]),
            *_mean([task.human_agreement for task in tasks if task.human_agreement is not None]),
            *(None, None, 2.5),
            created_at=at,
        )
        self.record(found, f"evaluation-{number}-{version}", audit_files(tasks))

    def disconnect(self, project: int) -> None:
        """Take a project out of the loop."""
        known = self.book.ledger.newest(Connection, project)
        assert known is not None
        self.record(replace(known, active=False, artifact=""), "connection-2")

    def record(self, record: Record, name: str, files: Mapping[str, bytes] | None = None) -> None:
        """Write a fact down."""
        assert self.book.record(record, name, files or {})


def _mean(shares: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    """Return the mean of shares with its 95 % interval."""
    return (sum(shares) / len(shares) if shares else None, *interval(np.array(shares)))
