"""Keep the report of each round as it was after its verdict; may be run at any time, and twice."""

from datetime import UTC, datetime

import structlog

from labelloop.domain.records import ClosedRound, Connection, Verdict
from labelloop.domain.report_record import LANGUAGES, RoundReport, report_file_name
from labelloop.errors import LabelLoopError
from labelloop.settings import Settings
from labelloop.stores.book import Book
from workers.admin.report_file import report_file
from workers.jobs.open_stores import open_book

log = structlog.get_logger()


def keep_reports(settings: Settings) -> None:
    """Keep what is due of every connected project; what goes wrong is logged, and tried again the next time."""
    try:
        book = open_book(settings)
        try:
            for project in book.ledger.projects():
                _keep_due(book, settings, project)
        finally:
            book.ledger.engine.dispose()
    except Exception:
        log.exception("reports_not_kept")


def _keep_due(book: Book, settings: Settings, project: int) -> None:
    number = _due(book, project)
    if number is None:
        return
    try:
        _keep(book, settings, project, number)
    except (LabelLoopError, OSError) as error:
        log.warning("report_not_kept", project=project, round=number, reason=str(error))


def _due(book: Book, project: int) -> int | None:
    """Return the newest round of a connected project where it has a verdict and no report."""
    connection, closed = book.ledger.newest(Connection, project), book.ledger.newest(ClosedRound, project)
    if connection is None or not connection.active or closed is None:
        return None
    verdict = book.ledger.newest(Verdict, project, round_number=closed.number)
    kept = book.ledger.newest(RoundReport, project, number=closed.number)
    return closed.number if verdict and not kept else None


def _keep(book: Book, settings: Settings, project: int, number: int) -> None:
    made = {language: report_file(settings, project, language) for language in LANGUAGES}
    if any(not name.endswith(f"-round-{number}.html") for name, _ in made.values()):
        return  # figures of large projects are a little old
    closed = book.ledger.newest(ClosedRound, project, number=number)
    record = RoundReport(project, number, created_at=datetime.now(UTC))
    files = {report_file_name(language): content for language, (_, content) in made.items()}
    if book.record(record, f"report-{number}", files, (closed.artifact,) if closed else ()):
        log.info("report_kept", project=project, round=number)
