"""What passes between Label Studio and the core: changes come in, the queue goes out."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice

from labelloop.domain.records import SchemaVersion
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Role
from labelloop.errors import NothingToLearn
from labelloop.rules import Rules
from labelloop.steps.draw import assign_roles
from labelloop.steps.order import QueueHead
from labelloop.steps.project import ProjectView
from sync import label_config, pull, push
from sync.client import LabelStudio

BATCH = 500


def looped_field(config: str, rules: Rules, project_id: int) -> Field:
    """Return the field of a labelling configuration that the Rules loop; raises NothingToLearn saying what there is."""
    schema = label_config.parse(config)
    field = schema.field(rules.field)
    if field is None:
        wanted = f"no field {rules.field!r} that can be learned" if rules.field else "nothing that can be learned"
        others = "; ".join(schema.not_learnable) or "no control tags"
        raise NothingToLearn(
            f"The labelling configuration of project {project_id} holds {wanted} ({others}). "
            "Add a control that can be learned (docs/controls.md), or name another field in the rules."
        )
    return field


def take_in(view: ProjectView, label_studio: LabelStudio) -> None:
    """Bring the mirror, the schema and the roles up to date with Label Studio."""
    rules = view.rules
    config = label_studio.project(view.id).label_config
    field = looped_field(config, rules, view.id)
    record_schema(view, config, field)
    reading = f"{field.name}:{field.kind}:{','.join(field.inputs)}"
    since = view.mirror.since(reading)
    if since is None:  # what an interrupted reading of another kind leaves must not pass for this one's
        view.mirror.start_over()
    newest = since
    states = pull.states(label_studio, view.id, field, since=since, known=view.mirror.stamps())
    while batch := list(islice(states, BATCH)):
        view.mirror.put(batch)
        newest = max(filter(None, (newest, *(state.updated_at for state in batch))))
    view.mirror.forget(pull.deleted(label_studio, view.id, view.mirror.tasks().keys()))
    if newest is not None:
        view.mirror.move(reading, newest)
    assign_roles(view)


def record_schema(view: ProjectView, config: str, field: Field) -> None:
    """Record the labelling configuration as a new schema version if its meaning has changed."""
    known = view.ledger.newest(SchemaVersion, view.id)
    text = field.to_json()
    if known is None or known.field != text:
        number = (known.number if known else 0) + 1
        record = SchemaVersion(view.id, number, config, text, field.digest, datetime.now(UTC))
        view.book.record(record, f"schema-{number}")


def bring_out(
    view: ProjectView, label_studio: LabelStudio, head: QueueHead, on_progress: Callable[[int], None] | None = None
) -> None:
    """Push the head of the queue to Label Studio, audit tasks to be judged by several people.

    CERTIFY tasks may have been pre-annotated before they were drawn: whatever stands for them is deleted first.
    """
    roles = view.ledger.roles(view.id)
    certify = [item.task_id for item in head.items if roles[item.task_id] is Role.CERTIFY]
    if certify:
        label_studio.delete_task_predictions(view.id, certify)
    audit = [item.task_id for item in head.items if roles[item.task_id] is Role.MONITOR]
    push.set_overlap(label_studio, audit, view.rules.monitor_people)
    for task_id, people in head.again:
        push.set_overlap(label_studio, [task_id], people)
    push.push(
        label_studio,
        view.id,
        view.schema.label_config,
        view.field,
        head.publication.name,
        head.items,
        on_progress=on_progress,
    )
