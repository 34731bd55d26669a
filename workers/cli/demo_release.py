"""The end of the demo: certify, release, and compare what was promised with the hidden labels."""

import time
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from labelloop.domain.records import Release
from labelloop.domain.release import Source
from labelloop.errors import BrokenPromise, NeighbourError
from labelloop.steps.certify import start_attempt
from labelloop.steps.project import ProjectView
from labelloop.steps.release import order_release
from labelloop.stores.release_files import RELEASE_FILE, read_release
from workers.bootstrap import Tools
from workers.cli.endings import held, tell
from workers.demo.annotators import SimulatedAnnotator, opinion
from workers.demo.tweets import RatedTweet
from workers.ending import certificate_status, release_status
from workers.local.stack import Stack

MAX_ERROR, CONFIDENCE, CERTIFY = 0.05, 0.95, 150
IDLE_DEADLINE_S = 300.0
POLL_S = 0.5


def finish(
    tools: Tools,
    stack: Stack,
    console: Console,
    view: ProjectView,
    people: Sequence[SimulatedAnnotator],
    tweets: Mapping[str, RatedTweet],
) -> None:
    """Go from the last round to the release, from wherever a run before stopped, and print what came of it."""
    if view.attempt is None:
        with held(tools, view):
            start_attempt(view, max_error=MAX_ERROR, confidence=CONFIDENCE, n=CERTIFY)
        tell(tools, view)
    _label(stack, console, people, "Certifying: people judge blind", lambda: _certified(view))
    found = certificate_status(view)
    if found is None or not found.granted:
        console.print(f"No certificate: {found.because if found else 'none was asked for'}", soft_wrap=True)
        return
    if not _released(view):
        with held(tools, view):
            order_release(view)
        tell(tools, view)
        _label(stack, console, people, "Releasing: people label what the model may not", lambda: _released(view))
    _tell_release(view, console, tweets, {person.account.number for person in people})


def _label(
    stack: Stack, console: Console, people: Sequence[SimulatedAnnotator], what: str, done: Callable[[], bool]
) -> None:
    bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*bars, console=console, transient=True) as progress:
        bar, labels, worked_at = progress.add_task(what, total=None), 0, time.monotonic()
        while not done():
            stack.mend()
            worked = sum(person.label_one() for person in people)
            labels += worked
            progress.update(bar, completed=labels)
            if worked:
                worked_at = time.monotonic()
            elif time.monotonic() - worked_at > IDLE_DEADLINE_S:
                raise NeighbourError("The worker does not get on: see worker.log in the demo's logs.")
            else:
                time.sleep(POLL_S)


def _certified(view: ProjectView) -> bool:
    found = certificate_status(view)
    return found is not None and found.granted is not None


def _released(view: ProjectView) -> bool:
    found = release_status(view)
    return found is not None and found.path is not None


def _tell_release(view: ProjectView, console: Console, tweets: Mapping[str, RatedTweet], numbers: set[int]) -> None:
    release = view.ledger.newest(Release, view.id)
    if release is None:
        raise BrokenPromise("A release was written, but the ledger does not know it: run `labelloop ledger check`.")
    rows = read_release(view.book.artifacts.read(release.artifact, RELEASE_FILE))
    hidden = {tweet.text: opinion(tweet, min(numbers)) for tweet in tweets.values()}
    wrong = sum(row.source is Source.MODEL and str(row.value) != hidden.get(row.text) for row in rows)
    console.print(
        f"Release: people labelled {release.by_people} of {release.tasks} tasks, {release.version} the other "
        f"{release.by_model};\n  error promised ≤ {MAX_ERROR:.0%} (with probability {CONFIDENCE:.0%}), "
        f"measured against the hidden labels {wrong / max(len(rows), 1):.1%};\n"
        f"  {release.left_out} tasks are left out, as people are split on them",
        highlight=False,
        soft_wrap=True,
    )
    console.print(f"  {view.book.artifacts.path(release.artifact)}", highlight=False, soft_wrap=True)
