"""The page of the release: what is promised, what people still have to label, and the files to take along."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Response, send_file

from labelloop.domain.certification import Attempt
from labelloop.domain.lookup import newest
from labelloop.domain.next_step import Phase
from labelloop.domain.records import Certificate, ClosedRound, Release
from labelloop.domain.report_record import RoundReport
from labelloop.domain.task_index import open_certify
from labelloop.errors import NotFound
from labelloop.state.project_state import ProjectState
from labelloop.state.standing_certificate import standing_certificate
from labelloop.stores.book import Book
from ml_backend.pages.desk import Desk, spoken
from ml_backend.pages.next_sentence import next_sentence
from ml_backend.pages.page_texts import Texts
from ml_backend.pages.risk_view import RiskView, risk_view
from workers.admin.next_move import Move
from workers.admin.release_status import CertificateStatus, certificate_status, release_status

RELEASE, ROUND, REPORT = "release", "round", "report"


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A field's newest attempt, and the certificate that came of it, None while it is open.

    One that is `conditional` is not asked of every task. `risk` is the curve that it rests on, None without one.
    """

    field: str
    status: CertificateStatus
    certificate: Certificate | None
    conditional: bool
    risk: RiskView | None

    @property
    def outcome(self) -> str:
        """Return how the attempt stands, as the name of a text."""
        return {True: "granted", False: "refused", None: "open"}[self.status.granted]


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a release or of a round."""

    of: str
    record: Release | ClosedRound
    names: tuple[str, ...]


def release_page(desk: Desk, project: int) -> Response:
    """Return the page; raises NotConnected for a project that was never looped."""
    state, figures = desk.figures.state(project), desk.figures.of(project)
    is_done = figures.first.next.move in (Move.RELEASED, Move.DISCONNECTED)
    answer = desk.page(
        "release.html",
        project=project,
        title=state.connection.title,
        several=len(state.fields) > 1,
        next=next_sentence(figures, spoken()),
        acts=_acts(state),
        certificates=certificate_views(desk.book, state),
        release=release_status(desk.book, state) if state.fields else None,
        left=list(_left(state, spoken())) if state.fields and not is_done else [],
        files=list(_files(desk, state)),
    )
    answer.add_etag()
    return answer


def _acts(state: ProjectState) -> list[str]:
    """Return what a lead can have done here now, as names of endpoints."""
    if not state.connection.active or not state.fields:
        return []
    if state.phase is not Phase.ROUNDS:
        return ["abandon_certify" if state.phase is Phase.CERTIFY else "abandon_release"]
    attempt, has_model = state.shared_attempt, state.last_round and any(one.deployed for one in state.fields)
    is_certified = any(standing_certificate(one) for one in state.attempted)
    return [
        *(["order_release"] if attempt and is_certified and attempt.release is None else []),
        *(["certify", "relabel"] if has_model else []),
        *(["people_release"] if state.tasks.annotators else []),
    ]


def _left(state: ProjectState, t: Texts) -> Iterator[str]:
    """Yield what people still have to label until the release, as far as that is known."""
    tasks, attempt = state.tasks, state.shared_attempt
    untouched = len(tasks.with_text - tasks.annotators.keys())
    if state.phase is Phase.CERTIFY and attempt:
        yield t("left_certify", n=len(open_certify(tasks)), drawn=attempt.draw.n)
        yield t("left_after")
    elif state.phase is Phase.RELEASE:
        waiting = len(state.waiting)
        yield t("left_unknown") if state.missing_chunks else t("left_in_release", n=waiting)
    elif attempt and attempt.release is None and (by_models := _by_models(state, attempt)):
        yield t("left_under", n=max(0, untouched - by_models))
    elif untouched:
        yield t("left_by_hand", n=untouched)


def _by_models(state: ProjectState, attempt: Attempt) -> int:
    """Return how many tasks models are expected to label, by the certificate that leaves them the fewest."""
    granted = [found.automated for one in state.attempted if (found := standing_certificate(one))]
    return round(min(granted, default=0.0) * (attempt.draw.pool - attempt.draw.n))


def stored_file(desk: Desk, project: int, of: str, number: int, name: str) -> Response:
    """Return a file that a release or round is stored with; raises NotFound for any other."""
    records: dict[str, type[Release | ClosedRound | RoundReport]] = {
        RELEASE: Release,
        ROUND: ClosedRound,
        REPORT: RoundReport,
    }
    record = desk.book.ledger.newest(records[of], project, number=number) if of in records else None
    if record is None or name not in desk.book.artifacts.manifest(record.artifact)["files"]:
        raise NotFound(f"Project {project} has no such file: open /projects/{project}/release again.")
    content = io.BytesIO(desk.book.artifacts.read(record.artifact, name))
    shown = f"project-{project}-{of}-{number}-{name.rpartition('/')[2]}"
    return send_file(content, "application/octet-stream", as_attachment=True, download_name=shown)


def certificate_views(book: Book, state: ProjectState) -> list[CertificateView]:
    """Return the newest attempt of each field that has one."""
    return [
        CertificateView(
            one.field.name,
            status,
            given := one.attempt.certificate,
            one.field.condition is not None,
            _risk(book, one, given),
        )
        for one in state.by_field
        if (status := certificate_status(book, one)) and one.attempt
    ]


def _risk(book: Book, state: ProjectState, certificate: Certificate | None) -> RiskView | None:
    name = state.field.name if len(state.fields) > 1 else ""
    return risk_view(book, certificate, name, spoken()) if certificate else None


def _files(desk: Desk, state: ProjectState) -> Iterator[Files]:
    """Yield the files of every release, the newest first, and those of the newest round."""
    releases = state.looped.releases if state.fields else ()
    for of, record in (*((RELEASE, one) for one in reversed(releases)), (ROUND, newest(state.rounds))):
        if record is not None:
            yield Files(of, record, tuple(sorted(desk.book.artifacts.manifest(record.artifact)["files"])))
