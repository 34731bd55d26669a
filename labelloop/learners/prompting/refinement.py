"""What came of trying to improve a guideline, as it stands in a version's `refinement.json`."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from labelloop.domain.guidelines import ACCEPTED
from labelloop.learners.prompting.edits import Edit


@dataclass(frozen=True, slots=True)
class Refinement:
    """From the guideline `start` (Markdown) to the `proposal`, which is empty where nothing was proposed.

    `origin` says where the start is from: `configuration`, `file` or `ledger`. `outcome` is `accepted` where the test
    favours the proposal, `rejected` where it does not, `proposed` where it could not be finished, else empty. `errors`
    are those of the half where they were looked for; `before` and `after` the mean likeness to people's answers over
    the `n` held-out examples, in [0, 1]; `cost` what the request and the trial cost by the price table.
    """

    origin: str
    start: str
    outcome: str = ""
    because: str = ""
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

    @property
    def used(self) -> str:
        """Return the guideline, as Markdown, that the version was made with."""
        return self.proposal if self.outcome == ACCEPTED else self.start

    def to_json(self) -> str:
        """Return it as JSON; `from_json` reads it back."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Refinement":
        """Return what `to_json` wrote."""
        found: dict[str, Any] = json.loads(text)
        found["edits"] = tuple(Edit(**edit) for edit in found["edits"])
        return cls(**found)
