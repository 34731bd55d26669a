"""Write a release's model labels into Label Studio, or take them back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from labelloop.domain.loop import Phase
from labelloop.domain.records import Release
from labelloop.domain.release import Source
from labelloop.errors import NeighbourError, NotFound, UserError
from labelloop.steps.project import ProjectView
from labelloop.stores.release_files import RELEASE_FILE, read_release
from sync import write_back as sync
from sync.client import LabelStudio
from sync.marks import version_of
from workers.bootstrap import Tools
from workers.exchange import looped_field, take_in
from workers.lock import project_lock

PATIENCE_S = 30.0

Progress = Callable[[int, int], None]


def write_back(
    tools: Tools, view: ProjectView, *, email: str = "", on_progress: Progress | None = None
) -> sync.Written:
    """Write the newest release's model labels as annotations of the account `email`, without one as predictions.

    What an earlier release wrote is taken back first. `on_progress` is told how many labels are dealt with, of how
    many. Raises NotFound before the first release, UserError while the project is certified or released or where the
    account cannot be used, NeighbourError if a job keeps the project busy.
    """
    release = view.ledger.newest(Release, view.id)
    if release is None:
        raise NotFound(f"Project {view.id} has no release yet: run `labelloop release {view.id}` first.")
    rows = read_release(view.book.artifacts.read(release.artifact, RELEASE_FILE))
    ours = [row for row in rows if row.source is Source.MODEL]
    version = version_of(release.artifact)
    with _held(tools, view):
        studio = tools.label_studio
        config = studio.project(view.id).label_config
        user = _account(studio, view, email) if email else None
        target = sync.Target(studio, view.id, config, looped_field(config, view.rules, view.id), version, user)
        sync.take_back(studio, view.id, keep=version)
        tell = (lambda done: on_progress(done, len(ours))) if on_progress else None
        return sync.write(target, ours, tell)


def take_back(tools: Tools, view: ProjectView, *, on_progress: Callable[[int], None] | None = None) -> int:
    """Delete the model labels of every release from Label Studio and return how many; people's labels stay."""
    with _held(tools, view):
        return sync.take_back(tools.label_studio, view.id, on_progress=on_progress)


def refuse_written_back(label_studio: LabelStudio, project_id: int) -> None:
    """Raise UserError if model labels stand as annotations: Label Studio would not give people their tasks."""
    if sync.has_annotations(label_studio, project_id):
        raise UserError(
            f"Model labels stand in project {project_id} as annotations: Label Studio takes their tasks for done and "
            f"gives them to nobody. Take them back first: `labelloop write-back {project_id} --remove`."
        )


@contextmanager
def _held(tools: Tools, view: ProjectView) -> Iterator[None]:
    view.connection  # noqa: B018 - raises NotConnected before anything is waited for
    with project_lock(tools.bell.redis, view.id, wait_s=PATIENCE_S) as mine:
        if not mine:
            raise NeighbourError(f"Project {view.id} is busy with a job: try again in a minute.")
        if view.phase is not Phase.ROUNDS:
            raise UserError(f"Project {view.id} is being certified or released: write labels back when that is over.")
        take_in(view, tools.label_studio)
        yield
    tools.bell.ring(view.id)


def _account(studio: LabelStudio, view: ProjectView, email: str) -> int:
    found = next((user.id for user in studio.users() if user.email.casefold() == email.casefold()), None)
    if found is None:
        raise NotFound(
            f"Label Studio has no account {email}: let it sign up by the invitation link (Organization > Add Members), "
            "then run the same command again."
        )
    if any(annotation.annotator_id == found for annotation in view.mirror.annotations()):
        raise UserError(
            f"{email} has labelled tasks of project {view.id} as a person: model labels need an account of their own."
        )
    return found
