"""What the ledger remembers of disputes: what the lead decided on a task on which people differ, and why they do."""

from dataclasses import dataclass

from labelloop.domain.records import Record


@dataclass(frozen=True, slots=True)
class Adjudication(Record):
    """The lead decided on a task's answers of a field; the newest of a task and field counts.

    `value` is the answer that is right, as `value_json` writes it, empty where nothing is said of the label; `reason`
    (one of `REASONS`) says why people differ, `note` more about it; `who` is the lead's account.
    """

    task_id: int
    field: str
    value: str
    reason: str
    note: str
    who: str


GAP = "gap in the guideline"
REASONS = ("ambiguous task", GAP, "slip")
