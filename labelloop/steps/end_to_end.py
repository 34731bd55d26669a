"""A field about regions together with those that mark its regions: how well what people are shown is what they say."""

from collections.abc import Mapping, Sequence

from labelloop.domain.asked import Fields, is_asked, marking, parents_first, regions_of_tasks
from labelloop.domain.asked_rounds import ancestors
from labelloop.domain.predictions import Prediction
from labelloop.domain.rounds import Round
from labelloop.domain.schema import Field
from labelloop.domain.values import ByRegion, Relations, Span, Spans, Value
from labelloop.learners.base import ModelContext
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import as_measured, closed_round
from labelloop.stats.span_agreement import Match, SpanScore, span_score
from labelloop.steps.model_store import load_model
from labelloop.steps.questions import Questions
from labelloop.stores.book import Book


def end_to_end(book: Book, state: ProjectState, closed: Round, *, context: ModelContext) -> SpanScore | None:
    """Return how well the regions that serving versions find, and what is said of each, are those of people.

    A region counts where its ends, its label and what is said of it are the same, a relation where its label and both
    regions are. None of a field about whole tasks,
    without a version of every field that it takes, and without an audit task on whose regions people agree.
    """
    fields: Fields = {one.field.name: one.field for one in state.fields}
    needed = ancestors(state.field, fields) | {state.field.name}
    if not state.field.is_about_regions or any(state.focused(name).deployed is None for name in needed):
        return None
    people = _people(book, state, closed, fields)
    if not people:
        return None
    found = _predicted(book, state, [fields[name] for name in fields if name in needed], sorted(people), context)
    pairs = [(_marked(said), _marked(found[task].value)) for task, said in people.items()]
    return span_score(pairs, Match.STRICT, seed=state.rules.seed)


def _people(book: Book, state: ProjectState, closed: Round, fields: Fields) -> dict[int, Value]:
    """Return what people settled on of the field, none where they settled on regions that it is not asked about."""
    said: dict[int, dict[str, Value]] = {}
    for name in marking(state.field, fields):
        focused = state.focused(name)
        round_of_it = closed_round(book, focused, closed.number) or Round(closed.number, ())
        for task in as_measured(book, focused, round_of_it).audit(state.rules.monitor_people):
            if task.consensus.value is not None:
                said.setdefault(task.task.id, {})[name] = task.consensus.value
    settled = {task.task.id: task.consensus.value for task in closed.tasks}
    none = Relations(frozenset()) if state.field.is_about_pairs else ByRegion.of(state.field.kind, {})
    found = {id_: settled.get(id_) if is_asked(state.field, fields, one) else none for id_, one in said.items()}
    return {id_: value for id_, value in sorted(found.items()) if value is not None}


def _predicted(
    book: Book, state: ProjectState, fields: Sequence[Field], tasks: list[int], context: ModelContext
) -> Mapping[int, Prediction]:
    """Return what the serving version of the last of these fields says of the tasks where the others serve too."""
    by_name = {field.name: field for field in fields}
    found: dict[str, dict[int, Prediction]] = {}
    for field in parents_first(fields):
        focused = state.focused(field.name)
        assert focused.deployed is not None
        model = load_model(book, focused.deployed, context=context)
        questions = Questions(book, focused, regions_of_tasks(field, by_name, tasks, found))
        found[field.name] = dict(zip(tasks, model.predict(questions(tasks)), strict=True))
    return found[state.field.name]


def _marked(value: Value) -> Spans:
    """Return the regions as spans whose label says also what is said of them; relations stand where they lead from."""
    if isinstance(value, Relations):
        return Spans(frozenset(Span(*one.head.ends, str(one)) for one in value.relations))
    answers = value.by_span if isinstance(value, ByRegion) else {}
    return Spans(frozenset(Span(at.start, at.end, f"{at.label}: {said}") for at, said in answers.items()))
