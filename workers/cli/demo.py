"""`labelloop demo`: the whole loop on real texts, with simulated annotators in a real Label Studio."""

import os
import platform
import shutil
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from labelloop.acting import COMMAND, Actor, acting
from labelloop.domain.lookup import newest
from labelloop.domain.records import ClosedRound
from labelloop.errors import UserError
from labelloop.log import configure_logging
from labelloop.rules import Rules
from labelloop.state.load import load
from labelloop.state.project_state import ProjectState
from sync.api.client import LabelStudio
from workers.admin.connect_project import connect
from workers.cli import demo_llm
from workers.cli.demo_llm import Read
from workers.cli.demo_release import finish
from workers.cli.up import reconnect, start_with_progress, tell_log_in
from workers.demo.accounts import annotators
from workers.demo.annotators import SimulatedAnnotator
from workers.demo.demo_project import prepare_project
from workers.demo.example import DemoText, Example
from workers.demo.messages import MESSAGES
from workers.demo.tweets import TWEETS
from workers.jobs.app_context import AppContext, open_context
from workers.jobs.looped_fields import looped_fields
from workers.local.services import Services, settings_for_other_commands
from workers.local.stack import Stack
from workers.local.stack_here import only_stack

PEOPLE = 3
EXAMPLES = {example.name: example for example in (MESSAGES, TWEETS)}
STEP_DEADLINE_S = 600.0
POLL_S = 0.5


def demo(
    example: Annotated[str, typer.Option(help="What is labelled: messages (easy) or tweets (hard).")] = MESSAGES.name,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="Rounds to have in the end; default: the example's.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start from nothing instead of continuing.")] = False,
    exit_: Annotated[bool, typer.Option("--exit", help="End when the rounds are done.")] = False,
    no_release: Annotated[bool, typer.Option("--no-release", help="End with the last round.")] = False,
    llm: Annotated[Path | None, typer.Option(metavar="GGUF", help="Let this small LLM take part; no release.")] = None,
    directory: Annotated[Path | None, typer.Option(help="Folder for all data and logs.")] = None,
) -> None:
    """Let simulated annotators label real texts in a real Label Studio, round after round.

    A second run continues where the first stopped.
    """
    chosen, console = _example(example), Console()
    configure_logging("WARNING")
    directory = directory or Path(".labelloop/demo-llm" if llm else ".labelloop/demo")
    lead = acting(Actor("labelloop demo", COMMAND, platform.node()))
    with only_stack(directory), Stack() as stack, lead, suppress(KeyboardInterrupt):
        if fresh:
            shutil.rmtree(directory, ignore_errors=True)
        texts = {text.text: text for text in chosen.load(directory.parent / "downloads")}
        base = demo_llm.settings_with_llm(stack, directory, llm, console) if llm else None
        services = start_with_progress(stack, directory, console, base)
        with settings_for_other_commands(services.settings), open_context(services.settings) as context:
            tasks, rules = (demo_llm.TASKS, demo_llm.with_prompt(chosen.rules)) if llm else (chosen.tasks, chosen.rules)
            project_id = prepare_project(context.label_studio, chosen, list(texts.values()), tasks)
            reconnect(services.settings)
            connect(context, project_id, rules)
            console.print(
                f"{tasks} {chosen.about}; {PEOPLE} simulated annotators, project {project_id}.", soft_wrap=True
            )
            people = _people(context, services, directory, project_id, rules, texts)
            read = partial(load, context.book, project_id)
            if llm:
                demo_llm.wait_for_first_answers(read, stack, console)
            _loop(
                read, stack, console, people, rounds or chosen.rounds, demo_llm.DEADLINE_S if llm else STEP_DEADLINE_S
            )
            if llm:
                demo_llm.tell_competition(read, stack, console)
            elif not no_release:
                finish(context, stack, console, project_id, people, chosen, texts)
            _tell_what_to_see(services, console, project_id, context, ends=exit_)
            if not exit_:
                console.print("Ctrl-C stops everything; `make demo` continues from here.")
            console.print(f"The lead's page: {services.settings.pages_address}/projects/{project_id}", soft_wrap=True)
            if not exit_:
                stack.watch()


