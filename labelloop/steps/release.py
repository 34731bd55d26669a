"""Release a data set: the certified version answers the whole pool, people label what it may not, and it is written."""

from datetime import UTC, datetime

from labelloop.domain.certification import Attempt
from labelloop.domain.lookup import matching
from labelloop.domain.next_step import Phase
from labelloop.domain.records import Certificate, Release, ReleaseChunk, ReleaseOrder
from labelloop.domain.release_chunks import chunk_of
from labelloop.domain.task_index import open_certify
from labelloop.errors import UserError
from labelloop.learners.base import ModelContext
from labelloop.state.field_mirror import field_mirror
from labelloop.state.project_state import ProjectState
from labelloop.state.release_parts import release_parts
from labelloop.steps.changed_tasks import changed_since
from labelloop.steps.deployments import deploy, refuse_pinned
from labelloop.steps.one_field_only import refuse_several_fields
from labelloop.steps.predict_tasks import answer
from labelloop.steps.release_draft import ReleaseDraft
from labelloop.stores.book import Book
from labelloop.stores.certify_files import ANSWERS_FILE, task_ids, write_answers


def order_release(book: Book, state: ProjectState) -> ReleaseOrder | Release:
    """Order a release under the newest certificate; return the order, or the release if it is written already.

    The certified version serves again if another took its place meanwhile. Raises UserError where there is no granted
    certificate, or the tasks are no longer those it was given for.
    """
    refuse_several_fields(state, "A release under a certificate")
    attempt, certificate = granted(state)
    if attempt.release is not None:
        return attempt.release
    refuse_changed(book, attempt)
    if attempt.order is not None and attempt.order.active:
        return attempt.order
    return _order(book, state, certificate, len(task_ids(book, attempt.draw)), active=True)


def abandon_release(book: Book, state: ProjectState) -> ReleaseOrder:
    """Call the release under way off; the certificate stays. Raises UserError if none is under way."""
    attempt = state.attempt
    if attempt is None or attempt.phase is not Phase.RELEASE or attempt.certificate is None or attempt.order is None:
        raise UserError(f"No release of project {state.id} is under way: there is nothing to cancel.")
    return _order(book, state, attempt.certificate, attempt.order.tasks, active=False)


def answer_chunk(book: Book, state: ProjectState, certificate: int, number: int, *, context: ModelContext) -> None:
    """Predict the `number`-th chunk of the pool by the certified version and store the answers, once."""
    attempt = state.attempt
    if attempt is None or attempt.draw.number != certificate or number not in state.looped.missing_chunks:
        return
    tasks = field_mirror(book, state).tasks(chunk_of(task_ids(book, attempt.draw), number))
    mine = [task for task in tasks.values() if task.text.strip()]
    fit = state.version(attempt.draw.version)
    answers = answer(book, fit, mine, context=context)
    record = ReleaseChunk(state.id, certificate, number, len(answers), created_at=datetime.now(UTC))
    parents = (fit.artifact, attempt.draw.artifact)
    book.record(record, f"answers-{certificate}-{number}", {ANSWERS_FILE: write_answers(answers)}, parents)


def release_is_due(state: ProjectState) -> bool:
    """Return whether the release under way lacks nothing more: every answer is there, and nobody is waited for."""
    return state.phase is Phase.RELEASE and not state.looped.missing_chunks and not state.waiting


def ends_by_change(book: Book, state: ProjectState) -> bool:
    """Return whether the release under way cannot be finished, since its tasks are no longer those certified."""
    attempt = state.attempt
    return attempt is not None and attempt.phase is Phase.RELEASE and bool(changed_since(book, attempt.draw))


def write(book: Book, state: ProjectState) -> Release:
    """Write the release under way: the same bytes whenever and however often it is tried, the ledger row last."""
    attempt, certificate = granted(state)
    if attempt.release is not None:
        return attempt.release
    refuse_changed(book, attempt)
    draft = ReleaseDraft(book, state, {state.field.name: certificate})
    for part in release_parts(book, state):
        draft.add([part])
    record = draft.record(certificate=certificate.number, version=certificate.version)
    chunks = [chunk.artifact for chunk in matching(state.looped.chunks, certificate=certificate.number)]
    book.record(record, f"release-{record.number}", draft.files(record), (certificate.artifact, *chunks))
    return book.ledger.newest(Release, state.id, certificate=certificate.number) or record


def refuse_changed(book: Book, attempt: Attempt) -> None:
    """Raise UserError if the tasks are no longer those that the attempt was drawn from."""
    if changed := changed_since(book, attempt.draw):
        project_id, number = attempt.draw.project_id, attempt.draw.number
        raise UserError(
            f"The tasks of project {project_id} have changed since certificate {number} was drawn "
            f"({changed}), and it holds for those only. Ask for a new one: `labelloop certify {project_id}`."
        )


def granted(state: ProjectState) -> tuple[Attempt, Certificate]:
    """Return the newest attempt with its certificate; raises UserError where none is granted."""
    attempt = state.attempt
    if attempt is None:
        raise UserError(
            f"Project {state.id} has no certificate: run `labelloop certify {state.id}` first, "
            f"or release people's labels alone: `labelloop release {state.id} --people-only`."
        )
    if attempt.certificate is None:
        left = len(open_certify(state.tasks))
        raise UserError(f"Attempt {attempt.draw.number} is open: people have {left} of its tasks left to label.")
    if not attempt.certificate.granted:
        raise UserError(
            f"Certificate {attempt.draw.number} was not granted: {attempt.certificate.reason}. Label on, then run "
            f"`labelloop certify {state.id}` again, or release people's labels alone: `labelloop release {state.id} "
            "--people-only`."
        )
    return attempt, attempt.certificate


def _order(book: Book, state: ProjectState, certificate: Certificate, tasks: int, *, active: bool) -> ReleaseOrder:
    number = len(state.looped.orders) + 1
    record = ReleaseOrder(
        state.id, certificate.number, certificate.version, tasks, active, created_at=datetime.now(UTC)
    )
    if active and state.looped.deployed_version != certificate.version:
        refuse_pinned(state)
        deploy(book, state, certificate.version, reason=f"certificate {certificate.number} is for it")
    book.record(record, f"order-{number}", parents=(certificate.artifact,))
    return record
