"""The page of the audit trail: who changed what, when and from where, newest first."""

from flask import Response

from labelloop.domain.action_record import Action
from ml_backend.pages.desk import Desk

ROWS = 50
"""How many actions a page shows."""
LAST_PAGE = 1_000_000


def log_page(desk: Desk, project: int, number: int) -> Response:
    """Return the `number`-th page, from 1 on; raises NotConnected."""
    number, ledger = min(max(number, 1), LAST_PAGE), desk.book.ledger
    connection = desk.figures.state(project).connection
    found = ledger.latest(Action, project, ROWS + 1, skip=(number - 1) * ROWS)
    return desk.page(
        "log.html",
        project=project,
        title=connection.title,
        actions=found[:ROWS],
        number=number,
        more=len(found) > ROWS,
    )
