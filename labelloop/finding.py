"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """`fault` stops the loop or misleads people, `warn` may, `ok` is fine."""

    OK = "ok"
    WARN = "warn"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked, and what to do about it if anything."""

    level: Level
    what: str
    advice: str = ""
