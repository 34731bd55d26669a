"""`labelloop certify`."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from labelloop.domain.certify_plan import CertifyPlan
from labelloop.state.load import load
from workers.admin.release_status import CertificateStatus, certificate_status
from workers.admin.start_attempt import Wish, abandon, start
from workers.cli.arguments import Abandon, AsJson, DryRun, Project
from workers.cli.certify_plan import plan_json, plan_lines
from workers.cli.console import waiting_for
from workers.jobs.app_context import AppContext, open_context

Share = {"min": 0.0001, "max": 0.9999}
MaxError = Annotated[
    float, typer.Option(help="The share of wrong labels that is promised not to be exceeded.", **Share)
]
Confidence = Annotated[float, typer.Option(help="How sure the promise is.", **Share)]
Sample = Annotated[
    int | None,
    typer.Option(
        "--n",
        help="How many tasks annotators label blind for it; 300, or fewer in a small pool, without it.",
        min=1,
        show_default=False,
    ),
]
AtLeast = Annotated[
    float,
    typer.Option(
        help="Minimum similarity to the annotators' answer that counts as correct; 1: exactly the same.",
        min=0.01,
        max=1.0,
    ),
]
Without = Annotated[
    list[str] | None,
    typer.Option(
        "--without",
        metavar="NAME",
        help="Leave this field out: what annotators said of it is released. Can be repeated.",
        show_default=False,
    ),
]
Anyway = Annotated[bool, typer.Option("--anyway", help="Start even if the plan says that it does not pay.")]


def certify(
    project: Project,
    max_error: MaxError = 0.05,
    confidence: Confidence = 0.95,
    n: Sample = None,
    min_similarity: AtLeast = 1.0,
    without: Without = None,
    anyway: Anyway = False,
    dry_run: DryRun = False,
    give_up: Abandon = False,
    as_json: AsJson = False,
) -> None:
    """Find out which of the model's labels can be used under a promised error.

    First says what it takes and what it can save, and refuses what does not pay. Then the model is frozen, n tasks are
    drawn at random, and annotators label them blind, before all others. The certificate says from which margin the
    model may label the rest. docs/release.md explains what it promises.
    """
    with open_context() as context:
        if give_up:
            _abandon(context, project, as_json=as_json)
            return
        wish = Wish(max_error, confidence, n, min_similarity, tuple(without or ()))
        with waiting_for("Planning: the model predicts the tasks that nobody has touched") as planned:

            def told(plan: CertifyPlan) -> None:
                planned()
                if not as_json:
                    _print_plan(project, plan)

            plan = start(context, project, wish, on_plan=told, dry_run=dry_run, anyway=anyway)
        found = None if dry_run else _begun(context, project)
    if as_json:
        started = asdict(found) if found else {}
        typer.echo(json.dumps({**started, "plan": plan_json(plan)}, ensure_ascii=False, indent=1))
    elif found:
        typer.echo(
            f"Attempt {found.attempt}: {plan.version} is frozen, and {found.n} of {found.pool} untouched tasks are "
            f"drawn. Annotators now get these first, blank; when all are labelled, the certificate is made.\n"
            f"See how far it is: labelloop status {project}"
        )


def _print_plan(project: int, plan: CertifyPlan) -> None:
    for line in plan_lines(plan, project):
        typer.echo(line)


def _begun(context: AppContext, project: int) -> CertificateStatus | None:
    """Return how the newest attempt stands; of several fields as the first of them has it."""
    state = load(context.book, project)
    return certificate_status(context.book, next(iter(state.attempted), state))


def _abandon(context: AppContext, project: int, *, as_json: bool) -> None:
    ended = abandon(context, project)
    if as_json:
        found = _begun(context, project)
        typer.echo(json.dumps(asdict(found) if found else None, ensure_ascii=False, indent=1))
        return
    spent = (
        "" if ended.delta else " Nothing had been labelled, so the next attempt has as much risk to spend as this one."
    )
    typer.echo(f"Attempt {ended.number} is abandoned; its tasks are TRAIN again, and rounds go on.{spent}")
