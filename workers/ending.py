"""How far certifying and releasing are, for people and scripts."""

from dataclasses import dataclass

from labelloop.domain.loop import Phase
from labelloop.domain.records import Release
from labelloop.steps.certify import changed_since
from labelloop.steps.project import ProjectView
from labelloop.words import counted


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
    at_least: float
    granted: bool | None = None
    because: str | None = None
    errors: int | None = None
    threshold: float | None = None
    automated: float | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class ReleaseStatus:
    """The release under way or, once `path` is set, written; `waiting` is None until all chunks are predicted."""

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


def certificate_status(view: ProjectView) -> CertificateStatus | None:
    """Return how the newest attempt to certify stands, None before the first."""
    attempt = view.attempt
    if attempt is None:
        return None
    drawn, found = attempt.draw, attempt.certificate
    if found is None:
        judged = drawn.n - len(view.open_certify(view.mirror.annotations()))
        return CertificateStatus(
            drawn.number, drawn.version, drawn.n, judged, drawn.pool, drawn.max_error, drawn.delta, drawn.at_least
        )
    return CertificateStatus(
        attempt=drawn.number,
        version=drawn.version,
        n=drawn.n,
        judged=drawn.n,
        pool=drawn.pool,
        max_error=drawn.max_error,
        delta=drawn.delta,
        at_least=drawn.at_least,
        granted=found.granted,
        because=found.because,
        errors=found.errors,
        threshold=found.threshold if found.granted else None,
        automated=found.automated,
        path=view.book.artifacts.path(found.artifact),
    )


def release_status(view: ProjectView) -> ReleaseStatus | None:
    """Return how the newest release stands, None before the first was ordered."""
    attempt = view.attempt
    if attempt is None or attempt.order is None or not (attempt.order.active or attempt.release):
        written = view.ledger.newest(Release, view.id)
        return _written(view, written, 0) if written else None
    chunks = len(view.chunks(attempt.order))
    if attempt.release is not None:
        return _written(view, attempt.release, chunks)
    missing = len(view.missing_chunks())
    waiting = None if missing else len(view.waiting(view.mirror.annotations()))
    return ReleaseStatus(attempt.draw.number, attempt.draw.version, chunks, chunks - missing, waiting)


def next_of_ending(view: ProjectView) -> str:
    """Return whose move it is while certifying or releasing; empty during rounds, unless the release is written."""
    attempt, annotations = view.attempt, view.mirror.annotations()
    if attempt is None:
        return ""
    match attempt.phase:
        case Phase.CERTIFY:
            left = len(view.open_certify(annotations))
            return (
                f"people: {counted(left, 'task')} left to judge for attempt {attempt.draw.number} to certify"
                if left
                else "collect"
            )
        case Phase.RELEASE:
            left = len(view.last_tasks(annotations, Phase.RELEASE))
            return f"people: {counted(left, 'task')} left to label for the release" if left else "collect"
        case Phase.ROUNDS:
            written = attempt.release is not None and not changed_since(view, attempt.draw)
            return f"nothing: release {attempt.release.number} is written" if attempt.release and written else ""


def _written(view: ProjectView, release: Release, chunks: int) -> ReleaseStatus:
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
        path=view.book.artifacts.path(release.artifact),
    )
