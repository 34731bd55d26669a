"""Release a data set: the certified version answers the whole pool, people label what it may not, and it is written."""

from collections import Counter
from datetime import UTC, datetime

from labelloop.domain.certify import Attempt
from labelloop.domain.loop import Phase
from labelloop.domain.records import Certificate, Release, ReleaseChunk, ReleaseOrder
from labelloop.domain.release import Source
from labelloop.errors import UserError
from labelloop.learners.base import Encode
from labelloop.steps.answer import answer
from labelloop.steps.certify import changed_since
from labelloop.steps.deploy import deploy
from labelloop.steps.parts import chunk_of
from labelloop.steps.project import ProjectView
from labelloop.steps.release_rows import RowMaker, release_json
from labelloop.steps.shares import ShareCount
from labelloop.stores.certify_files import ANSWERS_FILE, task_ids, write_answers
from labelloop.stores.release_files import RELEASE_FILE, ReleaseTable

SUMMARY_FILE = "release.json"


def order_release(view: ProjectView) -> ReleaseOrder | Release:
    """Order a release under the newest certificate; return the order, or the release if it is written already.

    The certified version serves again if another took its place meanwhile. Raises UserError where there is no granted
    certificate, or the tasks are no longer those it was given for.
    """
    attempt, certificate = _granted(view)
    if attempt.release is not None:
        return attempt.release
    refuse_changed(view, attempt)
    if attempt.order is not None and attempt.order.active:
        return attempt.order
    return _order(view, certificate, len(task_ids(view.book, attempt.draw)), active=True)


def abandon_release(view: ProjectView) -> ReleaseOrder:
    """Call the release under way off; the certificate stays. Raises UserError if none is under way."""
    attempt = view.attempt
    if attempt is None or attempt.phase is not Phase.RELEASE or attempt.certificate is None or attempt.order is None:
        raise UserError(f"No release of project {view.id} is under way: there is nothing to call off.")
    return _order(view, attempt.certificate, attempt.order.tasks, active=False)


def answer_chunk(view: ProjectView, certificate: int, number: int, *, encode: Encode) -> None:
    """Predict the `number`-th chunk of the pool by the certified version and store the answers, once."""
    attempt = view.attempt
    if attempt is None or attempt.draw.number != certificate or number not in view.missing_chunks():
        return
    tasks = view.mirror.tasks(chunk_of(task_ids(view.book, attempt.draw), number))
    mine = [task for task in tasks.values() if task.text.strip()]
    fit = view.ledger.version(view.id, attempt.draw.version)
    answers = answer(view, fit, mine, encode=encode)
    record = ReleaseChunk(view.id, certificate, number, len(answers), datetime.now(UTC))
    parents = (fit.artifact, attempt.draw.artifact)
    view.book.record(record, f"answers-{certificate}-{number}", {ANSWERS_FILE: write_answers(answers)}, parents)


def release_is_due(view: ProjectView) -> bool:
    """Return whether the release under way lacks nothing more: every answer is there, and nobody is waited for."""
    if view.phase is not Phase.RELEASE or view.missing_chunks():
        return False
    return not view.waiting(view.mirror.annotations())


def ends_by_change(view: ProjectView) -> bool:
    """Return whether the release under way cannot be finished, since its tasks are no longer those certified."""
    attempt = view.attempt
    return attempt is not None and attempt.phase is Phase.RELEASE and bool(changed_since(view, attempt.draw))


def write(view: ProjectView) -> Release:
    """Write the release under way: the same bytes whenever and however often it is tried, the ledger row last."""
    attempt, certificate = _granted(view)
    if attempt.release is not None:
        return attempt.release
    refuse_changed(view, attempt)
    table, shares, left_out = ReleaseTable(), ShareCount(), dict[int, str]()
    row_of, sources = RowMaker(view), Counter[Source]()
    for part in view.parts(view.mirror.annotations()):
        rows = row_of.rows(part)
        table.add(rows)
        shares.add(rows, {task_id: answer.value for task_id, answer in part.answers.items()})
        sources.update(row.source for row in rows)
        left_out |= part.finished.left_out
    record = Release(
        project_id=view.id,
        number=len(view.ledger.all(Release, view.id)) + 1,
        certificate=certificate.number,
        version=certificate.version,
        tasks=sources.total(),
        by_people=sources[Source.PEOPLE],
        by_model=sources[Source.MODEL],
        left_out=len(left_out),
        at=datetime.now(UTC),
    )
    summary = release_json(view, record, certificate, left_out, shares.shares(view.field.labels))
    files = {RELEASE_FILE: table.content(), SUMMARY_FILE: summary}
    chunks = [chunk.artifact for chunk in view.ledger.all(ReleaseChunk, view.id, certificate=certificate.number)]
    view.book.record(record, f"release-{record.number}", files, (certificate.artifact, *chunks))
    return view.ledger.newest(Release, view.id, certificate=certificate.number) or record


def refuse_changed(view: ProjectView, attempt: Attempt) -> None:
    """Raise UserError if the tasks are no longer those that the attempt was drawn from."""
    if changed := changed_since(view, attempt.draw):
        raise UserError(
            f"The tasks of project {view.id} have changed since certificate {attempt.draw.number} was drawn "
            f"({changed}), and it holds for those only. Ask for a new one: `labelloop certify {view.id}`."
        )


def _granted(view: ProjectView) -> tuple[Attempt, Certificate]:
    attempt = view.attempt
    if attempt is None:
        raise UserError(f"Project {view.id} has no certificate: run `labelloop certify {view.id}` first.")
    if attempt.certificate is None:
        left = len(view.open_certify(view.mirror.annotations()))
        raise UserError(f"Attempt {attempt.draw.number} is open: people have {left} of its tasks left to judge.")
    if not attempt.certificate.granted:
        raise UserError(
            f"Certificate {attempt.draw.number} was not granted: {attempt.certificate.because}. Label on, then run "
            f"`labelloop certify {view.id}` again."
        )
    return attempt, attempt.certificate


def _order(view: ProjectView, certificate: Certificate, tasks: int, *, active: bool) -> ReleaseOrder:
    number = len(view.ledger.all(ReleaseOrder, view.id)) + 1
    record = ReleaseOrder(view.id, certificate.number, certificate.version, tasks, active, datetime.now(UTC))
    serving = view.ledger.deployed(view.id)
    if active and (serving is None or serving.version != certificate.version):
        deploy(view, certificate.version, because=f"certificate {certificate.number} is for it")
    view.book.record(record, f"order-{number}", parents=(certificate.artifact,))
    return record
