"""Learners and query strategies by name: our own and those of any installed package, found by entry points."""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from labelloop.errors import UserError
from labelloop.learners.base import Learner
from labelloop.strategies.base import Strategy

LEARNERS = "labelloop.learners"
STRATEGIES = "labelloop.strategies"


def learner(recipe: str) -> Learner:
    """Return a new learner, by `name` or `name:argument`; raises UserError if there is none, or it wants another one.

    What the argument means is up to the learner: a checkpoint, an address.
    """
    name, colon, argument = recipe.partition(":")
    factory = _load(LEARNERS, name)
    try:
        built: Learner = factory(argument) if colon else factory()
    except TypeError as error:
        wanted = "takes no argument" if colon else "needs an argument"
        raise UserError(f"The learner {name} {wanted}: mend the rule `learners` (it has {recipe}).") from error
    return built


def is_background(recipe: str) -> bool:
    """Return whether a recipe's fits take minutes and nobody waits for them.

    One that cannot be loaded counts as quick: its fit fails at once, where people see it.
    """
    try:
        return learner(recipe).background
    except UserError:
        return False


def needs_labels(recipe: str) -> bool:
    """Return whether a recipe needs labels to be fitted; one that cannot be loaded does."""
    try:
        return bool(getattr(learner(recipe), "needs_labels", True))
    except UserError:
        return True


def strategy(name: str) -> Strategy:
    """Return the query strategy of this name; raises UserError listing the known ones."""
    found: Strategy = _load(STRATEGIES, name)
    return found


def learner_names() -> tuple[str, ...]:
    """Return the names of all installed learners, sorted."""
    return tuple(sorted(_installed(LEARNERS)))


def strategy_names() -> tuple[str, ...]:
    """Return the names of all installed query strategies, sorted."""
    return tuple(sorted(_installed(STRATEGIES)))


def _installed(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def _load(group: str, name: str) -> Any:
    installed = _installed(group)
    kind = "learner" if group == LEARNERS else "query strategy"
    if name not in installed:
        raise UserError(f"There is no {kind} named {name}; choose one of: {', '.join(sorted(installed)) or 'none'}.")
    try:
        return installed[name].load()
    except (ImportError, AttributeError) as error:
        raise UserError(
            f"The {kind} {name} cannot be loaded ({error}): reinstall the package it comes from."
        ) from error
