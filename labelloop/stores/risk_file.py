"""The curve of a model's errors that a certificate rests on, as a file beside it."""

import csv
import io
from collections.abc import Iterable

from labelloop.domain.records import Certificate
from labelloop.stats.risk_coverage import RiskPoint
from labelloop.stores.book import Book

RISK_FILE = "risk_coverage.csv"
COLUMNS = ("tasks", "margin", "errors")


def write_risk(points: Iterable[RiskPoint]) -> bytes:
    """Return the content of `risk_coverage.csv`."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((one.tasks, one.margin, one.errors) for one in points)
    return file.getvalue().encode()


def read_risk(book: Book, certificate: Certificate) -> list[RiskPoint]:
    """Return the curve of a certificate; none of one that was abandoned, or made before there was this file."""
    if RISK_FILE not in book.artifacts.manifest(certificate.artifact)["files"]:
        return []
    rows = csv.DictReader(io.StringIO(book.artifacts.read(certificate.artifact, RISK_FILE).decode()))
    return [RiskPoint(int(row["tasks"]), float(row["margin"]), int(row["errors"])) for row in rows]
