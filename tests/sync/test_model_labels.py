"""Model labels in a real Label Studio: only where they belong, once, never taken for a person's, and gone on demand."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import httpx
import pytest

from labelloop.domain.release_row import ReleaseRow, Source
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Role
from labelloop.domain.values import Choice
from labelloop.errors import NeighbourError
from sync import model_labels, pull
from sync.api.client import LabelStudio
from sync.api.wire import WireAnnotation, WireProject, WireTask
from sync.codecs.release_marks import is_ours
from sync.model_labels import Target, has_annotations, take_back
from tests.sync.conftest import CONFIG, choice
from workers.demo.accounts import Annotator
from workers.local.label_studio import RunningLabelStudio

ROW = ReleaseRow(1, "", Choice("good"), Source.MODEL, Role.TRAIN, (), (), "v3", "d1", 0.9, 0.8, 0, shown=False)
FIRST, SECOND = "labelloop-release-1-0123456789ab", "labelloop-release-2-ba9876543210"


def write(
    target: Target, rows: Sequence[ReleaseRow], on_progress: Callable[[int], None] | None = None
) -> model_labels.Written:
    """Write labels of the only field."""
    return model_labels.write(target, [{target.fields[0].name: row} for row in rows], on_progress)


@dataclass
class Stage:
    """A project of five tasks, its release, and the accounts of two people; the second is the model's."""

    target: Target
    rows: list[ReleaseRow]
    person: LabelStudio
    model_account: int

    @property
    def annotations(self) -> Target:
        return replace(self.target, user=self.model_account)

    def tasks(self) -> list[WireTask]:
        return [task for page in self.target.client.task_pages(self.target.project_id) for task in page]

    def ours(self) -> list[WireAnnotation]:
        return [said for task in self.tasks() for said in task.annotations if is_ours(said)]

    def people(self) -> list[tuple[int, object]]:
        """Return who said what, as the loop takes it in."""
        states = pull.states(self.target.client, self.target.project_id, self.target.fields, since=None)
        return [(said.annotator_id, said.value) for state in states for said in state.annotations]

    def versions(self) -> dict[str, int]:
        return self.target.client.model_versions(self.target.project_id)


@pytest.fixture
def stage(
    client: LabelStudio, project: WireProject, field: Field, label_studio: RunningLabelStudio, people: list[Annotator]
) -> Iterator[Stage]:
    """Yield the stage."""
    ids = client.import_tasks(project.id, [{"data": {"text": f"text {n} 🙂"}} for n in range(5)])
    rows = [replace(ROW, task_id=id_, text=f"text {n} 🙂") for n, id_ in enumerate(ids)]
    person, model = people
    account = next(user.id for user in client.users() if user.email == model.email)
    with LabelStudio(label_studio.url, person.token) as someone:
        yield Stage(Target(client, project.id, CONFIG, (field,), FIRST), rows, someone, account)


@pytest.mark.parametrize("form", ["predictions", "annotations"])
def test_labels_are_written_once_and_only_where_nobody_has_judged_the_task(stage: Stage, form: str) -> None:
    """What people judged or skipped, was edited, deleted or is no longer allowed is left alone, with the reason."""
    target = stage.target if form == "predictions" else stage.annotations
    judged, skipped, edited, odd, fine = stage.rows
    stage.person.annotate(judged.task_id, [choice("b")])
    stage.person.annotate(skipped.task_id, [], was_cancelled=True)
    rows = [judged, skipped, replace(edited, text="before"), replace(odd, value=Choice("gone")), fine]
    rows.append(replace(fine, task_id=10**9))
    seen: list[int] = []

    done = write(target, rows, seen.append)
    again = write(target, rows)

    assert done.written == 1
    assert done.left_alone == {"labelled by people": 2, "edited": 1, "label no longer allowed": 1, "deleted": 1}
    assert seen[-1] == len(rows)
    assert seen == sorted(seen)
    assert (again.written, again.left_alone["there already"]) == (0, 1)
    tasks = {task.id: task for task in stage.tasks()}
    assert [task for task, found in tasks.items() if found.predictions] == (
        [fine.task_id] if form == "predictions" else []
    )
    assert len(stage.ours()) == (0 if form == "predictions" else 1)
    assert not target.client.project(target.project_id).model_version, "nobody is shown them as pre-annotations"


