"""Write a release's model labels into Label Studio, or take them back."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from labelloop.domain.next_step import Phase
from labelloop.domain.records import Release
from labelloop.domain.release_row import Source
from labelloop.errors import NotFound, UserError
from labelloop.state.project_state import ProjectState
from labelloop.steps.trail import enter
from labelloop.stores.book import Book
from labelloop.stores.release_files import RELEASE_FILE, SUMMARY_FILE, read_release, read_summaries
from labelloop.stores.released_tasks import read_released_tasks, released_fields
from sync import model_labels
from sync.api.client import LabelStudio
from sync.codecs.release_marks import version_of
from workers.jobs.app_context import AppContext
from workers.jobs.label_studio_sync import held_up_to_date
from workers.jobs.looped_fields import looped_fields

Progress = Callable[[int, int], None]


def write_back(
    context: AppContext, project_id: int, *, email: str = "", on_progress: Progress | None = None
) -> model_labels.Written:
    """Write the newest release's model labels as annotations of the account `email`, without one as predictions.

    What an earlier release wrote is taken back first. `on_progress` is told how many labels are dealt with, of how
    many. Raises NotFound before the first release, UserError while the project is certified or released or where the
    account cannot be used, NeighbourError if a job keeps the project busy.
    """
    release = context.book.ledger.newest(Release, project_id)
    if release is None:
        raise NotFound(f"Project {project_id} has no release yet: run `labelloop release {project_id}` first.")
    content = context.book.artifacts.read(release.artifact, RELEASE_FILE)
    version = version_of(release.artifact)
    with _held(context, project_id) as state:
        studio = context.label_studio
        config = studio.project(project_id).label_config
        user = _account(studio, state, email) if email else None
        fields = looped_fields(config, state.rules, project_id, state.schemas)
        only = fields[0].name if len(fields) == 1 else _field_of(context.book, release)
        ours = _model_labels(content, {field.name for field in fields}, only)
        target = model_labels.Target(studio, project_id, config, fields, version, user)
        model_labels.take_back(studio, project_id, keep=version)
        total = sum(map(len, ours))
        tell = (lambda done: on_progress(done, total)) if on_progress else None
        written = model_labels.write(target, ours, tell)
        enter(context.book, project_id, "write-back", f"{version}: {written.written} labels")
        return written


def _field_of(book: Book, release: Release) -> str:
    """Return the first field of a release; of one that has no other, the only one."""
    return read_summaries(book.artifacts.read(release.artifact, SUMMARY_FILE))[0].field


def _model_labels(content: bytes, fields: Collection[str], only: str) -> list[model_labels.Labels]:
    """Return a release's model labels by task and field, of those of its fields that are looped now.

    `only` is the field of a release that has no other.
    """
    names = released_fields(content)
    tasks = (
        [task.labels for task in read_released_tasks(content, names)]
        if names
        else [{only: row} for row in read_release(content)]
    )
    found = (
        {name: row for name, row in labels.items() if name in fields and row.source is Source.MODEL} for labels in tasks
    )
    return [labels for labels in found if labels]


def take_back(context: AppContext, project_id: int, *, on_progress: Callable[[int], None] | None = None) -> int:
    """Delete the model labels of every release from Label Studio and return how many; people's labels stay."""
    with _held(context, project_id):
        removed = model_labels.take_back(context.label_studio, project_id, on_progress=on_progress)
        enter(context.book, project_id, "take back", f"{removed} labels")
        return removed


def refuse_written_back(label_studio: LabelStudio, project_id: int) -> None:
    """Raise UserError if model labels stand as annotations: Label Studio would not give people their tasks."""
    if model_labels.has_annotations(label_studio, project_id):
        raise UserError(
            f"Model labels are in project {project_id} as annotations: Label Studio takes their tasks for done and "
            f"gives them to nobody. Take them back first: `labelloop write-back {project_id} --remove`."
        )


@contextmanager
def _held(context: AppContext, project_id: int) -> Iterator[ProjectState]:
    with held_up_to_date(context, project_id) as state:
        if state.phase is not Phase.ROUNDS:
            raise UserError(
                f"Project {project_id} is being certified or released: write labels back when that is over."
            )
        yield state
    context.bell.ring(project_id)


def _account(studio: LabelStudio, state: ProjectState, email: str) -> int:
    found = next((user.id for user in studio.users() if user.email.casefold() == email.casefold()), None)
    if found is None:
        raise NotFound(
            f"Label Studio has no account {email}: let it sign up by the invitation link (Organization > Add Members), "
            "then run the same command again."
        )
    if any(found in people for people in state.tasks.annotators.values()):
        raise UserError(
            f"{email} has labelled tasks of project {state.id} as a person: model labels need an account of their own."
        )
    return found