def _example(name: str) -> Example:
    if name not in EXAMPLES:
        raise UserError(f"There is no example {name!r}; there are: {', '.join(EXAMPLES)}.")
    return EXAMPLES[name]


def _people(
    context: AppContext,
    services: Services,
    directory: Path,
    project_id: int,
    rules: Rules,
    texts: dict[str, DemoText],
) -> list[SimulatedAnnotator]:
    url = services.label_studio.url
    accounts = annotators(directory / "annotators.json", url, services.label_studio.token, PEOPLE)
    (field,) = looped_fields(context.label_studio.project(project_id).label_config, rules, project_id)
    return [
        SimulatedAnnotator(account, LabelStudio(url, account.token), project_id, field, texts) for account in accounts
    ]


def _loop(
    read: Read, stack: Stack, console: Console, people: list[SimulatedAnnotator], rounds: int, deadline_s: float
) -> None:
    bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*bars, console=console, transient=True) as progress:
        waiting = progress.add_task("Preparing the queue", total=None)
        _wait_for_people(read, stack, deadline_s)
        for closed in read().rounds:
            _tell_round(read(), closed, console)
        while (done := read().round_number) < rounds:
            progress.update(waiting, visible=False)
            _label_until_closed(read, stack, people, progress, done + 1)
            progress.update(waiting, description="Fitting, measuring, publishing", visible=True)
            _wait_for_people(read, stack, deadline_s)
            _tell_round(state := read(), state.rounds[-1], console)


def _label_until_closed(
    read: Read, stack: Stack, people: list[SimulatedAnnotator], progress: Progress, number: int
) -> None:
    goal = read().round_due_at
    labelling = progress.add_task(f"Round {number}: simulated annotators label", total=None)
    labels = 0
    while read().round_number < number:
        stack.repair()
        worked = [person.label_one() for person in people]
        labels += sum(worked)
        progress.update(labelling, completed=labels, description=f"Round {number} (closes at {goal} new TRAIN labels)")
        if not any(worked):
            time.sleep(POLL_S)
    progress.remove_task(labelling)


def _wait_for_people(read: Read, stack: Stack, deadline_s: float) -> None:
    stuck = "The worker makes no progress: see worker.log in the demo's logs, or `labelloop doctor`."
    demo_llm.wait_until(lambda state: bool(state.tasks.roles), read, stack, deadline_s, stuck)


def _tell_round(state: ProjectState, closed: ClosedRound, console: Console) -> None:
    measured = state.looped.evaluations
    shown = newest(measured, round_number=closed.number, version=state.looped.deployed_version) or newest(
        measured, round_number=closed.number
    )
    if shown is None or shown.agreement is None:
        console.print(f"Round {closed.number}: {closed.train} labels; too few audit tasks to measure yet.")
        return
    people = _interval(shown.human_agreement, shown.human_low, shown.human_high)
    model = _interval(shown.agreement, shown.agreement_low, shown.agreement_high)
    console.print(
        f"Round {closed.number}: {closed.train:>4} labels, {shown.version} agrees with people {model}, "
        f"people with each other {people} ({shown.n} blind audit tasks)",
        highlight=False,
        soft_wrap=True,
    )


def _interval(value: float | None, low: float | None, high: float | None) -> str:
    if value is None or low is None or high is None:
        return "—"
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def _tell_what_to_see(
    services: Services, console: Console, project_id: int, context: AppContext, *, ends: bool
) -> None:
    name = load(context.book, project_id).published_name
    tell_log_in(services, console)
    command = os.path.relpath(sys.argv[0])
    tried = f"  look again  {command} demo" if ends else f"  also try    {command} status, {command} doctor"
    for line in (
        f"  open        {services.label_studio.url}/projects/{project_id}/data",
        f"  click       “Label All Tasks”: the pre-annotations are those of {name};",
        "              audit tasks come blank, so that two people label each one unaided",
        f"{tried} {'(it has ended, and continues from here)' if ends else '(here, while this runs)'}",
    ):
        console.print(line, highlight=False, soft_wrap=True)
