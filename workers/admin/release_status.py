"""How far certifying and releasing are, for people and scripts."""

from dataclasses import dataclass, replace

from labelloop.domain.certification import Attempt
from labelloop.domain.next_step import Phase
from labelloop.domain.records import Release
from labelloop.domain.release_chunks import chunk_numbers
from labelloop.domain.task_index import open_certify
from labelloop.domain.tasks import Role
from labelloop.state.project_state import ProjectState
from labelloop.state.standing_certificate import standing_certificate
from labelloop.stores.book import Book
from workers.admin.next_move import Move, NextMove
from workers.jobs.still_open import left_open

NO_LONGER = "it holds no longer: since its tasks were drawn the conditions have changed on which people are asked"


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """The newest attempt to certify; `granted` and what follows from the labels are None while it is open."""

    attempt: int
    version: str
    n: int
    judged: int
    pool: int
    max_error: float
    delta: float
    min_similarity: float
    granted: bool | None = None
    reason: str | None = None
    errors: int | None = None
    threshold: float | None = None
    automated: float | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class ReleaseStatus:
    """The release under way or, once `path` is set, written; `waiting` is None until all chunks are predicted.

    `waiting_audit` of the tasks that wait for a person are audit tasks. A release of people's labels alone has the
    certificate 0 and an empty version, one of several fields has the versions of all, joined by `+`. `left_open` tasks
    are still given to people after it is written.
    """

    certificate: int
    version: str
    chunks: int
    predicted: int
    waiting: int | None = None
    number: int | None = None
    tasks: int | None = None
    by_people: int | None = None
    by_model: int | None = None
    left_out: int | None = None
    path: str | None = None
    waiting_audit: int | None = None
    left_open: int | None = None


def certificate_status(book: Book, state: ProjectState) -> CertificateStatus | None:
    """Return how the newest attempt to certify the field in focus stands, None before the first."""
    attempt = state.attempt
    if attempt is None:
        return None
    drawn, found = attempt.draw, attempt.certificate
    judged = drawn.n if found else drawn.n - len(open_certify(state.tasks))
    status = CertificateStatus(
        drawn.number, drawn.version, drawn.n, judged, drawn.pool, drawn.max_error, drawn.delta, drawn.min_similarity
    )
    if found is None:
        return status
    stands = found.granted and (attempt.release is not None or standing_certificate(state) is not None)
    return replace(
        status,
        granted=stands,
        reason=found.reason if stands or not found.granted else NO_LONGER,
        errors=found.errors,
        threshold=found.threshold if stands else None,
        automated=found.automated,
        path=book.artifacts.path(found.artifact),
    )


def release_status(book: Book, state: ProjectState) -> ReleaseStatus | None:
    """Return how the newest release stands, None before the first was ordered."""
    attempt, looped = state.shared_attempt, state.looped
    chunks = len(state.attempts) * len(chunk_numbers(attempt.order.tasks)) if attempt and attempt.order else 0
    if attempt is None or attempt.order is None or state.phase is not Phase.RELEASE:
        newest = looped.releases[-1] if looped.releases else None
        of_attempt = newest and attempt and newest.certificate == attempt.draw.number
        return _written(book, state, newest, chunks if of_attempt else 0) if newest else None
    missing, waiting, audit = len(state.missing_chunks), frozenset(state.waiting), state.tasks.of(Role.MONITOR)
    status = ReleaseStatus(attempt.draw.number, attempt.order.version, chunks, chunks - missing)
    return status if missing else replace(status, waiting=len(waiting), waiting_audit=len(waiting & audit))


def next_of_ending(book: Book, state: ProjectState) -> NextMove | None:
    """Return whose move it is while certifying or releasing; None during rounds, unless the release is written."""
    attempt = state.shared_attempt
    if attempt is None:
        return _all_said(state)
    match state.phase:
        case Phase.CERTIFY:
            left = len(open_certify(state.tasks))
            number = attempt.draw.number
            return NextMove(Move.CERTIFY, count=left, number=number) if left else NextMove(Move.COLLECT)
        case Phase.RELEASE:
            left = len(state.waiting)
            return NextMove(Move.RELEASE, count=left) if left else NextMove(Move.COLLECT)
        case Phase.ROUNDS:
            return _certified_release(book, attempt) or _all_said(state)


def _certified_release(book: Book, attempt: Attempt) -> NextMove | None:
    """Return that the release under a certificate is written, if it is and no task has changed since."""
    if attempt.release is None:
        return None
    from labelloop.steps.changed_tasks import changed_since  # loads pyarrow, which few projects need here

    changed = changed_since(book, attempt.draw)
    return None if changed else NextMove(Move.RELEASED, number=attempt.release.number)


def _all_said(state: ProjectState) -> NextMove | None:
    """Return that a release of people's labels is written, if it is and every task was labelled."""
    newest, tasks = state.looped.releases[-1:], state.tasks
    done = not (tasks.with_text - tasks.annotators.keys())
    return NextMove(Move.RELEASED, number=newest[0].number) if newest and done else None


def _written(book: Book, state: ProjectState, release: Release, chunks: int) -> ReleaseStatus:
    return ReleaseStatus(
        certificate=release.certificate,
        version=release.version,
        chunks=chunks,
        predicted=chunks,
        waiting=0,
        number=release.number,
        tasks=release.tasks,
        by_people=release.by_people,
        by_model=release.by_model,
        left_out=release.left_out,
        path=book.artifacts.path(release.artifact),
        left_open=left_open(state, release),
    )
