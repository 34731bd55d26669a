"""The end of the demo: certify, release, and compare what was promised with the hidden labels."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from labelloop.domain.certify_plan import CertifyPlan
from labelloop.domain.lookup import newest
from labelloop.domain.records import Release
from labelloop.domain.release_row import Source
from labelloop.errors import BrokenPromise, NeighbourError, UserError
from labelloop.state.load import load
from labelloop.steps.release import order_release
from labelloop.stores.book import Book
from labelloop.stores.release_files import RELEASE_FILE, read_release
from workers.admin.release_status import certificate_status, release_status
from workers.admin.start_attempt import Wish, start, tell
from workers.cli.certify_plan import plan_lines
from workers.demo.annotators import SimulatedAnnotator, opinion
from workers.demo.example import DemoText, Example
from workers.jobs.app_context import AppContext
from workers.jobs.label_studio_sync import held_up_to_date
from workers.local.stack import Stack

MAX_ERROR, CONFIDENCE = 0.05, 0.95
IDLE_DEADLINE_S = 300.0
POLL_S = 0.5


def finish(
    context: AppContext,
    stack: Stack,
    console: Console,
    project_id: int,
    people: Sequence[SimulatedAnnotator],
    example: Example,
    texts: Mapping[str, DemoText],
) -> None:
    """Go from the last round to the release, from wherever a run before stopped, and print what came of it."""
    book = context.book
    if load(book, project_id).attempt is None and not _starts(context, console, project_id, example.certify):
        return
    _label(stack, console, people, "Certifying: people label blind", lambda: _certified(book, project_id))
    found = certificate_status(book, load(book, project_id))
    if found is None or not found.granted:
        console.print(f"No certificate: {found.reason if found else 'none was asked for'}", soft_wrap=True)
        return
    if not _released(book, project_id):
        with held_up_to_date(context, project_id) as state:
            order_release(book, state)
        tell(context, project_id)
        released = partial(_released, book, project_id)
        _label(stack, console, people, "Releasing: people label what the model may not", released)
    _tell_release(
        book,
        newest(load(book, project_id).looped.releases),
        console,
        texts,
        {person.account.number for person in people},
    )


def _starts(context: AppContext, console: Console, project_id: int, n: int) -> bool:
    """Print the plan of an attempt and start it; return False, saying why, where it does not pay."""

    def show(plan: CertifyPlan) -> None:
        for line in plan_lines(plan, project_id):
            console.print(line, highlight=False, soft_wrap=True)

    try:
        start(context, project_id, Wish(MAX_ERROR, CONFIDENCE, n), on_plan=show)
    except UserError as refused:
        console.print(str(refused), highlight=False, soft_wrap=True)
        return False
    return True


def _label(
    stack: Stack, console: Console, people: Sequence[SimulatedAnnotator], what: str, done: Callable[[], bool]
) -> None:
    bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*bars, console=console, transient=True) as progress:
        bar, labels, worked_at = progress.add_task(what, total=None), 0, time.monotonic()
        while not done():
            stack.repair()
            worked = sum(person.label_one() for person in people)
            labels += worked
            progress.update(bar, completed=labels)
            if worked:
                worked_at = time.monotonic()
            elif time.monotonic() - worked_at > IDLE_DEADLINE_S:
                raise NeighbourError("The worker makes no progress: see worker.log in the demo's logs.")
            else:
                time.sleep(POLL_S)


def _certified(book: Book, project_id: int) -> bool:
    found = certificate_status(book, load(book, project_id))
    return found is not None and found.granted is not None


def _released(book: Book, project_id: int) -> bool:
    found = release_status(book, load(book, project_id))
    return found is not None and found.path is not None


def _tell_release(
    book: Book, release: Release | None, console: Console, texts: Mapping[str, DemoText], numbers: set[int]
) -> None:
    if release is None:
        raise BrokenPromise("A release was written, but the ledger does not know it: run `labelloop ledger check`.")
    rows = read_release(book.artifacts.read(release.artifact, RELEASE_FILE))
    hidden = {text.text: opinion(text, min(numbers)) for text in texts.values()}
    wrong = sum(row.source is Source.MODEL and str(row.value) != hidden.get(row.text) for row in rows)
    console.print(
        f"Release: people labelled {release.by_people} of {release.tasks} tasks, {release.version} the other "
        f"{release.by_model};\n  error promised ≤ {MAX_ERROR:.0%} (with probability {CONFIDENCE:.0%}), "
        f"measured against the hidden labels {wrong / max(len(rows), 1):.1%};\n"
        f"  {release.left_out} tasks are left out, as people are split on them",
        highlight=False,
        soft_wrap=True,
    )
    console.print(f"  {book.artifacts.path(release.artifact)}", highlight=False, soft_wrap=True)
