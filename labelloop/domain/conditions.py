"""When a field is asked at all, as the labelling configuration says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labelloop.formatting import few


@dataclass(frozen=True, slots=True)
class Requirement:
    """What one of several fields must say: one of the labels, or anything at all where no label is named.

    A `negated` one is met where none of the fields says so, also where they were not asked.

    >>> str(Requirement(("mood",), ("bad", "差"))), str(Requirement(("mood",), negated=True))
    ('mood is bad or 差', 'mood has no answer')

    Of a parent with thousands of labels it names a few.
    """

    fields: tuple[str, ...]
    labels: tuple[str, ...] = ()
    negated: bool = False

    def __str__(self) -> str:
        verb = "has" if not self.labels else "is"
        what = few(self.labels, word=" or ") or "answer"
        sense = {"is": ("", "not "), "has": ("an ", "no ")}[verb][self.negated]
        return f"{' or '.join(self.fields)} {verb} {sense}{what}"


@dataclass(frozen=True, slots=True)
class Condition:
    """When a field is asked: where every requirement is met."""

    requirements: tuple[Requirement, ...]

    @property
    def parents(self) -> frozenset[str]:
        """Return the names of the fields that it depends on."""
        return frozenset(name for requirement in self.requirements for name in requirement.fields)

    def __str__(self) -> str:
        return " and ".join(map(str, self.requirements))

    @classmethod
    def from_plain(cls, found: Mapping[str, Any]) -> "Condition":
        """Return the condition of which `dataclasses.asdict` made this, or JSON of that."""
        every = found["requirements"]
        return cls(tuple(Requirement(tuple(r["fields"]), tuple(r["labels"]), r["negated"]) for r in every))
