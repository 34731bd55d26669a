"""Let a version answer, by rule or by command, keep it, and find the way back."""

from dataclasses import dataclass
from datetime import UTC, datetime

from labelloop.domain.records import Deployment
from labelloop.domain.way_back import way_back
from labelloop.errors import NotFound, UserError
from labelloop.state.project_state import ProjectState
from labelloop.state.servable import unservable
from labelloop.steps.trail import enter
from labelloop.stores.book import Book


@dataclass(frozen=True, slots=True)
class StepBack:
    """The version to go back to, and the later ones that are passed over because they cannot serve, with the reason."""

    version: str
    passed_over: tuple[tuple[str, str], ...] = ()


def deploy(
    book: Book, state: ProjectState, version: str, *, reason: str, pinned: bool = False, rolled_back: bool = False
) -> Deployment:
    """Let a version answer from now on, `pinned` until it is unpinned; raises NotFound if there is no such version."""
    fit = state.version(version)
    number = len(state.looped.deployments) + 1
    deployment = Deployment(
        state.id, version, reason, pinned=pinned, rolled_back=rolled_back, created_at=datetime.now(UTC)
    )
    book.record(deployment, f"deployment-{number}-{version}", parents=(fit.artifact,))
    return deployment


def unpin(book: Book, state: ProjectState) -> Deployment:
    """Let the promotion rule decide again; the version goes on answering. Raises UserError if none is pinned."""
    pinned = state.looped.pinned_version
    if not pinned:
        raise UserError(f"No version of project {state.id} is pinned: the promotion rule decides already.")
    deployment = deploy(book, state, pinned, reason="unpinned by command")
    enter(book, state.id, "unpin", pinned)
    return deployment


def refuse_pinned(state: ProjectState) -> None:
    """Raise UserError while a version is pinned."""
    if pinned := state.looped.pinned_version:
        raise UserError(
            f"{pinned} of project {state.id} is pinned. Let it go first: `labelloop deploy {state.id} --unpin`; or pin "
            f"another one in its place: `labelloop deploy {state.id} VERSION --pin`."
        )


def step_back(state: ProjectState) -> StepBack:
    """Return the newest version before the one that serves that can serve now; raises NotFound if there is none.

    Each step leads one further back: what was left by going back is not come back to.
    """
    passed_over: list[tuple[str, str]] = []
    for version in reversed(way_back(state.looped.deployments)[:-1]):
        reason = unservable(state, state.version(version))
        if not reason:
            return StepBack(version, tuple(passed_over))
        passed_over.append((version, reason))
    why = "".join(f" {version} cannot serve: {reason}." for version, reason in passed_over)
    raise NotFound(f"No version served project {state.id} before that could serve now: nothing to go back to.{why}")
