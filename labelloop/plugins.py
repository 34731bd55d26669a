"""Learners and query strategies by name: our own and those of any installed package, found by entry points."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from labelloop.errors import UserError
from labelloop.extras import missing_extras_reported
from labelloop.formatting import did_you_mean

if TYPE_CHECKING:  # what learners need takes a second to load, and a name needs none of it
    from labelloop.learners.base import Learner
    from labelloop.strategies.base import Strategy

LEARNERS = "labelloop.learners"
STRATEGIES = "labelloop.strategies"


def learner(spec: str) -> "Learner":
    """Return a new learner, by `name` or `name:argument`; raises UserError if there is none, or it wants another one.

    What the argument means is up to the learner: a checkpoint, an address.
    """
    name, colon, argument = spec.partition(":")
    factory = _load(LEARNERS, name)
    try:
        built: Learner = factory(argument) if colon else factory()
    except TypeError as error:
        wanted = "takes no argument" if colon else "needs an argument"
        raise UserError(f"The learner {name} {wanted}: fix the rule `learners` (it has {spec}).") from error
    return built


def is_background(spec: str) -> bool:
    """Return whether a learner's fits take minutes and nobody waits for them.

    One that cannot be loaded counts as quick: its fit fails at once, where people see it.
    """
    try:
        return learner(spec).background
    except UserError:
        return False


def needs_labels(spec: str) -> bool:
    """Return whether a learner needs labels to be fitted; one that cannot be loaded does."""
    try:
        return bool(getattr(learner(spec), "needs_labels", True))
    except UserError:
        return True


def asks_llm(spec: str) -> bool:
    """Return whether a learner asks an LLM; one that cannot be loaded does not."""
    try:
        return bool(getattr(learner(spec), "asks_llm", False))
    except UserError:
        return False


def strategy(name: str) -> "Strategy":
    """Return the query strategy of this name; raises UserError listing the known ones."""
    found: Strategy = _load(STRATEGIES, name)
    return found


def learner_names() -> tuple[str, ...]:
    """Return the names of all installed learners, sorted."""
    return tuple(sorted(_installed(LEARNERS)))


def strategy_names() -> tuple[str, ...]:
    """Return the names of all installed query strategies, sorted."""
    return tuple(sorted(_installed(STRATEGIES)))


@cache
def _installed(group: str) -> dict[str, EntryPoint]:
    # Reading what is installed takes as long as a small job.
    return {point.name: point for point in entry_points(group=group)}


def _load(group: str, name: str) -> Any:
    if name not in _installed(group):  # it may have been installed since
        _installed.cache_clear()
    installed = _installed(group)
    kind = "learner" if group == LEARNERS else "query strategy"
    if name not in installed:
        near, known = did_you_mean(name, installed), ", ".join(sorted(installed)) or "none"
        raise UserError(f"There is no {kind} named {name}{near}; choose one of: {known}.")
    try:
        with missing_extras_reported():
            return installed[name].load()
    except (ImportError, AttributeError) as error:
        raise UserError(
            f"The {kind} {name} cannot be loaded ({error}): reinstall the package it comes from."
        ) from error
