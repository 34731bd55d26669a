"""What the ledger remembers: facts that are added and never changed. The newest row is what holds now."""

from dataclasses import KW_ONLY, dataclass
from datetime import datetime

from labelloop.domain.tasks import Role

LARGEST_ID = 2**31 - 1
"""The largest number of a project or round that the ledger has room for."""


@dataclass(frozen=True, slots=True)
class Record:
    """A fact about a project, and when it was recorded; `artifact` is the folder of files that belong to it."""

    project_id: int
    _: KW_ONLY
    created_at: datetime
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class Connection(Record):
    """A project was connected (or, with `active` false, disconnected) with these Rules (JSON).

    `sources` (JSON) says where each rule came from that somebody has set: `file`, or `command`.
    """

    title: str
    rules: str
    active: bool
    sources: str = "{}"


@dataclass(frozen=True, slots=True)
class SchemaVersion(Record):
    """The `number`-th meaning of the labelling configuration: its XML and the looped Field (JSON; several: a list)."""

    number: int
    label_config: str
    field: str
    digest: str


@dataclass(frozen=True, slots=True)
class TaskRole:
    """The role a task was drawn for."""

    project_id: int
    task_id: int
    role: Role


@dataclass(frozen=True, slots=True)
class ClosedRound(Record):
    """Round `number` was closed; the counts are of settled labels, `audit` of tasks judged by enough people."""

    number: int
    schema_number: int
    reason: str
    train: int
    new_train: int
    audit: int
    annotations: int


@dataclass(frozen=True, slots=True)
class Fit(Record):
    """A learner was fitted to a round: `version` names what came out, or is empty and `failure` says why nothing did.

    `seconds` is the time the fit took. `encoder` names the one that its texts were encoded with (`EncoderSpec`); empty,
    in records of before there were several, it is that of the settings. `again` counts the orders to fit the round anew
    that it followed. `field` is the name of the one it was fitted for; empty where the project looped no other.
    """

    round_number: int
    learner: str
    version: str
    failure: str
    labels: int
    seconds: float
    encoder: str = ""
    again: int = 0
    field: str = ""


@dataclass(frozen=True, slots=True)
class RefitOrder(Record):
    """Somebody wants a round's learners fitted to it anew: for the `number`-th time."""

    round_number: int
    number: int


@dataclass(frozen=True, slots=True)
class Evaluation(Record):
    """A version's agreement with people on the audit set as of a round; figures in [0, 1], None where n is 0.

    `agreement` is the mean similarity of the model with each person, `human_agreement` that of people with each other,
    both with 95 % intervals; `accuracy` and `macro_f1` are against people's consensus; `n` counts the audit tasks;
    `ms_per_text` is the time one prediction took, in milliseconds, `cost_per_1000` what 1,000 of them cost by the price
    table, in its currency, 0 where they cost no money. `failure` says why a version could not be measured; then it is
    passed over.
    """

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
    failure: str = ""
    cost_per_1000: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision(Record):
    """What the promotion rule said after a round: `winner` serves from now on, and why; `field` as in `Fit`.

    A round has more where challengers came late; those that are found together are decided about at once.
    """

    round_number: int
    challenger: str
    champion: str
    winner: str
    reason: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Deployment(Record):
    """From `created_at` on this version answers.

    While it is `pinned` the promotion rule replaces it by no other. `rolled_back` tells that it was gone back to.
    """

    version: str
    reason: str
    pinned: bool = False
    rolled_back: bool = False


@dataclass(frozen=True, slots=True)
class Publication(Record):
    """The head of the queue as pushed to Label Studio under `name`; `version` is empty before there is a model.

    Where several fields are looped `version` names those of all that have one, joined by `+`. `put_back` of its tasks
    are to be labelled anew.
    """

    name: str
    version: str
    round_number: int
    tasks: int
    blind: int
    put_back: int = 0


@dataclass(frozen=True, slots=True)
class Verdict(Record):
    """Has the champion reached human level as of a round (STATISTICS: paired non-inferiority on the audit set).

    `outcome` is one of `yes`, `not yet`, `cannot tell`, `guideline needs work`; `look` counts the looks at the audit
    set; `gap` is the mean paired difference between the model's agreement with people and people's with each other,
    `gap_low` its lower bound, both in [-1, 1]; `labels_needed` and `audit_needed` are forecasts, None where there is
    none. Everything else that was computed stands in the artifact's `verdict.json`. `field` is as in `Fit`.
    """

    round_number: int
    version: str
    look: int
    outcome: str
    reason: str
    n: int
    gap: float | None
    gap_low: float | None
    margin: float
    labels_needed: int | None
    audit_needed: int | None
    field: str = ""


@dataclass(frozen=True, slots=True)
class CertifyDraw(Record):
    """Attempt `number` to certify `version`: `n` tasks drawn uniformly from the `pool` nobody had labelled.

    `max_error` is the promised error, `delta` the probability that it is exceeded, both in (0, 1). An answer counts as
    right if its similarity to people's is at least `min_similarity`, in (0, 1]. The tasks are in `certify.parquet`.
    An attempt of several fields has a draw for each, of the same tasks; `field` is as in `Fit`.
    """

    number: int
    version: str
    n: int
    pool: int
    max_error: float
    delta: float
    min_similarity: float = 1.0
    field: str = ""


@dataclass(frozen=True, slots=True)
class Certificate(Record):
    """What the labelled CERTIFY tasks of an attempt prove: model labels at or above the `threshold` may stand.

    `granted` is false where nothing can be promised, and `reason` says why. `errors` are the model's among the `n`,
    `allowed` those that may be among the automated ones, `automated` the expected share of model labels, in [0, 1].
    An attempt of several fields has one for each; `field` is as in `Fit`.
    """

    number: int
    version: str
    granted: bool
    reason: str
    n: int
    errors: int
    allowed: int
    threshold: float
    automated: float
    max_error: float
    delta: float
    field: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseOrder(Record):
    """A release was ordered (or, with `active` false, called off) under an attempt's certificate.

    `version` predicts the `tasks` of the pool, in chunks; those of several fields are joined by `+`.
    """

    certificate: int
    version: str
    tasks: int
    active: bool


@dataclass(frozen=True, slots=True)
class ReleaseChunk(Record):
    """The certified version's answers on the `number`-th chunk of the pool, from 0 on; they are in the artifact.

    Of several fields each has its own; `field` is as in `Fit`.
    """

    certificate: int
    number: int
    tasks: int
    field: str = ""


@dataclass(frozen=True, slots=True)
class Release(Record):
    """The finished data set under an attempt's certificate: every task with a label and its origin, in the artifact.

    `version` names those of all fields that were certified, joined by `+`.
    """

    number: int
    certificate: int
    version: str
    tasks: int
    by_people: int
    by_model: int
    left_out: int
