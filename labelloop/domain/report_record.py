"""What the ledger remembers of reports: that one was kept of a round."""

from dataclasses import dataclass

from labelloop.domain.records import Record

LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class RoundReport(Record):
    """The report as it was after a round's verdict; its files are in the artifact, one for each language."""

    number: int


def report_file_name(language: str) -> str:
    """Return the file of a kept report in a language."""
    return f"report.{language}.html"
