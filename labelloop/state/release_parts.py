"""A release part by part, so that memory stays flat: a pool's tasks, the model's answers, and what became of each."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from labelloop.domain.asked_rounds import ancestors
from labelloop.domain.predictions import Prediction
from labelloop.domain.release_chunks import chunk_numbers, chunk_of
from labelloop.domain.release_labels import Finished, PeopleLabels, finish, finish_where_asked, people_labels
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
    parents = (_said(book, state.focused(name)) for name in names)
    for part, *others in zip(_said(book, state), *parents, strict=True):
        found = {name: other.finished for name, other in zip(names, others, strict=True)}
        yield replace(part, finished=finish_where_asked(part.finished, state.field, fields, found))


def _said(book: Book, state: ProjectState) -> Iterator[Part]:
    mirror, people = field_mirror(book, state), _people(book, state)
    ids = sorted(mirror.task_ids())
    for number in chunk_numbers(len(ids)):
        tasks = mirror.tasks(chunk_of(ids, number))
        yield Part(tasks, {}, finish(tasks, people, {}, ()))


def release_parts(book: Book, state: ProjectState) -> Iterator[Part]:
    """Yield the tasks that the newest attempt was drawn from in order of id, with their labels as a release has them.

    Raises BrokenPromise where there is no certificate to release under.
    """
    attempt, field, mirror = state.attempt, state.field, field_mirror(book, state)
    if attempt is None or attempt.certificate is None:
        raise BrokenPromise(f"Project {state.id} has no certificate to release under.")
    chunks = {chunk.number: chunk for chunk in state.looped.chunks_of(attempt)}
    ids, pool, people = task_ids(book, attempt.draw), read_pool(book, attempt.draw), _people(book, state)
    for number in chunk_numbers(len(ids)):
        tasks = mirror.tasks(chunk_of(ids, number))
        answers = read_answers(book, [chunks[number]] if number in chunks else [])
        automated = {
            task_id
            for task_id, answer in answers.items()
            if task_id in pool
            and answer.margin >= attempt.certificate.threshold
            and not answer.fallback
            and field.allows(answer.value)
        }
        yield Part(tasks, answers, finish(tasks, people, answers, automated))


def _people(book: Book, state: ProjectState) -> PeopleLabels:
    mirror = field_mirror(book, state)
    annotations = mirror.annotations()
    return people_labels(mirror.tasks(sorted({a.task_id for a in annotations})), annotations, state.field)
