"""Labelled parts of a task's text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A labelled part of the task's text: code points from `start` up to, not including, `end`."""

    start: int
    end: int
    label: str

    @property
    def ends(self) -> tuple[int, int]:
        """Return where it stands, whatever its label is."""
        return (self.start, self.end)

    def __str__(self) -> str:
        return f"{self.start}-{self.end} {self.label}"


@dataclass(frozen=True, slots=True)
class Spans:
    """Any number of labelled parts of the text, none included; they may overlap."""

    spans: frozenset[Span]

    def __str__(self) -> str:
        return "|".join(map(str, sorted(self.spans)))
