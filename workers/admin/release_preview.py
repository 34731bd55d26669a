"""What a release would hold, before it is ordered, and what one that is written lacks."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from labelloop.domain.certification import Attempt
from labelloop.domain.records import Release
from labelloop.domain.release_labels import UNLABELLED, unsettled
from labelloop.domain.task_index import open_monitor
from labelloop.state.project_state import ProjectState
from labelloop.state.release_parts import people_parts
from labelloop.steps.release import certified
from labelloop.stores.book import Book
from labelloop.stores.release_files import SUMMARY_FILE, FieldSummary, read_summaries


@dataclass(frozen=True, slots=True)
class ReleasePreview:
    """How many labels people and the model `version` (empty: none) would give, as far as is known now.

    `waiting` tasks people would label first, `waiting_audit` of them audit tasks; `left_out` counts tasks by reason.
    Of several fields each has its own, and a task that one of them waits for is labelled for all.
    """

    version: str
    by_people: int
    by_model: int
    waiting: int
    waiting_audit: int
    left_out: dict[str, int]


def preview(book: Book, state: ProjectState, *, people_only: bool) -> ReleasePreview:
    """Return what a release of the field in focus would hold, ordered now; raises UserError where none may be."""
    said, untouched, reasons = 0, 0, Counter[str]()
    for part in people_parts(book, state):
        said, untouched = said + len(part.finished.labels), untouched + len(part.finished.waiting)
        reasons.update(part.finished.left_out.values())
    granted = () if people_only else certified(state)
    attempt = None if people_only else state.attempt
    if attempt is None:  # people alone label this field: no task waits for it, unless it is asked after an answer
        return ReleasePreview("", said, 0, 0, 0, dict(+(reasons + Counter({UNLABELLED: untouched}))))
    by_model = min(untouched, _by_model(attempt)) if attempt in granted else 0
    waiting = untouched - by_model
    audit = min(waiting, len(open_monitor(state.tasks, 1)))
    version = attempt.draw.version if attempt in granted else ""
    return ReleasePreview(version, said + waiting, by_model, waiting, audit, dict(reasons))


def _by_model(attempt: Attempt) -> int:
    share = attempt.certificate.automated if attempt.certificate else 0.0
    return round(share * (attempt.draw.pool - attempt.draw.n))


def goes_without_certificate(state: ProjectState) -> bool:
    """Return whether people have labelled every task, so that no certificate is needed and none was granted."""
    tasks = state.tasks
    if any(one.certificate is None or one.certificate.granted for one in state.attempts):
        return False
    return bool(tasks.annotators) and not tasks.with_text - tasks.annotators.keys()


def labels_left_out(book: Book, release: Release) -> dict[int, str]:
    """Return the tasks that a written release lacks because people are split on them, with the reasons.

    Of several fields those of which it lacks a label for that.
    """
    found = summaries(book, release)
    return by_task({one.field: unsettled(one.not_released) for one in found})


def summaries(book: Book, release: Release) -> list[FieldSummary]:
    """Return what a written release holds of each of its fields."""
    return read_summaries(book.artifacts.read(release.artifact, SUMMARY_FILE))


def by_task(reasons: Mapping[str, Mapping[int, str]]) -> dict[int, str]:
    """Return reasons by field and task as one for each task; of several fields each by its name.

    >>> by_task({"mood": {4: "tie between bad, good"}, "topic": {}})
    {4: 'mood: tie between bad, good'}
    """
    found: dict[int, list[str]] = {}
    for name, tasks in reasons.items():
        for task_id, why in tasks.items():
            found.setdefault(task_id, []).append(f"{name}: {why}" if len(reasons) > 1 else why)
    return {task_id: "; ".join(every) for task_id, every in sorted(found.items())}
