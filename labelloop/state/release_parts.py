"""A release part by part, so that memory stays flat: a pool's tasks, the model's answers, and what became of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from labelloop.domain.asked_rounds import ancestors
from labelloop.domain.predictions import Prediction
from labelloop.domain.release_chunks import chunk_numbers, chunk_of
from labelloop.domain.release_labels import (
    Finished,
    PeopleLabels,
    finish,
    finish_where_asked,
    people_labels,
    wait_for_nobody,
    wait_where_asked,
)
from labelloop.domain.tasks import Task
from labelloop.errors import BrokenPromise
from labelloop.state.field_mirror import field_mirror
from labelloop.state.project_state import ProjectState
from labelloop.stores.book import Book
from labelloop.stores.certify_files import read_answers, read_pool, task_ids


@dataclass(frozen=True, slots=True)
class Part:
    """One chunk of the tasks: as they now stand, what the certified version says of them, and how far they are."""

    tasks: dict[int, Task]
    answers: dict[int, Prediction]
    finished: Finished


def people_parts(book: Book, state: ProjectState) -> Iterator[Part]:
    """Yield all tasks in order of id with the labels that people gave them of the field in focus; no model is asked.

    A field under a condition has a label only where what they settled on of the others asks for it.
    """
    fields = {one.field.name: one.field for one in state.fields}
    names = sorted(ancestors(state.field, fields))
    ids = sorted(field_mirror(book, state).task_ids())
    parents = (_field_parts(book, state.focused(name), ids, by_model=False) for name in names)
    for part, *others in zip(_field_parts(book, state, ids, by_model=False), *parents, strict=True):
        found = {name: other.finished for name, other in zip(names, others, strict=True)}
        yield replace(part, finished=finish_where_asked(part.finished, state.field, fields, found))


def release_parts(book: Book, state: ProjectState) -> Iterator[tuple[Part, ...]]:
    """Yield the tasks that the newest attempt was drawn from in order of id, once for each looped field.

    Their labels are those that a release has. A task waits for a person where a field of the attempt lacks its label,
    and where one under a condition is asked by the labels of the others; no task waits for any other field. Raises
    BrokenPromise where there is no certificate to release under.
    """
    attempt = state.shared_attempt
    if attempt is None or attempt.certificate is None:
        raise BrokenPromise(f"Project {state.id} has no certificate to release under.")
    ids = task_ids(book, attempt.draw)
    for parts in zip(*(_field_parts(book, one, ids) for one in state.by_field), strict=True):
        yield _together(state, parts)


def _together(state: ProjectState, parts: Sequence[Part]) -> tuple[Part, ...]:
    found = {one.field.name: part.finished for one, part in zip(state.fields, parts, strict=True)}
    return tuple(
        replace(part, finished=_in_form(one, part.finished, found))
        for one, part in zip(state.by_field, parts, strict=True)
    )


def _in_form(state: ProjectState, finished: Finished, found: Mapping[str, Finished]) -> Finished:
    """Return how far the field in focus is, beside how far all are."""
    if state.attempt is not None:
        return finished
    if state.field.condition is None:
        return wait_for_nobody(finished)
    fields = {one.field.name: one.field for one in state.fields}
    parents = {name: found[name] for name in ancestors(state.field, fields)}
    said = finish_where_asked(finished, state.field, fields, parents)
    return wait_where_asked(said, state.field, fields, parents)


def _field_parts(book: Book, state: ProjectState, ids: Sequence[int], *, by_model: bool = True) -> Iterator[Part]:
    """Yield these tasks with the labels of the field in focus, whatever is said of the others."""
    mirror, people = field_mirror(book, state), _people(book, state)
    attempt = state.attempt if by_model else None
    chunks = {chunk.number: chunk for chunk in state.looped.chunks_of(attempt)} if attempt else {}
    certificate = attempt.certificate if attempt else None
    granted = certificate if certificate and certificate.granted else None
    pool = read_pool(book, attempt.draw) if attempt and granted else frozenset[int]()
    for number in chunk_numbers(len(ids)):
        tasks = mirror.tasks(chunk_of(ids, number))
        answers = read_answers(book, [chunks[number]] if number in chunks else [])
        automated = {
            task_id
            for task_id, answer in answers.items()
            if granted
            and task_id in pool
            and answer.margin >= granted.threshold
            and not answer.fallback
            and state.field.allows(answer.value)
        }
        yield Part(tasks, answers, finish(tasks, people, answers, automated))


def _people(book: Book, state: ProjectState) -> PeopleLabels:
    mirror = field_mirror(book, state)
    annotations = mirror.annotations()
    return people_labels(mirror.tasks(sorted({a.task_id for a in annotations})), annotations, state.field)
