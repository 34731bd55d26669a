"""The TRAIN tasks behind a guideline that an LLM proposed, rule by rule; never audit tasks, which it must not know."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from labelloop.domain.guideline_records import Guideline
from labelloop.domain.refinement import REFINEMENT, Edit, Evidence, Refinement
from labelloop.domain.rounds import Round
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Task, fingerprint
from labelloop.domain.units import asked_text
from labelloop.domain.value_cells import value_from_json
from labelloop.domain.values import FieldKind, Value, labels_of
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import closed_round
from labelloop.stores.book import Book


@dataclass(frozen=True, slots=True)
class Behind:
    """A task behind a rule, with what people say of it and the LLM `before` and `after`; None: left to people.

    `is_error` tells that the rule was made from it: it was not asked about again. Else `gain` is in [-1, 1].
    """

    task: Task
    right: Value
    before: Value | None
    after: Value | None
    is_error: bool
    gain: float


@dataclass(frozen=True, slots=True)
class RuleEvidence:
    """A proposed rule (with an empty label the task) and the tasks that speak of its label, in either answer.

    `edit` is None where tasks speak of no label that has a new rule.
    """

    edit: Edit | None
    tasks: tuple[Behind, ...]

    @property
    def made_from(self) -> tuple[Behind, ...]:
        """Return the errors that the rule was made from."""
        return tuple(one for one in self.tasks if one.is_error)

    @property
    def better(self) -> tuple[Behind, ...]:
        """Return the held-out tasks that come out better with the proposal."""
        return tuple(one for one in self.tasks if one.gain > 0)

    @property
    def worse(self) -> tuple[Behind, ...]:
        """Return the held-out tasks that come out worse."""
        return tuple(one for one in self.tasks if one.gain < 0)


@dataclass(frozen=True, slots=True)
class ProposalEvidence:
    """What a proposal rests on, by rule; `tried` tells whether it was tested on held-out tasks.

    `lost` examples are of no task in the round any more.
    """

    rules: tuple[RuleEvidence, ...]
    lost: int
    tried: bool


def evidence_of(book: Book, state: ProjectState, guideline: Guideline) -> ProposalEvidence | None:
    """Return the tasks behind a guideline of the field in focus, None where records do not tell."""
    if REFINEMENT not in book.artifacts.manifest(guideline.artifact)["files"]:
        return None
    found = Refinement.from_json(book.artifacts.read(guideline.artifact, REFINEMENT).decode())
    closed = closed_round(book, state, guideline.round_number)
    if found.evidence is None or closed is None:
        return None
    tasks = tasks_by_text(closed)
    behind = dict.fromkeys(one for each in found.evidence for one in _behind(each, tasks, state.field))
    lost = sum(each.fingerprint not in tasks for each in found.evidence)
    return ProposalEvidence(by_rule(found.edits, behind), lost, found.after is not None)


def tasks_by_text(closed: Round) -> dict[str, Task]:
    """Return the TRAIN tasks that could be learned from, by the fingerprint of what a model is asked.

    Of equal texts it is the first.
    """
    tasks: dict[str, Task] = {}
    for one in closed.training:
        if one.label is not None:
            tasks.setdefault(fingerprint(asked_text(one.task.text, [one.label])), one.task)
    return tasks


def by_rule(edits: Iterable[Edit], behind: Iterable[Behind]) -> tuple[RuleEvidence, ...]:
    """Return the tasks by the rules whose label they speak of; those of no such label come last, or with the task's."""
    kept, every = tuple(edits), tuple(behind)
    named = {edit.label for edit in kept if edit.label}
    rest = tuple(one for one in every if not _labels(one) & named)
    found = [
        RuleEvidence(edit, tuple(one for one in every if edit.label in _labels(one)) if edit.label else rest)
        for edit in kept
    ]
    without = not rest or any(not edit.label for edit in kept)
    return tuple(found if without else [*found, RuleEvidence(None, rest)])


def _labels(one: Behind) -> frozenset[str]:
    said = (one.right, one.before, one.after)
    return frozenset[str]().union(*(labels_of(value) for value in said if value is not None))


def _behind(one: Evidence, tasks: Mapping[str, Task], field: Field) -> list[Behind]:
    task = tasks.get(one.fingerprint)
    if task is None:
        return []
    before, after = (_value(field.kind, written) for written in (one.before, one.after or ""))
    right = value_from_json(field.kind, one.right)
    return [Behind(task, right, before, after, one.after is None, one.gain)]


def _value(kind: FieldKind, written: str) -> Value | None:
    return value_from_json(kind, written) if written else None
