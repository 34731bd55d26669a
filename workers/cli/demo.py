"""`labelloop demo`: the whole loop on real texts, with simulated annotators in a real Label Studio."""

import os
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from labelloop.domain.loop import next_step
from labelloop.domain.records import ClosedRound, Evaluation
from labelloop.errors import NeighbourError
from labelloop.log import configure_logging
from labelloop.rules import Rules
from labelloop.steps.project import ProjectView
from sync.client import LabelStudio
from workers.bootstrap import Tools, open_tools
from workers.cli import demo_llm
from workers.cli.demo_release import finish
from workers.cli.up import reconnect, start_with_progress, tell_log_in
from workers.connect import connect
from workers.demo.accounts import annotators
from workers.demo.annotators import SimulatedAnnotator
from workers.demo.run import prepare_project
from workers.demo.tweets import RatedTweet, load_tweets
from workers.exchange import looped_field
from workers.local.services import Services, settings_for_other_commands
from workers.local.stack import Stack

TASKS, PEOPLE = 900, 3
# Rounds that double show the learning curve in few minutes. The audit set comes first, so that all are measured on it.
# One quick learner: simulated annotators do not label for as long as a slow one takes.
RULES = Rules(
    round_size=20, round_growth=1.0, monitor_size=150, monitor_share=0.9, queue_rounds=3, learners=("linear",)
)
STEP_DEADLINE_S = 600.0
POLL_S = 0.5


def demo(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds to have in the end.")] = 4,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start anew instead of going on.")] = False,
    exit_: Annotated[bool, typer.Option("--exit", help="End when the rounds are done.")] = False,
    no_release: Annotated[bool, typer.Option("--no-release", help="End with the last round.")] = False,
    llm: Annotated[bool, typer.Option("--llm", help="Let a small LLM take part; ends with the last round.")] = False,
    directory: Annotated[Path | None, typer.Option(help="Folder for all data and logs.")] = None,
) -> None:
    """Let simulated annotators label real tweets in a real Label Studio, round after round.

    Each simulated annotator says what one real rater of the tweet said. A second run goes on where the first stopped.
    """
    console = Console()
    configure_logging("WARNING")
    directory = directory or Path(".labelloop/demo-llm" if llm else ".labelloop/demo")
    if fresh:
        shutil.rmtree(directory, ignore_errors=True)
    with Stack() as stack, suppress(KeyboardInterrupt):
        tweets = {tweet.id: tweet for tweet in load_tweets(directory.parent / "downloads")}
        base = demo_llm.settings_with_llm(stack, directory, console) if llm else None
        services = start_with_progress(stack, directory, console, base)
        with settings_for_other_commands(services.settings), open_tools(services.settings) as tools:
            tasks, rules = (demo_llm.TASKS, demo_llm.with_prompt(RULES)) if llm else (TASKS, RULES)
            project_id = prepare_project(tools.label_studio, list(tweets.values()), tasks)
            reconnect(services.settings)
            connect(tools, project_id, rules)
            console.print(f"{tasks} tweets, {PEOPLE} simulated annotators, project {project_id}.")
            people = _people(tools, services, directory, project_id, tweets)
            view = ProjectView(tools.book, project_id)
            if llm:
                demo_llm.wait_for_first_answers(view, stack, console)
            _loop(view, stack, console, people, rounds, demo_llm.DEADLINE_S if llm else STEP_DEADLINE_S)
            if llm:
                demo_llm.tell_competition(view, stack, console)
            elif not no_release:
                finish(tools, stack, console, view, people, tweets)
            _tell_what_to_see(services, console, project_id, tools)
            if not exit_:
                console.print("Ctrl-C stops everything; `make demo` goes on from here.")
                stack.watch()


def _people(
    tools: Tools, services: Services, directory: Path, project_id: int, tweets: dict[str, RatedTweet]
) -> list[SimulatedAnnotator]:
    url = services.label_studio.url
    accounts = annotators(directory / "annotators.json", url, services.label_studio.token, PEOPLE)
    field = looped_field(tools.label_studio.project(project_id).label_config, RULES, project_id)
    return [
        SimulatedAnnotator(account, LabelStudio(url, account.token), project_id, field, tweets) for account in accounts
    ]


def _loop(
    view: ProjectView,
    stack: Stack,
    console: Console,
    people: list[SimulatedAnnotator],
    rounds: int,
    deadline_s: float,
) -> None:
    bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*bars, console=console, transient=True) as progress:
        waiting = progress.add_task("Preparing the queue", total=None)
        _wait_for_people(view, stack, deadline_s)
        for closed in view.ledger.all(ClosedRound, view.id):
            _tell_round(view, closed, console)
        while (done := _rounds(view)) < rounds:
            progress.update(waiting, visible=False)
            _label_until_closed(view, stack, people, progress, done + 1)
            progress.update(waiting, description="Fitting, measuring, publishing", visible=True)
            _wait_for_people(view, stack, deadline_s)
            _tell_round(view, view.ledger.all(ClosedRound, view.id)[-1], console)


def _label_until_closed(
    view: ProjectView, stack: Stack, people: list[SimulatedAnnotator], progress: Progress, number: int
) -> None:
    last = view.last_round
    goal = RULES.round_due_at(last.train if last else 0)
    labelling = progress.add_task(f"Round {number}: simulated annotators label", total=None)
    labels = 0
    while _rounds(view) < number:
        stack.mend()
        worked = [person.label_one() for person in people]
        labels += sum(worked)
        progress.update(labelling, completed=labels, description=f"Round {number} (closes at {goal} new TRAIN labels)")
        if not any(worked):
            time.sleep(POLL_S)
    progress.remove_task(labelling)


def _wait_for_people(view: ProjectView, stack: Stack, deadline_s: float) -> None:
    """Wait until the next move is people's: the round is decided on and its queue published."""
    deadline = time.monotonic() + deadline_s
    while not view.ledger.roles(view.id) or next_step(view.progress()) is not None:
        stack.mend()
        if time.monotonic() > deadline:
            raise NeighbourError(
                "The worker does not get on: see worker.log in the demo's logs, or `labelloop doctor`."
            )
        time.sleep(POLL_S)


def _rounds(view: ProjectView) -> int:
    last = view.last_round
    return last.number if last else 0


def _tell_round(view: ProjectView, closed: ClosedRound, console: Console) -> None:
    deployed = view.ledger.deployed(view.id)
    found = view.ledger.all(Evaluation, view.id, round_number=closed.number)
    shown = next((e for e in found if deployed and e.version == deployed.version), found[-1] if found else None)
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


def _tell_what_to_see(services: Services, console: Console, project_id: int, tools: Tools) -> None:
    name = tools.book.ledger.published_name(project_id)
    tell_log_in(services, console)
    command = os.path.relpath(sys.argv[0])
    for line in (
        f"  open        {services.label_studio.url}/projects/{project_id}/data",
        f"  click       “Label All Tasks”: the pre-annotations are those of {name};",
        "              audit tasks come blank, so that two people judge each one unaided",
        f"  also try    {command} status, {command} doctor (here, while this runs)",
    ):
        console.print(line, highlight=False, soft_wrap=True)
