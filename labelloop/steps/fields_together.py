"""Which fields of a project an LLM is asked about in one request: those that the same model is fitted to in a round."""

from labelloop.learners.base import Encode, FieldLesson
from labelloop.learners.prompt.joint_prompt import can_be_asked_together
from labelloop.plugins import asks_llm
from labelloop.state.field_learners import field_learners
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import closed_round
from labelloop.steps.background_learners import in_background
from labelloop.steps.guideline_rulings import guideline_now
from labelloop.steps.training_examples import training_examples
from labelloop.stores.book import Book


def fields_together(
    book: Book, state: ProjectState, number: int, spec: str, *, encode: Encode
) -> tuple[FieldLesson, ...]:
    """Return the other fields that a learner's fit to a round asks about together with the one in focus.

    Each comes with what it is fitted to in this round and with its guideline as it stands now. Before the first label
    none has any; later those without one are asked about alone.
    """
    if not asks_llm(spec) or len(state.fields) < 2:
        return ()
    others = [one for one in state.in_newest_round if one.field.name != state.field.name and _asked_by(one, spec)]
    fitting = [one for one in others if can_be_asked_together(one.field, state.field)]
    lessons = [_lesson(book, one, number, encode=encode) for one in fitting]
    return tuple(one for one in lessons if one.examples or not number)


def _asked_by(state: ProjectState, spec: str) -> bool:
    """Return whether a learner that asks the same model competes for the field in focus."""
    background = (one.spec for one in in_background(state, llm=True))
    specs = (*field_learners(state), *background)
    return any(asks_llm(one) and one.partition(":")[2] == spec.partition(":")[2] for one in specs)


def _lesson(book: Book, state: ProjectState, number: int, *, encode: Encode) -> FieldLesson:
    closed = closed_round(book, state, number)
    examples = training_examples(book, state, closed, encode=encode) if closed else []
    return FieldLesson(state.field, examples, guideline_now(book, state))
