"""Start an attempt to certify, if its plan pays."""

from collections.abc import Callable
from dataclasses import dataclass

from labelloop.domain.certify_plan import CertifyPlan, why_not
from labelloop.domain.records import Certificate
from labelloop.errors import UserError
from labelloop.learners.base import ModelContext
from labelloop.state.project_state import ProjectState
from labelloop.steps.certify import abandon_attempt, start_attempt
from labelloop.steps.certify_fields import certify_fields
from labelloop.steps.plan_certify import plan_certify
from labelloop.steps.trail import enter
from labelloop.stores.book import Book
from workers.admin.write_back_release import refuse_written_back
from workers.jobs.app_context import AppContext
from workers.jobs.label_studio_sync import held_up_to_date


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be promised, of which fields not, and on how many tasks (None: as the plan finds best)."""

    max_error: float
    confidence: float
    n: int | None
    min_similarity: float = 1.0
    without: tuple[str, ...] = ()


def start(
    context: AppContext,
    project_id: int,
    wish: Wish,
    *,
    on_plan: Callable[[CertifyPlan], None] = lambda _: None,
    dry_run: bool = False,
    anyway: bool = False,
) -> CertifyPlan:
    """Return the plan of an attempt, which is started unless this is a dry run.

    `on_plan` is told the plan before anything is frozen or refused. Raises UserError where it cannot be granted or,
    unless it is wanted `anyway`, does not pay.
    """
    with held_up_to_date(context, project_id) as state:
        if not dry_run:
            refuse_written_back(context.label_studio, project_id)
        plan = plan_of(context.book, state, wish, context.models_of(state))
        on_plan(plan)
        if dry_run:
            return plan
        refuse_unpaid(plan, project_id, anyway=anyway)
        _begin(context, state, wish, plan.n)
    tell(context, project_id)
    return plan


def plan_of(book: Book, state: ProjectState, wish: Wish, models: ModelContext) -> CertifyPlan:
    """Return the plan of an attempt; raises what `plan_certify` raises."""
    return plan_certify(
        book,
        state,
        max_error=wish.max_error,
        confidence=wish.confidence,
        n=wish.n,
        min_similarity=wish.min_similarity,
        without=wish.without,
        context=models,
    )


def refuse_unpaid(plan: CertifyPlan, project_id: int, *, anyway: bool) -> None:
    """Raise UserError where an attempt that could be granted does not pay, unless it is wanted `anyway`."""
    if plan.allowed >= 0 and not anyway and (reason := why_not(plan)):
        raise UserError(
            f"An attempt to certify {plan.version} does not pay: {reason}. Nothing was started. Improve the model "
            f"first, {_or_without(plan)}or let people label the rest: `labelloop release {project_id} "
            "--people-only` finishes the data set without a certificate. To start it all the same, add --anyway."
        )


def start_planned(context: AppContext, project_id: int, wish: Wish, *, n: int, version: str) -> None:
    """Start an attempt that was planned before, of these versions and with so many tasks.

    Raises UserError where others serve now, or it cannot be granted any more.
    """
    with held_up_to_date(context, project_id) as state:
        refuse_written_back(context.label_studio, project_id)
        serving = "+".join(one.looped.deployed_version for one in certify_fields(state, wish.without))
        if serving != version:
            raise UserError(f"The plan is out of date: it was of {version}, and {serving} serves now. Look at it anew.")
        _begin(context, state, wish, n)
    tell(context, project_id)


def abandon(context: AppContext, project_id: int) -> Certificate:
    """End the open attempt without a certificate, and return what stands in its place; raises NotFound for none."""
    with held_up_to_date(context, project_id) as state:
        ended = abandon_attempt(context.book, state)
    tell(context, project_id)
    return ended


def _begin(context: AppContext, state: ProjectState, wish: Wish, n: int) -> None:
    drawn = start_attempt(
        context.book,
        state,
        max_error=wish.max_error,
        confidence=wish.confidence,
        n=n,
        min_similarity=wish.min_similarity,
        without=wish.without,
    )
    versions = "+".join(one.looped.deployed_version for one in certify_fields(state, wish.without))
    enter(context.book, state.id, "certify", ", ".join([f"{versions}, n={drawn.n}", *_left_out(wish)]))


def _or_without(plan: CertifyPlan) -> str:
    return "leave out a field that the model is not sure of (--without), " if len(plan.fields) > 1 else ""


def _left_out(wish: Wish) -> list[str]:
    return [f"without {name}" for name in wish.without]


def tell(context: AppContext, project_id: int) -> None:
    """Let the ML backend and the workers know that something was decided."""
    context.bell.announce(project_id)
    context.bell.ring(project_id)
