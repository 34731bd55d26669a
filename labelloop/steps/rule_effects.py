"""What a change of the rules will do to a project, in words, before it is done."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from labelloop.domain.schema import Field
from labelloop.domain.tasks import Role
from labelloop.encoders.encoder_choice import encoder_warning
from labelloop.encoders.encoder_spec import in_words
from labelloop.encoders.names import has_multilingual
from labelloop.formatting import counted
from labelloop.plugins import is_background
from labelloop.rules import Rules
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import fields_judged_now, judged_now, settled_before
from labelloop.steps.encoder_by_texts import seen_in_mirror
from labelloop.stores.book import Book


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """What the change of one rule does; `grave` where it closes a round, or replaces or re-measures a model."""

    key: str
    what: str
    grave: bool = False


def rule_effects(book: Book, state: ProjectState, after: Rules, fields: Sequence[Field]) -> list[RuleEffect]:
    """Return what happens where the project's rules become `after`, which loop `fields`; none for no change."""
    change = _Change(book, state, after, tuple(fields))
    now, then = state.rules.model_dump(), after.model_dump()
    changed = [key for key in then if now[key] != then[key]]
    if "round_size" in changed and "round_growth" in changed:
        changed.remove("round_growth")  # both say when a round is due, which is told once
    if "encoder" in changed and "long_texts" in changed:
        changed.remove("long_texts")  # both say which vectors texts have
    return [effect for key in changed for effect in _EFFECTS.get(key, _from_now_on(key))(change)]


@dataclass(frozen=True, slots=True)
class _Change:
    book: Book
    state: ProjectState
    after: Rules
    fields: tuple[Field, ...]


_Told = Callable[[_Change], Iterator[RuleEffect]]


def _from_now_on(key: str) -> _Told:
    def told(_: _Change) -> Iterator[RuleEffect]:
        yield RuleEffect(key, "it holds for what is done from now on; what is recorded stays as it is")

    return told


def _fields(change: _Change) -> Iterator[RuleEffect]:
    before = [one.field.name for one in change.state.fields]
    after = [one.name for one in change.fields]
    new = ", ".join(name for name in after if name not in before)
    gone = [name for name in before if name not in after]
    if new:
        instead = f" instead of {', '.join(gone)}" if gone else f" beside {', '.join(before)}"
        words = f"{new} is looped{instead}: every annotation is read anew for it, and a round closes as soon as there"
        yield RuleEffect("fields", f"{words} are labels of it", grave=True)
    for field in change.state.by_field:
        if field.field.name in gone:
            serves = f"; {field.looped.deployed_version} answers no more" if field.deployed else ""
            words = f"{field.field.name} is looped no more{serves}; its figures stay on record"
            yield RuleEffect("fields", words, grave=True)
    if not new and not gone:
        yield RuleEffect("fields", f"{', '.join(after)} is looped as before")


def _rounds(change: _Change) -> Iterator[RuleEffect]:
    last = change.state.last_round
    due = change.after.round_due_at(last.train if last else 0)
    now = fields_judged_now(change.book, change.state)
    new = len(now.training - settled_before(change.book, change.state))
    if new >= due:
        words = f"a round closes at once: it takes {counted(due, 'new label')}, and there are {new}"
        yield RuleEffect("round_size", words, grave=new < change.state.round_due_at)
    else:
        yield RuleEffect("round_size", f"the next round closes after {due - new} more labels")


def _learners(change: _Change) -> Iterator[RuleEffect]:
    state, serves = change.state, change.state.looped.deployed_version
    named, last = change.after.learners, state.last_round
    new = [spec for spec in named if not (last and state.looped.is_fitted(last.number, spec))]
    if last and new:
        slow = " (in the background)" if all(map(is_background, new)) else ""
        rival = f"; what comes out of it may replace {serves}" if serves else ""
        yield RuleEffect("learners", f"{', '.join(new)} is fitted to round {last.number}{slow}{rival}", grave=True)
    deployed = state.deployed
    if deployed and named and deployed.learner not in named:
        words = f"{deployed.learner} is fitted no more; {serves} serves until another version wins"
        yield RuleEffect("learners", words)
    elif not (last and new):
        yield RuleEffect("learners", "the next round is fitted by " + (", ".join(named) or "the default learners"))


def _encoder(change: _Change) -> Iterator[RuleEffect]:
    state, last = change.state, change.state.last_round
    spec = change.book.encoders.spec(change.after.encoder, change.after.windows)
    now, then = in_words(state.encoder), in_words(str(spec))
    if state.encoder == str(spec):
        yield RuleEffect("encoder", f"{then} is the encoder as before")
        return
    source, found = spec.source, seen_in_mirror(change.book, state)
    if wrong := encoder_warning(source, found, has_multilingual=has_multilingual(), project_id=state.id):
        yield RuleEffect("encoder", wrong.rstrip("."))
    if not last:
        yield RuleEffect("encoder", f"the first model is fitted with {then}")
        return
    serves = state.looped.deployed_version
    until = f"; {serves} serves with {now} until the new version is deployed" if serves else ""
    words = f"round {last.number} is fitted anew with {then} instead of {now}, which may replace {serves or 'no model'}"
    yield RuleEffect("encoder", f"{words}{until}", grave=True)


def _monitor_size(change: _Change) -> Iterator[RuleEffect]:
    there = len(change.state.tasks.of(Role.MONITOR))
    words = f"the {counted(there, 'audit task')} drawn so far stay; " if there else ""
    yield RuleEffect("monitor_size", f"{words}it holds for tasks that are imported from now on")


def _monitor_people(change: _Change) -> Iterator[RuleEffect]:
    now = judged_now(change.book, change.state)
    before, then = len(now.audit(change.state.rules.monitor_people)), len(now.audit(change.after.monitor_people))
    words = f"the audit set changes from {before} to {counted(then, 'task')}, and versions are measured on it anew"
    if before == then:
        words = "it holds for every audit task; none of those labelled so far is affected"
    yield RuleEffect("monitor_people", words, grave=before != then)


def _verdicts(key: str) -> _Told:
    def told(_: _Change) -> Iterator[RuleEffect]:
        yield RuleEffect(key, "verdicts follow it from the next round on; those that were given stay")

    return told


def _queue(key: str, more: str = "") -> _Told:
    def told(_: _Change) -> Iterator[RuleEffect]:
        yield RuleEffect(
            key, f"the queue follows it when it is ordered next: after a round, or when it runs short{more}"
        )

    return told


def _own_columns(_: _Change) -> Iterator[RuleEffect]:
    yield RuleEffect("own_columns", "the files of rounds follow it from the next round on")


_EFFECTS: Mapping[str, _Told] = {
    "fields": _fields,
    "round_size": _rounds,
    "round_growth": _rounds,
    "learners": _learners,
    "encoder": _encoder,
    "long_texts": _encoder,
    "monitor_size": _monitor_size,
    "monitor_people": _monitor_people,
    "own_columns": _own_columns,
    **{key: _verdicts(key) for key in ("margin", "looks")},
    **{key: _queue(key) for key in ("monitor_share", "queue_rounds", "strategy", "gold")},
    **{key: _queue(key, "; tasks opened from the list at once") for key in ("pre_annotate", "show_from")},
}
