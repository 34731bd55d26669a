"""A release's model labels written into Label Studio, as predictions or as annotations, and taken back."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from labelloop.domain.release_row import ReleaseRow
from labelloop.domain.schema import Field
from labelloop.errors import NeighbourError, NotFound
from sync.api.client import LabelStudio
from sync.api.wire import WireTask
from sync.codecs.form_codec import merged_prediction
from sync.codecs.region_codec import task_text, to_regions, validate
from sync.codecs.release_marks import PREFIX, is_of, is_ours, is_version, marked

BATCH = 1000
AT_ONCE = 100

Progress = Callable[[int], None]
Labels = Mapping[str, ReleaseRow]
"""The model labels of one task by field, at least one."""
Due = tuple[Labels, WireTask]


@dataclass(frozen=True, slots=True)
class Target:
    """Where model labels go: a project as it now is, under the release's name, for an account or (None) for nobody.

    With an account they become its annotations, without one predictions. `fields` are those that the project has now,
    of the labels at least.
    """

    client: LabelStudio
    project_id: int
    label_config: str
    fields: tuple[Field, ...]
    version: str
    user: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """How many labels were written now, and how many were left alone, by reason."""

    written: int = 0
    left_alone: Counter[str] = field(default_factory=Counter)


def write(target: Target, labels: Sequence[Labels], on_progress: Progress | None = None) -> Written:
    """Write the labels of each task where nobody has judged it and every one of them still fits it.

    Those of several fields make one prediction, or one annotation. May be run again, and after an interruption: what
    stands there already is not written twice. Raises NeighbourError where Label Studio stores less than was sent.
    """
    written, left_alone = 0, Counter[str]()
    for start in range(0, len(labels), BATCH):
        some = {_task_id(one): one for one in labels[start : start + BATCH]}
        tasks = {task.id: task for task in _tasks(target, list(some))}
        reasons = {id_: _left_alone(target, one, tasks.get(id_)) for id_, one in some.items()}
        due = [(one, tasks[id_]) for id_, one in some.items() if not reasons[id_]]
        for done in _annotate(target, due) if target.user is not None else _predict(target, due):
            written += done
            if on_progress:
                on_progress(written + left_alone.total())
        for id_, reason in reasons.items():
            left_alone.update({reason: len(some[id_])} if reason else {})
        if on_progress:
            on_progress(sum(map(len, labels[: start + BATCH])))
    return Written(written, left_alone)


def take_back(client: LabelStudio, project_id: int, *, keep: str = "", on_progress: Progress | None = None) -> int:
    """Delete what `write` wrote, but for the release named `keep`, and return how many labels that were.

    What people said stays, as does what they made of a model label in an annotation of their own.
    """
    deleted = 0
    for name, count in client.model_versions(project_id).items():
        if is_version(name) and name != keep and count:
            client.delete_predictions(project_id, name)
            deleted += count
    for task in _marked(client, project_id):
        for annotation in task.annotations:
            if is_ours(annotation) and not (keep and is_of(annotation, keep)):
                client.delete_annotation(annotation.id)
                deleted += 1
                if on_progress:
                    on_progress(deleted)
    return deleted


def has_annotations(client: LabelStudio, project_id: int) -> bool:
    """Return whether model labels stand in the project as annotations: their tasks count as done and are not served."""
    return any(is_ours(annotation) for task in _marked(client, project_id) for annotation in task.annotations)


def _marked(client: LabelStudio, project_id: int) -> Iterator[WireTask]:
    return (task for page in client.task_pages(project_id, annotated=PREFIX) for task in page)


def _tasks(target: Target, ids: Sequence[int]) -> Iterator[WireTask]:
    for start in range(0, len(ids), AT_ONCE):
        yield from target.client.tasks(target.project_id, ids[start : start + AT_ONCE])


def _task_id(labels: Labels) -> int:
    return next(iter(labels.values())).task_id


def _said(target: Target, labels: Labels) -> list[tuple[Field, ReleaseRow]]:
    """Return the labels with their fields, in the order of these."""
    return [(field, labels[field.name]) for field in target.fields if field.name in labels]


def _left_alone(target: Target, labels: Labels, task: WireTask | None) -> str:
    """Return why nothing is to be written of a task, empty if it is."""
    if task is None:
        return "deleted"
    if target.user is None and any(p.model_version == target.version for p in task.predictions):
        return "there already"
    if target.user is not None and any(is_of(a, target.version) for a in task.annotations):
        return "there already"
    if not all(is_ours(annotation) for annotation in task.annotations):
        return "labelled by people"
    said = _said(target, labels)
    if any(task_text(field, task.data) != row.text for field, row in said):
        return "edited"
    if not all(field.allows(row.value) for field, row in said):
        return "label no longer allowed"
    if validate(target.label_config, _prediction(target, labels, task)):
        return "label no longer allowed"
    if target.user is not None and not _regions(target, labels, task):
        return "nothing to show"  # an annotation without regions could not be told from a person's
    return ""


def _predict(target: Target, due: Sequence[Due]) -> Iterator[int]:
    if not due:
        return
    sent = [{"task": task.id, **_prediction(target, labels, task)} for labels, task in due]
    stored = target.client.import_predictions(target.project_id, sent)
    if stored != len(due):
        raise NeighbourError(
            f"Label Studio stored {stored} of {len(due)} predictions of {target.version}: look into its log for the "
            "reason, then run the same command again."
        )
    yield sum(len(labels) for labels, _ in due)


def _annotate(target: Target, due: Sequence[Due]) -> Iterator[int]:
    assert target.user is not None
    for labels, task in due:
        regions = marked(_regions(target, labels, task), target.version, target.user)
        try:
            target.client.annotate(task.id, regions, completed_by=target.user)
        except NotFound:  # deleted a moment ago
            continue
        yield len(labels)


def _regions(target: Target, labels: Labels, task: WireTask) -> list[dict[str, object]]:
    return [region for field, row in _said(target, labels) for region in to_regions(field, row.value, task.data)]


def _prediction(target: Target, labels: Labels, task: WireTask) -> dict[str, object]:
    """Return what is written of a task; its score is the confidence in the label that the model is least sure of."""
    return merged_prediction(
        [(field, row.value) for field, row in _said(target, labels)],
        score=min(row.confidence or 0.0 for row in labels.values()),
        model_version=target.version,
        data=task.data,
    )
