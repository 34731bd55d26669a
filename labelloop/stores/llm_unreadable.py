"""Of which texts an LLM's last answer was none, in the ledger: counted by reason for people to see."""

import hashlib
from collections.abc import Mapping

from sqlalchemy import Connection, Engine, delete, func, insert, select

from labelloop.llm.cost_center import CostCenter
from labelloop.stores.ledger_tables import LLM_UNREADABLE as TABLE

_AT_ONCE = 500


def keep_unreadable(connection: Connection, asked_by: CostCenter, answers: Mapping[str, str]) -> None:
    """Keep, by text, why the answer about it is none, empty where it is one: the last answer about a text counts.

    No two may do so at a time.
    """
    digests = {_digest(text): reason for text, reason in answers.items()}
    ours = TABLE.c.project_id == asked_by.project_id
    known = set(connection.execute(select(TABLE.c.text_digest).where(ours)).scalars())
    old = sorted(known & digests.keys())
    for start in range(0, len(old), _AT_ONCE):
        connection.execute(delete(TABLE).where(ours, TABLE.c.text_digest.in_(old[start : start + _AT_ONCE])))
    here = {"project_id": asked_by.project_id, "round_number": asked_by.round_number}
    if new := [{**here, "text_digest": digest, "reason": why} for digest, why in digests.items() if why]:
        connection.execute(insert(TABLE), new)


def unreadable_answers(engine: Engine, project_id: int, since_round: int = 0) -> dict[str, int]:
    """Return how many texts are without a readable answer of a model of that round or a later one, by reason."""
    query = (
        select(TABLE.c.reason, func.count().label("texts"))
        .where(TABLE.c.project_id == project_id, TABLE.c.round_number >= since_round)
        .group_by(TABLE.c.reason)
        .order_by(func.count().desc(), TABLE.c.reason)
    )
    with engine.connect() as connection:
        return {row.reason: row.texts for row in connection.execute(query)}


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
