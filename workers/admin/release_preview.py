"""What a release would hold, before it is ordered, and what one that is written lacks."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from labelloop.domain.certification import Attempt
from labelloop.domain.records import Certificate, Release
from labelloop.domain.release_labels import NOT_ASKED, UNLABELLED, unsettled
from labelloop.domain.task_index import open_monitor
from labelloop.domain.unanswered import Unanswered
from labelloop.state.project_state import ProjectState
from labelloop.state.release_parts import people_parts
from labelloop.state.round_content import rows_judged_now
from labelloop.state.standing_certificate import standing_certificate
from labelloop.steps.release import certified
from labelloop.stores.book import Book
from labelloop.stores.certify_files import read_population
from labelloop.stores.release_files import SUMMARY_FILE, FieldSummary, read_summaries


@dataclass(frozen=True, slots=True)
class ReleasePreview:
    """How many labels people and the model `version` (empty: none) would give, as far as is known now.

    `waiting` tasks people would label first, `waiting_audit` of them audit tasks; `left_out` counts tasks by reason.
    Of several fields each has its own, and a task that one of them waits for is labelled for all. Where a field is not
    asked is estimated from the tasks drawn.
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
    if not people_only:
        certified(state)
    attempt = None if people_only else state.attempt
    if attempt is None:  # people alone label this field: no task waits for it, unless it is asked after an answer
        return ReleasePreview("", said, 0, 0, 0, dict(+(reasons + Counter({UNLABELLED: untouched}))))
    certificate = standing_certificate(state)
    by_model = min(untouched, _by_model(attempt, certificate)) if certificate else 0
    asked = _share_asked(book, state, attempt)
    left = untouched - by_model
    waiting = left if certificate or state.field.condition is None else round(asked * left)
    audit = min(waiting, len(open_monitor(state.tasks, 1)))
    labels = round(asked * by_model), round(asked * left)
    not_asked = Counter({NOT_ASKED: untouched - sum(labels)})
    version = attempt.draw.version if certificate else ""
    return ReleasePreview(version, said + labels[1], labels[0], waiting, audit, dict(+(reasons + not_asked)))


def _share_asked(book: Book, state: ProjectState, attempt: Attempt) -> float:
    """Return in which share of the tasks drawn, in [0, 1], people were asked for the field in focus."""
    if state.field.condition is None:
        return 1.0
    rows = rows_judged_now(book, state, read_population(book, attempt.draw).drawn).values()
    return 1 - sum(one is Unanswered.NOT_ASKED for one in rows) / max(len(rows), 1)


def _by_model(attempt: Attempt, certificate: Certificate) -> int:
    return round(certificate.automated * (attempt.draw.pool - attempt.draw.n))


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