def test_an_annotation_belongs_to_the_model_s_account_and_is_never_read_as_a_judgement(stage: Stage) -> None:
    """Neither TRAIN label nor audit judgement: the loop does not see it; what people add is theirs."""
    write(stage.annotations, stage.rows[:2])

    assert {said.annotator_id for said in stage.ours()} == {stage.model_account}
    assert {said.ground_truth for said in stage.ours()} == {False}
    assert stage.people() == []

    first, _ = stage.ours()
    me = stage.person.whoami().id
    stage.person.annotate(stage.rows[0].task_id, [dict(region) for region in _regions(first)])
    assert stage.people() == [(me, Choice("good"))], "a person's copy of it is a person's"
    assert len(stage.ours()) == 2
    assert has_annotations(stage.target.client, stage.target.project_id)


def test_a_person_s_change_of_the_model_s_annotation_is_no_judgement_either(
    stage: Stage, label_studio: RunningLabelStudio
) -> None:
    """It still belongs to the model's account; and writing again does not undo it."""
    write(stage.annotations, stage.rows[:1])
    (said,) = stage.ours()
    changed = [{**_regions(said)[0], "value": {"choices": ["b"]}}]
    headers = {"Authorization": f"Token {label_studio.token}"}
    httpx.patch(
        f"{label_studio.url}/api/annotations/{said.id}/", json={"result": changed}, headers=headers, timeout=60
    ).raise_for_status()

    again = write(stage.annotations, stage.rows[:1])

    assert again.left_alone == {"there already": 1}
    assert stage.people() == []


def test_a_model_label_that_comes_with_an_import_is_no_prior_label(stage: Stage) -> None:
    """A project that was exported and imported elsewhere: the mark stays, the account does not."""
    write(stage.annotations, stage.rows[:1])
    (said,) = stage.ours()
    client, project = stage.target.client, stage.target.project_id
    client.import_tasks(project, [{"data": {"text": "moved"}, "annotations": [{"result": said.result}]}])

    assert len(stage.ours()) == 2
    assert stage.people() == []


def test_an_interrupted_writing_goes_on_where_it_stopped(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run again it writes the others, and none twice."""
    truly, left = LabelStudio.annotate, iter(range(2))

    def annotate(*arguments: object, **more: object) -> object:
        if next(left, None) is None:
            raise NeighbourError("Label Studio does not answer.")
        return truly(*arguments, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(LabelStudio, "annotate", annotate)
        with pytest.raises(NeighbourError):
            write(stage.annotations, stage.rows)

    done = write(stage.annotations, stage.rows)

    assert (done.written, done.left_alone) == (3, {"there already": 2})
    assert [len(task.annotations) for task in stage.tasks()] == [1] * 5


def test_taking_back_leaves_what_people_said_and_other_versions(stage: Stage) -> None:
    """Only what was written goes: predictions and annotations alike, all releases."""
    client, project = stage.target.client, stage.target.project_id
    client.import_predictions(
        project, [{"task": stage.rows[0].task_id, "result": [], "score": 0.1, "model_version": "v3"}]
    )
    write(stage.target, stage.rows)
    write(stage.annotations, stage.rows[:3])
    stage.person.annotate(stage.rows[0].task_id, [choice("b")])

    assert take_back(client, project) == 8

    assert stage.versions() == {"v3": 1}
    assert [value for _, value in stage.people()] == [Choice("b")]
    assert stage.ours() == []
    assert not has_annotations(client, project)
    assert take_back(client, project) == 0


def test_a_newer_release_takes_the_place_of_the_older(stage: Stage) -> None:
    """What is kept by name stays; the rest is taken back before the new labels are written."""
    write(stage.target, stage.rows)
    write(stage.annotations, stage.rows[:2])
    newer = replace(stage.annotations, version=SECOND)

    assert take_back(newer.client, newer.project_id, keep=SECOND) == 7
    done = write(newer, [replace(row, value=Choice("b")) for row in stage.rows[:2]])

    assert done.written == 2
    assert stage.versions() == {}
    assert [_regions(said)[0]["value"] for said in stage.ours()] == [{"choices": ["b"]}] * 2
    assert take_back(newer.client, newer.project_id, keep=SECOND) == 0


def _regions(said: WireAnnotation) -> list[dict[str, object]]:
    return [region for region in said.regions if isinstance(region, dict)]
