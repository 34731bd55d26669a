"""Which of a project's guidelines is current: what the tests accepted and the lead did not take back."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from labelloop.domain.guideline_records import Guideline, GuidelineRuling

ACCEPTED, REJECTED, PROPOSED = "accepted", "rejected", "proposed"
CONFIGURATION, FILE, LEDGER, LLM, LEAD = "configuration", "file", "ledger", "llm", "lead"
GIVEN = (CONFIGURATION, FILE)
"""The origins that no fit and no lead made."""


@dataclass(frozen=True, slots=True)
class GuidelineHistory:
    """A project's guidelines and what its lead said of them, each oldest first."""

    guidelines: tuple[Guideline, ...]
    rulings: tuple[GuidelineRuling, ...] = ()

    @property
    def current(self) -> Guideline | None:
        """Return the guideline that was accepted last, and not rejected by the lead since; None where there is none."""
        standing: list[int] = []
        for one in self.guidelines:
            if one.outcome == ACCEPTED:
                standing.append(one.number)
            for ruling in self.rulings:
                if ruling.newest == one.number:
                    standing = [number for number in standing if number != ruling.guideline]
                    standing += [ruling.guideline] if ruling.accepted else []
        return self.find(standing[-1]) if standing else None

    @property
    def follows_settings(self) -> bool:
        """Return whether what the settings say holds, changes included: nothing else was accepted."""
        current = self.current
        return current is None or (current.origin in GIVEN and self.ruling(current.number) is not True)

    @property
    def refused(self) -> list[Guideline]:
        """Return the guidelines that the lead rejected and did not accept since."""
        return [one for one in self.guidelines if self.ruling(one.number) is False]

    def ruling(self, number: int) -> bool | None:
        """Return whether the lead accepts a guideline, None where nothing was said of it."""
        found = [ruling.accepted for ruling in self.rulings if ruling.guideline == number]
        return found[-1] if found else None

    def find(self, number: int) -> Guideline | None:
        """Return a guideline by its number, None if there is no such."""
        return next((one for one in self.guidelines if one.number == number), None)

    def without(self, round_number: int, learner: str) -> "GuidelineHistory":
        """Return the history as it was for a learner that is fitted to a round again."""
        kept = tuple(one for one in self.guidelines if (one.round_number, one.learner) != (round_number, learner))
        known: Collection[int] = {one.number for one in kept}
        # A ruling made since then comes after the newest one that is left.
        moved = (replace(one, newest=max((n for n in known if n <= one.newest), default=0)) for one in self.rulings)
        return GuidelineHistory(kept, tuple(one for one in moved if one.guideline in known))
