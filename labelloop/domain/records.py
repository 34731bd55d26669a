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
    `ms_per_text` is the time one prediction took, in milliseconds, `cost_per_1000` what 1,000 of them cost by the price
    table, in its currency, 0 where they cost no money. `failure` says why a version could not be measured; then it is
    passed over.
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
    failure: str = ""
    cost_per_1000: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """What the promotion rule said after a round: `winner` serves from now on, and why.

    A round has more where challengers came late; those that are found together are decided about at once.
    """

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


@dataclass(frozen=True, slots=True)
class Verdict:
    """Has the champion reached human level as of a round (STATISTICS: paired non-inferiority on the audit set).

    `outcome` is one of `yes`, `not yet`, `cannot tell`, `guideline needs work`; `look` counts the looks at the audit
    set; `gap` is the mean paired difference between the model's agreement with people and people's with each other,
    `gap_low` its lower bound, both in [-1, 1]; `labels_needed` and `audit_needed` are forecasts, None where there is
    none. Everything else that was computed stands in the artifact's `verdict.json`.
    """

    project_id: int
    round_number: int
    version: str
    look: int
    outcome: str
    because: str
    n: int
    gap: float | None
    gap_low: float | None
    margin: float
    labels_needed: int | None
    audit_needed: int | None
    at: datetime
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class CertifyDraw:
    """Attempt `number` to certify `version`: `n` tasks drawn uniformly from the `pool` nobody had labelled.

    `max_error` is the promised error, `delta` the probability that it is exceeded, both in (0, 1). An answer counts as
    right whose likeness to people's is `at_least` this, in (0, 1]. The tasks are in `certify.parquet`.
    """

    project_id: int
    number: int
    version: str
    n: int
    pool: int
    max_error: float
    delta: float
    at: datetime
    artifact: str = ""
    at_least: float = 1.0


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the labelled CERTIFY tasks of an attempt prove: model labels at or above the `threshold` may stand.

    `granted` is false where nothing can be promised, and `because` says why. `errors` are the model's among the `n`,
    `allowed` those that may be among the automated ones, `automated` the expected share of model labels, in [0, 1].
    """

    project_id: int
    number: int
    version: str
    granted: bool
    because: str
    n: int
    errors: int
    allowed: int
    threshold: float
    automated: float
    max_error: float
    delta: float
    at: datetime
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseOrder:
    """A release was ordered (or, with `active` false, called off) under an attempt's certificate.

    `version` predicts the `tasks` of the pool, in chunks.
    """

    project_id: int
    certificate: int
    version: str
    tasks: int
    active: bool
    at: datetime
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseChunk:
    """The certified version's answers on the `number`-th chunk of the pool, from 0 on; they are in the artifact."""

    project_id: int
    certificate: int
    number: int
    tasks: int
    at: datetime
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """The finished data set under an attempt's certificate: every task with a label and its origin, in the artifact."""

    project_id: int
    number: int
    certificate: int
    version: str
    tasks: int
    by_people: int
    by_model: int
    left_out: int
    at: datetime
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class Guideline:
    """The `number`-th guideline of a project: what LLMs are told, as `guideline.md` in the artifact.

    `origin` is `configuration`, `file`, `llm` or `lead`; `outcome` is `accepted`, `rejected` where the test did not
    favour it, or `proposed` where the lead is to decide. `basis` is the number of the one it was made from, 0 for none;
    `round_number` and `learner` say which fit it came out of, 0 and empty for the lead's. `before` and `after` are the
    likeness to people's answers over `n` held-out TRAIN labels with the basis and with this one, in [0, 1], `p_value`
    that of the paired test, None without one; `cost` is in the currency of the price table.
    """

    project_id: int
    number: int
    round_number: int
    learner: str
    origin: str
    outcome: str
    because: str
    basis: int
    n: int
    before: float | None
    after: float | None
    p_value: float | None
    cost: float
    at: datetime
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class GuidelineRuling:
    """The lead accepts a guideline, by its number, or rejects it; `newest` was the newest one then."""

    project_id: int
    guideline: int
    accepted: bool
    newest: int
    at: datetime
    artifact: str = ""


Record = (
    Connection
    | SchemaVersion
    | ClosedRound
    | Fit
    | Evaluation
    | Decision
    | Deployment
    | Publication
    | Verdict
    | CertifyDraw
    | Certificate
    | ReleaseOrder
    | ReleaseChunk
    | Release
    | Guideline
    | GuidelineRuling
)
