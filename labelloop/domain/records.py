"""What the ledger remembers: facts that are added and never changed. The newest row is what holds now."""

from dataclasses import dataclass
from datetime import datetime

from labelloop.domain.tasks import Role


@dataclass(frozen=True, slots=True)
class Connection:
    """A project was connected (or, with `active` false, disconnected) with these Rules (JSON)."""

    project_id: int
    title: str
    rules: str
    active: bool
    at: datetime
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """The `number`-th meaning of the labelling configuration: its XML and the looped Field (JSON)."""

    project_id: int
    number: int
    label_config: str
    field: str
    digest: str
    at: datetime
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class TaskRole:
    """The role a task was drawn for."""

    project_id: int
    task_id: int
    role: Role


@dataclass(frozen=True, slots=True)
class ClosedRound:
    """Round `number` was closed; the counts are of settled labels, `audit` of tasks judged by enough people."""

    project_id: int
    number: int
    schema_number: int
    because: str
    train: int
    new_train: int
    audit: int
    annotations: int
    at: datetime
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class Fit:
    """A learner was fitted to a round: `version` names what came out, or is empty and `failure` says why nothing did.

    `seconds` is the time the fit took.
    """

    project_id: int
    round_number: int
    learner: str
    version: str
    failure: str
    labels: int
    seconds: float
    at: datetime
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A version's agreement with people on the audit set as of a round; figures in [0, 1], None where n is 0.

    `agreement` is the mean similarity of the model with each person, `human_agreement` that of people with each other,
    both with 95 % intervals; `accuracy` and `macro_f1` are against people's consensus; `n` counts the audit tasks;
    `ms_per_text` is the time one prediction took, in milliseconds.
    """

    project_id: int
    round_number: int
    version: str
    n: int
    agreement: float | None
    agreement_low: float | None
    agreement_high: float | None
    human_agreement: float | None
    human_low: float | None
    human_high: float | None
    accuracy: float | None
    macro_f1: float | None
    ms_per_text: float
    at: datetime
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the promotion rule said after a round: `winner` serves from now on, and why."""

    project_id: int
    round_number: int
    challenger: str
    champion: str
    winner: str
    because: str
    at: datetime
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class Deployment:
    """From `at` on this version answers."""

    project_id: int
    version: str
    because: str
    at: datetime
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """The head of the queue as pushed to Label Studio under `name`; `version` is empty before there is a model."""

    project_id: int
    name: str
    version: str
    round_number: int
    tasks: int
    blind: int
    at: datetime
    artifact: str = ""


Record = Connection | SchemaVersion | ClosedRound | Fit | Evaluation | Decision | Deployment | Publication
