"""What the ledger remembers of guidelines: each one that was written, and what the lead ruled."""

from dataclasses import dataclass

from labelloop.domain.records import Record


@dataclass(frozen=True, slots=True)
class Guideline(Record):
    """The `number`-th guideline of a project: what LLMs are told, as `guideline.md` in the artifact.

    `origin` is `configuration`, `file`, `llm` or `lead`; `outcome` is `accepted`, `rejected` where the test did not
    favour it, or `proposed` where the lead is to decide. `basis` is the number of the one it was made from, 0 for none;
    `round_number` and `learner` say which fit it came out of, 0 and empty for the lead's. `before` and `after` are the
    similarity to people's answers over `n` held-out TRAIN labels with the basis and with this one, in [0, 1], `p_value`
    that of the paired test, None without one; `cost` is in the currency of the price table. `field` is as in `Fit`.
    """

    number: int
    round_number: int
    learner: str
    origin: str
    outcome: str
    reason: str
    basis: int
    n: int
    before: float | None
    after: float | None
    p_value: float | None
    cost: float
    field: str = ""


@dataclass(frozen=True, slots=True)
class GuidelineRuling(Record):
    """The lead accepts a guideline, by its number, or rejects it; `newest` was the newest one then."""

    guideline: int
    accepted: bool
    newest: int
