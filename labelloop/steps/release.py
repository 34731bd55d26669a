"""Release a data set: the certified version answers the whole pool, people label what it may not, and it is written."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from labelloop.domain.asked import parents_first
from labelloop.domain.asked_rounds import ancestors
from labelloop.domain.certification import Attempt
from labelloop.domain.lookup import matching
from labelloop.domain.next_step import Phase
from labelloop.domain.predictions import Prediction
from labelloop.domain.records import Certificate, Release, ReleaseChunk, ReleaseOrder
from labelloop.domain.release_chunks import chunk_of
from labelloop.domain.task_index import open_certify
from labelloop.errors import UserError
from labelloop.learners.base import ModelContext
from labelloop.state.field_mirror import field_mirror
from labelloop.state.project_state import ProjectState
from labelloop.state.release_parts import release_parts
from labelloop.state.standing_certificate import standing_certificate
from labelloop.steps.changed_tasks import changed_since
from labelloop.steps.deployments import deploy, refuse_pinned
from labelloop.steps.model_rows import predict_where_asked
from labelloop.steps.release_draft import ReleaseDraft
from labelloop.steps.trail import enter
from labelloop.stores.book import Book
from labelloop.stores.certify_files import ANSWERS_FILE, read_answers, task_ids, write_answers


def order_release(book: Book, state: ProjectState) -> ReleaseOrder | Release:
    """Order a release under the newest certificates; return the order, or the release if it is written already.

    Certified versions serve again where others took their place meanwhile. Raises UserError where no certificate is
    granted, or the tasks are no longer those they were given for.
    """
    attempt = certified(state)[0]
    if attempt.release is not None:
        return attempt.release
    refuse_changed(book, attempt)
    if attempt.order is not None and attempt.order.active:
        return attempt.order
    _serve_certified(book, state)
    order = _order(book, state, len(task_ids(book, attempt.draw)), active=True)
    enter(book, state.id, "release", order.version)
    return order


def abandon_release(book: Book, state: ProjectState) -> ReleaseOrder:
    """Call the release under way off; the certificate stays. Raises UserError if none is under way."""
    attempt = state.shared_attempt
    if attempt is None or state.phase is not Phase.RELEASE or attempt.order is None:
        raise UserError(f"No release of project {state.id} is under way: there is nothing to cancel.")
    order = _order(book, state, attempt.order.tasks, active=False)
    enter(book, state.id, "abandon release", order.version)
    return order


def answer_chunk(book: Book, state: ProjectState, certificate: int, number: int, *, context: ModelContext) -> None:
    """Predict the `number`-th chunk of the pool by the certified version of the field in focus, and store it, once.

    A field under a condition is predicted where the certified versions of those that it depends on ask for it.
    """
    attempt = state.attempt
    if attempt is None or attempt.draw.number != certificate or number not in state.looped.missing_chunks:
        return
    ids = chunk_of(task_ids(book, attempt.draw), number)
    mine = [id_ for id_, task in field_mirror(book, state).tasks(ids).items() if task.text.strip()]
    fit, field = state.version(attempt.draw.version), attempt.draw.field
    said = _said_of_parents(book, state, ids, number, context=context)
    answers = predict_where_asked(book, state, fit, mine, said, context=context)
    record = ReleaseChunk(state.id, certificate, number, len(answers), field=field, created_at=datetime.now(UTC))
    parents = (fit.artifact, attempt.draw.artifact)
    name = f"answers-{certificate}-{number}" + (f"-{fit.version}" if field else "")
    book.record(record, name, {ANSWERS_FILE: write_answers(answers)}, parents)


def _said_of_parents(
    book: Book, state: ProjectState, ids: Sequence[int], number: int, *, context: ModelContext
) -> dict[str, dict[int, Prediction]]:
    """Return what certified versions say of the fields that the one in focus depends on, stored or asked now."""
    every = {one.field.name: one.field for one in state.fields}
    needed, said = ancestors(state.field, every), dict[str, dict[int, Prediction]]()
    for field in parents_first(tuple(every.values())):
        one = state.focused(field.name)
        if field.name not in needed or one.attempt is None:
            continue
        stored = matching(one.looped.chunks_of(one.attempt), number=number)
        fit = state.version(one.attempt.draw.version)
        said[field.name] = (
            read_answers(book, stored) if stored else predict_where_asked(book, one, fit, ids, said, context=context)
        )
    return said


def release_is_due(state: ProjectState) -> bool:
    """Return whether the release under way lacks nothing more: every answer is there, and nobody is waited for."""
    return state.phase is Phase.RELEASE and not state.missing_chunks and not state.waiting


def ends_by_change(book: Book, state: ProjectState) -> bool:
    """Return whether the release under way cannot be finished, since its tasks are no longer those certified."""
    attempt = state.shared_attempt
    return attempt is not None and state.phase is Phase.RELEASE and bool(changed_since(book, attempt.draw))


def write(book: Book, state: ProjectState) -> Release:
    """Write the release under way: the same bytes whenever and however often it is tried, the ledger row last."""
    attempts = certified(state)
    number = attempts[0].draw.number
    if attempts[0].release is not None:
        return attempts[0].release
    refuse_changed(book, attempts[0])
    draft = ReleaseDraft(book, state, _certificates(state))
    for parts in release_parts(book, state):
        draft.add(parts)
    standing = [one.attempt for one in state.attempted if one.attempt and standing_certificate(one)]
    record = draft.record(certificate=number, version=_versions(standing))
    chunks = [chunk.artifact for one in state.attempted for chunk in one.looped.chunks if chunk.certificate == number]
    parents = [*(one.certificate.artifact for one in attempts if one.certificate), *chunks]
    book.record(record, f"release-{record.number}", draft.files(record), tuple(parents))
    return book.ledger.newest(Release, state.id, certificate=number) or record


def _certificates(state: ProjectState) -> dict[str, Certificate]:
    """Return the certificates of the newest attempt, by field; one that holds no longer is as one not granted."""
    return {
        one.field.name: replace(one.attempt.certificate, granted=standing_certificate(one) is not None)
        for one in state.attempted
        if one.attempt and one.attempt.certificate
    }


def refuse_changed(book: Book, attempt: Attempt) -> None:
    """Raise UserError if the tasks are no longer those that the attempt was drawn from."""
    if changed := changed_since(book, attempt.draw):
        project_id, number = attempt.draw.project_id, attempt.draw.number
        raise UserError(
            f"The tasks of project {project_id} have changed since certificate {number} was drawn "
            f"({changed}), and it holds for those only. Ask for a new one: `labelloop certify {project_id}`."
        )


def certified(state: ProjectState) -> tuple[Attempt, ...]:
    """Return the newest attempt, once for each field that was granted a certificate.

    Raises UserError where it was granted for none, or is open.
    """
    attempt = state.shared_attempt
    if attempt is None:
        raise UserError(
            f"Project {state.id} has no certificate: run `labelloop certify {state.id}` first, "
            f"or release people's labels alone: `labelloop release {state.id} --people-only`."
        )
    if state.phase is Phase.CERTIFY:
        left = len(open_certify(state.tasks))
        raise UserError(f"Attempt {attempt.draw.number} is open: people have {left} of its tasks left to label.")
    granted = tuple(one for one in state.attempts if one.certificate and one.certificate.granted)
    if not granted:
        raise UserError(
            f"Certificate {attempt.draw.number} was not granted: {_reasons(state)}. Label on, then run "
            f"`labelloop certify {state.id}` again, or release people's labels alone: `labelloop release {state.id} "
            "--people-only`."
        )
    return granted


def _reasons(state: ProjectState) -> str:
    found = {one.field.name: one.attempt.certificate for one in state.attempted if one.attempt}
    reasons = {name: certificate.reason for name, certificate in found.items() if certificate}
    return "; ".join(reason if len(reasons) < 2 else f"{name}: {reason}" for name, reason in reasons.items())


def _versions(attempts: Sequence[Attempt]) -> str:
    return "+".join(one.draw.version for one in attempts)


def _serve_certified(book: Book, state: ProjectState) -> None:
    stale = [
        (one, one.attempt.draw)
        for one in state.attempted
        if one.attempt and one.looped.deployed_version != one.attempt.draw.version
    ]
    for one, _ in stale:
        refuse_pinned(one)
    for one, draw in stale:
        deploy(book, one, draw.version, reason=f"certificate {draw.number} is for it")


def _order(book: Book, state: ProjectState, tasks: int, *, active: bool) -> ReleaseOrder:
    attempts, number = certified(state), len(state.looped.orders) + 1
    record = ReleaseOrder(
        state.id, attempts[0].draw.number, _versions(attempts), tasks, active, created_at=datetime.now(UTC)
    )
    parents = tuple(one.certificate.artifact for one in attempts if one.certificate)
    book.record(record, f"order-{number}", parents=parents)
    return record
