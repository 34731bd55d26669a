"""What a release of several fields would hold by tasks, before it is ordered: whose labels each would have."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from labelloop.domain.asked import tasks_asked
from labelloop.domain.certification import Attempt
from labelloop.domain.predictions import Prediction
from labelloop.learners.base import ModelContext
from labelloop.state.field_mirror import field_mirror
from labelloop.state.project_state import ProjectState
from labelloop.state.release_parts import Part, people_parts
from labelloop.steps.predict_tasks import answer
from labelloop.steps.release import certified
from labelloop.stores.book import Book
from labelloop.stores.certify_files import read_population


@dataclass(frozen=True, slots=True)
class JointPreview:
    """How many tasks have labels of models alone, of people alone, of both, and of nobody: together all tasks.

    What models label is estimated from the tasks drawn for the certificates; people label what they leave.
    """

    by_model: int
    by_people: int
    mixed: int
    left: int


def joint_preview(book: Book, state: ProjectState, share: float | None) -> JointPreview:
    """Return what a release would hold, ordered now; without a `share`, see `model_share`, one of people's labels."""
    attempted = [] if share is None else [one.field.name for one in state.attempted]
    attempt = None if share is None else state.shared_attempt
    pool = read_population(book, attempt.draw).pool if attempt else frozenset[int]()
    names = [one.field.name for one in state.by_field]
    tasks, labelled, waiting = set[int](), set[int](), set[int]()
    for parts in zip(*(people_parts(book, one) for one in state.by_field), strict=True):
        tasks |= parts[0].tasks.keys()
        labelled |= {id_ for part in parts for id_ in part.finished.labels}
        waiting |= _waiting(dict(zip(names, parts, strict=True)), attempted)
    by_model = round((share or 0.0) * len((waiting & pool) - labelled))
    mixed = round((share or 0.0) * len(waiting & pool & labelled))
    return JointPreview(by_model, len(labelled | waiting) - by_model - mixed, mixed, len(tasks - labelled - waiting))


def model_share(book: Book, state: ProjectState, *, context: ModelContext) -> float:
    """Return in which share of the tasks drawn for the newest certificates, in [0, 1], models label every field.

    The tasks are a sample of the pool. A field that was refused leaves all to people, and a field under a condition
    those in which it is asked after the models' answers. Raises UserError where no certificate is granted.
    """
    granted = certified(state)
    if len(granted) < len(state.attempts):
        return 0.0
    drawn = read_population(book, granted[0].draw).drawn
    said = {one.field.name: _said(book, one, one.attempt, drawn, context) for one in state.attempted if one.attempt}
    fields = {one.field.name: one.field for one in state.fields}
    asked = [tasks_asked(one, fields, drawn, said) for one in fields.values() if one.condition is not None]
    sure = [id_ for id_ in drawn if all(id_ in found for found in said.values())]
    return sum(not any(found[id_] for found in asked) for id_ in sure) / max(len(drawn), 1)


def _said(
    book: Book, state: ProjectState, attempt: Attempt, drawn: Sequence[int], context: ModelContext
) -> dict[int, Prediction]:
    """Return those of the certified version's answers that may stand."""
    tasks = field_mirror(book, state).tasks(drawn)
    answers = answer(book, state.version(attempt.draw.version), list(tasks.values()), context=context)
    threshold = attempt.certificate.threshold if attempt.certificate else 1.0
    return {
        id_: one
        for id_, one in answers.items()
        if one.margin >= threshold and not one.fallback and state.field.allows(one.value)
    }


def _waiting(parts: Mapping[str, Part], attempted: Collection[str]) -> set[int]:
    """Return the tasks of which a field of the attempt has no label yet, from whomever."""
    return {id_ for name, part in parts.items() if name in attempted for id_ in part.finished.waiting}
