"""What `labelloop connect` says: what it sees before it changes anything, and what it did."""

from collections.abc import Iterator

from labelloop.domain.default_learners import default_learners
from labelloop.formatting import counted, few
from labelloop.settings import Settings
from labelloop.steps.encoder_by_texts import EncoderSeen
from workers.admin.answer_report import findings
from workers.admin.connect_preview import Preview
from workers.admin.connect_project import Connected


def preview_lines(seen: Preview, project: int) -> Iterator[str]:
    """Yield what connecting a project makes of it, a sentence or two a line."""
    for field in seen.fields:
        labels = f" ({few(field.labels)})" if field.labels else ""
        asked = f", where {field.condition}" if field.condition else ""
        yield f"Looped: {field.name}{labels}{asked}."
    for name in seen.others:
        yield f"Not looped: {name}: the rules do not name it. To loop it: labelloop rules {project} --set fields=all"
    for reason in seen.not_learnable:
        yield f"Not looped: {reason}."
    if blank := seen.may_be_left_empty:
        are, them = ("is", f"the control {blank[0]}") if len(blank) == 1 else ("are", "these controls")
        yield (
            f"{', '.join(blank)} {are} not required: Label Studio takes a Submit without an answer, which counts for "
            f'nothing. Add required="true" to {them} (Settings > Labeling Interface).'
        )
    if seen.pool.tasks:
        yield from _pool(seen)
    yield from _answers(seen, project)
    if seen.prior:
        fields = few([field.name for field in seen.fields])
        yield (
            f"It has {seen.prior} annotations already: they are taken in first, as TRAIN labels (imported ones too), "
            f"and none of their tasks becomes an audit task. Skipped tasks and what {fields} does not allow do not "
            f"count. If {seen.rules.round_due_at(0)} labels settle they close round 1 by themselves."
        )


def _answers(seen: Preview, project: int) -> Iterator[str]:
    """Say what counts as no answer."""
    among = f"Among the first {seen.looked_at} tasks: " if seen.looked_at < seen.pool.tasks else ""
    for field, answers in zip(seen.fields, seen.answers, strict=True):
        of = f"{field.name}: " if len(seen.fields) > 1 else ""
        for found in findings(answers, project):
            yield f"{among}{of}{found.what} {found.advice}"


def _pool(seen: Preview) -> Iterator[str]:
    pool, people = seen.pool, seen.rules.monitor_people
    blind = f", labelled blind by {people} annotators each" if people > 1 else ", labelled blind"
    yield f"Tasks: {pool.tasks}; up to {pool.audit} of them become audit tasks (MONITOR){blind}."
    about = f"from about {10 * -(-seen.pays_from // 10)} tasks on" if seen.pays_from else "with no number of tasks"
    least = (
        f"audit tasks take {counted(pool.second_labels, 'second label')}, a model {seen.rules.round_due_at(0)} labels, "
        f"a certificate at least {seen.certify}"
    )
    if pool.pays:
        yield f"Certifying can pay {about}; here it can save {pool.saved} labels at the very best ({least})."
    else:
        yield f"Certifying cannot pay here, only {about} ({least}): label all {pool.tasks} tasks with the model's help."


def encoder_lines(seen: EncoderSeen) -> Iterator[str]:
    """Yield which encoder turns the texts into vectors, why, and what is wrong with that."""
    yield f"Encoder: {seen.choice.encoder} ({seen.choice.reason})."
    if seen.warning:
        yield f"! {seen.warning}"
    if seen.long:
        yield seen.long


def connected_lines(connected: Connected) -> Iterator[str]:
    """Yield what was done, and what comes next."""
    project, rules = connected.connection.project_id, connected.rules
    state = "is connected" if connected.changed else "was connected already with these rules; its wiring is in order"
    asked = ("prompt",) if Settings().llm.is_complete else ()
    kinds = (name for field in connected.fields for name in default_learners(field.kind))
    learners = rules.learners or (*dict.fromkeys(kinds), *asked)
    yield f"Project {project} ({connected.connection.title}) {state}; learners: {', '.join(learners)}."
    if connected.tasks:
        yield (
            f"A worker now reads its {connected.tasks} tasks and puts them in order; then people press "
            f'"Label All Tasks". The first model is fitted after {rules.round_due_at(0)} labels.'
        )
    else:
        yield "It has no tasks yet: import some in Label Studio; a worker then puts them in order by itself."
    if connected.instructed:
        yield f"Annotators are told how this works, under Labeling Instructions: labelloop instructions {project}"
    yield f"See how it goes: labelloop status {project}"
