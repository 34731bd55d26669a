"""Write a release's model labels into Label Studio, or take them back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from labelloop.domain.next_step import Phase
from labelloop.domain.records import Release
from labelloop.domain.release_row import ReleaseRow, Source
from labelloop.domain.schema import Field
from labelloop.errors import NotFound, UserError
from labelloop.state.project_state import ProjectState
from labelloop.steps.one_field_only import refuse_several_fields
from labelloop.stores.release_files import RELEASE_FILE, read_release
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
        refuse_several_fields(state, "Writing model labels back")
        studio = context.label_studio
        config = studio.project(project_id).label_config
        user = _account(studio, state, email) if email else None
        (field,) = looped_fields(config, state.rules, project_id, state.schemas)
        ours = [row for row in _rows_of(content, field) if row.source is Source.MODEL]
        target = model_labels.Target(studio, project_id, config, field, version, user)
        model_labels.take_back(studio, project_id, keep=version)
        tell = (lambda done: on_progress(done, len(ours))) if on_progress else None
        return model_labels.write(target, ours, tell)


def _rows_of(content: bytes, field: Field) -> list[ReleaseRow]:
    """Return what a release holds of the field, whether or not it is of others too."""
    names = released_fields(content)
    if not names:
        return read_release(content)
    return [task.labels[field.name] for task in read_released_tasks(content, names) if field.name in task.labels]


def take_back(context: AppContext, project_id: int, *, on_progress: Callable[[int], None] | None = None) -> int:
    """Delete the model labels of every release from Label Studio and return how many; people's labels stay."""
    with _held(context, project_id):
        return model_labels.take_back(context.label_studio, project_id, on_progress=on_progress)


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
