"""What was computed for a verdict, as its file keeps it."""

import json
from typing import Any

from labelloop.domain.records import Verdict
from labelloop.stores.book import Book

VERDICT_FILE = "verdict.json"


def verdict_report(book: Book, verdict: Verdict) -> dict[str, Any]:
    """Return everything that was computed for a verdict; docs/verdict.md describes the keys."""
    report: dict[str, Any] = json.loads(book.artifacts.read(verdict.artifact, VERDICT_FILE))
    if "advice" in report:  # its commands name the project as help texts do
        report["advice"] = report["advice"].replace("PROJECT", str(verdict.project_id))
    return report
