"""Release what people said, without a certificate: their labels alone, and why the other tasks have none."""

from labelloop.domain.lookup import newest
from labelloop.domain.records import Release
from labelloop.errors import UserError
from labelloop.state.project_state import ProjectState
from labelloop.state.release_parts import people_parts
from labelloop.steps.phase_guard import refuse_frozen
from labelloop.steps.release_draft import ReleaseDraft
from labelloop.steps.trail import enter
from labelloop.stores.book import Book
from labelloop.stores.release_files import RELEASE_FILE


def write_people_release(book: Book, state: ProjectState) -> Release:
    """Write a release of people's labels as they now stand, and return it; the newest one if nothing has changed since.

    A task of several fields is in it if it has a label of any. Raises UserError while an attempt to certify or a
    release is under way, or where nobody has labelled anything.
    """
    refuse_frozen(state)
    draft = ReleaseDraft(book, state)
    for parts in zip(*(people_parts(book, one) for one in state.by_field), strict=True):
        draft.add(parts)
    record = draft.record()
    if not record.tasks:
        raise UserError(f"Nobody has labelled a task of project {state.id} yet: there is nothing to release.")
    files, before = draft.files(record), newest(state.looped.releases)
    if before and not before.certificate and _is(book, before, files[RELEASE_FILE], record.left_out):
        return before
    parents = (state.last_round.artifact,) if state.last_round else ()
    book.record(record, f"release-{record.number}", files, parents)
    enter(book, state.id, "release", "people only")
    return book.ledger.newest(Release, state.id, number=record.number) or record


def _is(book: Book, before: Release, content: bytes, left_out: int) -> bool:
    return before.left_out == left_out and book.artifacts.read(before.artifact, RELEASE_FILE) == content
