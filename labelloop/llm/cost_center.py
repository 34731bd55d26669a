"""Who pays for an LLM's responses: a project, in one of its rounds."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CostCenter:
    """A project and a round of it; 0 and 0 where nobody said."""

    project_id: int = 0
    round_number: int = 0


_current: ContextVar[CostCenter] = ContextVar("llm_account")


@contextmanager
def charged_to(project_id: int, round_number: int) -> Iterator[None]:
    """Charge what the block asks an LLM, and what models fitted in it will ask, to a project's round."""
    token = _current.set(CostCenter(project_id, round_number))
    try:
        yield
    finally:
        _current.reset(token)


def current_cost_center() -> CostCenter:
    """Return who pays here.

    >>> with charged_to(12, 3):
    ...     current_cost_center()
    CostCenter(project_id=12, round_number=3)
    """
    return _current.get(CostCenter())
