"""The outcome of trying to improve a guideline, as it stands in a version's `refinement.json`."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from labelloop.domain.guideline_history import ACCEPTED

GUIDELINE, REFINEMENT = "guideline.md", "refinement.json"
"""The files of a version that hold its guideline, and how that came about."""

_RENAMED = {"because": "reason"}
"""What fields were called by 0.1.0."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A label's new rule, or, with an empty label, the new task."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """An example that a proposal rests on: its text's `fingerprint`, people's value and the LLM's, as JSON.

    The LLM's value is empty where it left the text to people. `after` is that with the proposal, None of an error that
    the proposal was made from: it is not asked about again. `gain` is by how much `after` is more similar to people's
    value than `before`, in [-1, 1].
    """

    fingerprint: str
    right: str
    before: str
    after: str | None = None
    gain: float = 0.0


@dataclass(frozen=True, slots=True)
class Refinement:
    """From the guideline `start` (Markdown) to the `proposal`, which is empty where nothing was proposed.

    `origin` says where the start is from: `configuration`, `file` or `ledger`. `outcome` is `accepted` where the test
    favours the proposal, `rejected` where it does not, `proposed` where it could not be finished, else empty. `errors`
    are those in the half that was searched for them; `before` and `after` the mean similarity to people's values over
    the `n` held-out examples, in [0, 1]; `cost` what the request and the trial cost by the price table. `evidence` has
    the errors that the proposal was made from, then the held-out examples on which it gains or loses; None where that
    was not kept.
    """

    origin: str
    start: str
    outcome: str = ""
    reason: str = ""
    proposal: str = ""
    edits: tuple[Edit, ...] = ()
    errors: int = 0
    n: int = 0
    before: float | None = None
    after: float | None = None
    gains: int = 0
    losses: int = 0
    p_value: float | None = None
    cost: float = 0.0
    evidence: tuple[Evidence, ...] | None = None

    @property
    def used(self) -> str:
        """Return the guideline, as Markdown, that the version was made with."""
        return self.proposal if self.outcome == ACCEPTED else self.start

    def to_json(self) -> str:
        """Return it as JSON; `from_json` reads it back."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Refinement":
        """Return what `to_json` wrote, here or in earlier releases."""
        found: dict[str, Any] = {_RENAMED.get(name, name): value for name, value in json.loads(text).items()}
        found["edits"] = tuple(Edit(**edit) for edit in found["edits"])
        if found.get("evidence") is not None:
            found["evidence"] = tuple(Evidence(**one) for one in found["evidence"])
        return cls(**found)
