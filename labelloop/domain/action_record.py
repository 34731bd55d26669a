"""What the ledger remembers of people: who changed something, when, and from where."""

from dataclasses import dataclass

from labelloop.domain.records import Record


@dataclass(frozen=True, slots=True)
class Action(Record):
    """Somebody did `action` to a project (one of `ACTIONS`); `detail` says to what, in the words of its command.

    `who` is an account of the pages, the user of the system who ran the command, or that of the API; `origin` is
    `page`, `command` or `api`, and `address` that of the browser, or the name of the host.
    """

    action: str
    who: str
    origin: str
    address: str
    detail: str = ""


ACTIONS = (
    *("connect", "disconnect", "rules", "rename", "resync", "close round", "train", "refit", "deploy", "rollback"),
    *("unpin", "relabel", "certify", "abandon certify", "release", "abandon release", "write-back"),
    *("take back", "instructions", "edit guideline", "accept guideline", "reject guideline", "adjudicate", "retry"),
    "notify",
)
