"""What people should know of annotations and tasks that count as no answer: sentences, and findings of `doctor`."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from labelloop.domain.answer_counts import TROUBLE, AnswerCounts
from labelloop.domain.unanswered import Unanswered
from labelloop.finding import Finding, Level
from labelloop.formatting import counted, few
from labelloop.state.answers import answer_counts
from labelloop.state.load import load
from labelloop.state.project_state import ProjectState
from labelloop.state.rename_offers import rename_offers
from labelloop.stores.book import Book
from sync.config.visible_when import hidden_controls

TASKS = 5
"""How many tasks a sentence names."""
_HOLDS = {
    Unanswered.UNREADABLE: "that cannot be read",
    Unanswered.CONTRADICTORY: "with several answers where one is wanted",
    Unanswered.EMPTY: "submitted or stored without an answer",
}
_REPAIR = {
    Unanswered.UNREADABLE: "Open them in Label Studio, answer again and save, or delete them; docs/controls.md says "
    "what can be read.",
    Unanswered.CONTRADICTORY: "Open them in Label Studio, leave one answer and save.",
    Unanswered.EMPTY: "Open them in Label Studio, answer or skip them, and save; a control with "
    'required="true" takes no empty Submit.',
}


def findings(
    counts: AnswerCounts, project_id: int, renamed: Collection[str] = (), *, blank_is_fine: bool = False
) -> Iterator[Finding]:
    """Yield a warning, with what to do, for all that counts as no answer; `renamed` labels are told of elsewhere.

    With `blank_is_fine` an annotation without an answer is none: of several fields some may be left out.
    """
    for reason in TROUBLE:
        if blank_is_fine and reason is Unanswered.EMPTY:
            continue
        if tasks := counts.unanswered.get(reason):
            what = f"Unanswered: {counted(len(tasks), 'annotation')} {_HOLDS[reason]} ({_named(tasks)})."
            yield Finding(Level.WARN, what, _REPAIR[reason])
    yield from _unknown_labels(counts, project_id, renamed)
    if counts.without_text:
        lost = counts.annotations_without_text
        more = f" (with {counted(lost, 'annotation')})" if lost else ""
        what = f"{counted(counts.without_text, 'task')} without a text{more}: neither queued nor learned from."
        yield Finding(Level.WARN, what, "Give them a text under the key that the object tag shows, or delete them.")
    for task_id, why in list(counts.unreadable_tasks.items())[:TASKS]:
        yield Finding(Level.WARN, f"Task {task_id} is left out.", why)
    if len(counts.unreadable_tasks) > TASKS:
        more = f"{len(counts.unreadable_tasks):,} tasks are left out in all."
        yield Finding(Level.WARN, more, "The worker's log names them (task_left_out).")


def _unknown_labels(counts: AnswerCounts, project_id: int, renamed: Collection[str]) -> Iterator[Finding]:
    gone = {label: n for label, n in counts.unknown_labels.items() if label not in renamed}
    if not gone:
        return
    told = few([f"{n:,} are {label}" for label, n in gone.items()], TASKS)
    first = next(iter(gone))
    yield Finding(
        Level.WARN,
        f"Annotations no longer count whose label the configuration does not have: {told}.",
        f'If a label has a new name: labelloop rename {project_id} --label "{first}=NEW NAME". '
        "Otherwise label these tasks again.",
    )


def _named(tasks: tuple[int, ...]) -> str:
    numbers = [str(task_id) for task_id in sorted(set(tasks))]
    return ("task " if len(numbers) == 1 else "tasks ") + few(numbers, TASKS)


def hidden_sentence(hidden: Mapping[str, str]) -> str:
    """Return which controls are not asked of every task, empty where all are."""
    if not hidden:
        return ""
    shown = "; ".join(f"{name}: {reason}" for name, reason in list(hidden.items())[:TASKS])
    return f"{counted(len(hidden), 'control')} not asked of every task, and so not looped: {shown}."


def conditional_sentences(fields: Mapping[str, AnswerCounts]) -> Iterator[str]:
    """Yield how often fields under a condition were not asked, by name, and what stands there all the same."""
    if fields:
        silent = (f"{name} in {counted(one.count(Unanswered.NOT_ASKED), 'annotation')}" for name, one in fields.items())
        yield f"Not asked, as the condition did not hold: {', '.join(silent)}."
    for name, counts in fields.items():
        if unmet := counts.count(Unanswered.CONDITION_UNMET):
            yield f"{name}: {counted(unmet, 'answer')} given though it was not asked, which does not count."
        if unknown := counts.count(Unanswered.CONDITION_UNKNOWN):
            what = f"whether it was asked nobody can tell in {counted(unknown, 'annotation')}"
            yield f"{name}: {what}, since the answer that it depends on cannot be read."


def hidden_unlooped(state: ProjectState) -> dict[str, str]:
    """Return why controls, by name, are not asked of every task, those that the project loops left out."""
    looped = {one.field.name for one in state.fields}
    hidden = hidden_controls(state.schema.label_config)
    return {name: reason for name, reason in hidden.items() if name not in looped}


def conditional_counts(book: Book, state: ProjectState) -> dict[str, AnswerCounts]:
    """Return what counts as no answer of each looped field that is not asked of every task."""
    return {one.field.name: answer_counts(book, one) for one in state.by_field if one.field.condition}


def project_findings(book: Book, project_id: int) -> Iterator[Finding]:
    """Yield what `doctor` says of a project's answers, a good word where nothing is lost."""
    from sync.config.label_config import may_be_left_empty  # takes a second, which `labelloop status` does without
    from workers.jobs.looped_fields import not_looped

    state = load(book, project_id)
    if not state.fields:
        return
    found = [one for field in state.by_field for one in _of_field(book, field)]
    yield from found or [Finding(Level.OK, "Every answer can be read.")]
    config = state.schema.label_config
    always = [one.field for one in state.fields if one.field.condition is None]  # others are not asked by a blank form
    blank = [field.name for field in always if may_be_left_empty(config, field)]
    if len(blank) == len(always):
        which = f"The control {blank[0]} is not" if len(blank) == 1 else f"None of {', '.join(blank)} is"
        what = f"{which} required: an empty Submit takes an annotator's time for nothing."
        yield Finding(Level.WARN, what, 'Add required="true" to it (Settings > Labeling Interface).')
    if others := not_looped(config, [one.field for one in state.fields]):
        what = f"Not looped, though it could be: {', '.join(others)}."
        yield Finding(Level.OK, what, f"labelloop rules {project_id} --set fields=all loops every field.")
    yield from (Finding(Level.OK, said) for said in conditional_sentences(conditional_counts(book, state)))
    if hidden := hidden_sentence(hidden_unlooped(state)):
        yield Finding(Level.OK, hidden)


def _of_field(book: Book, state: ProjectState) -> Iterator[Finding]:
    several = len(state.fields) > 1
    renamed = [offer.old for offer in rename_offers(book, state)]
    for one in findings(answer_counts(book, state), state.id, renamed, blank_is_fine=several):
        yield replace(one, what=f"{state.field.name}: {one.what}") if several else one
