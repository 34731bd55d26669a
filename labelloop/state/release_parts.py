"""A release part by part, so that memory stays flat: a pool's tasks, the model's answers, and what became of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from labelloop.domain.asked import parents_first, with_parents
from labelloop.domain.asked_rounds import ancestors
from labelloop.domain.lookup import matching
from labelloop.domain.predictions import Prediction
from labelloop.domain.records import Certificate
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
from labelloop.domain.row_answers import RowAnswer, rows_of_models
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Task
from labelloop.domain.unanswered import Unanswered
from labelloop.errors import BrokenPromise
from labelloop.state.field_mirror import field_mirror
from labelloop.state.project_state import ProjectState
from labelloop.state.standing_certificate import standing_certificate
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
    name = state.field.name
    finishers = {one: _Finisher(book, state.focused(one)) for one in (*ancestors(state.field, fields), name)}
    ids = sorted(field_mirror(book, state).task_ids())
    for number in chunk_numbers(len(ids)):
        found = {one: finisher.by_people(chunk_of(ids, number)) for one, finisher in finishers.items()}
        said = {one: part.finished for one, part in found.items()}
        yield replace(found[name], finished=finish_where_asked(said[name], state.field, fields, said))


def release_parts(book: Book, state: ProjectState) -> Iterator[tuple[Part, ...]]:
    """Yield the tasks that the newest attempt was drawn from in order of id, once for each looped field.

    Their labels are those that a release has. A task waits for a person where a field of the attempt lacks its label:
    of one that was refused and is not asked everywhere, where the labels of the others ask for it. So it does where
    they ask for one that had no model when the attempt was drawn; no task waits for any other field. Raises
    BrokenPromise where there is no certificate to release under.
    """
    attempt = state.shared_attempt
    if attempt is None or attempt.certificate is None:
        raise BrokenPromise(f"Project {state.id} has no certificate to release under.")
    ids = task_ids(book, attempt.draw)
    fields = {one.field.name: one.field for one in state.fields}
    finishers = {name: _Finisher(book, state.focused(name)) for name in fields}
    certified = {one.name: one for one in with_parents([one.field for one in state.attempted])}
    for number in chunk_numbers(len(ids)):
        tasks = chunk_of(ids, number)
        rows = rows_of_models(certified, tasks, {name: finishers[name].said(number) for name in certified})
        found: dict[str, Part] = {}
        for name in (field.name for field in parents_first(tuple(fields.values()))):
            found[name] = finishers[name].part(tasks, rows, {before: one.finished for before, one in found.items()})
        yield tuple(found[name] for name in fields)


def may_stand(field: Field, certificate: Certificate, row: RowAnswer) -> bool:
    """Return whether what models fill in of a field in a task's row is released under its certificate."""
    allowed = isinstance(row.answer, Unanswered) or field.allows(row.answer)
    return allowed and not row.fallback and row.margin >= certificate.threshold


class _Finisher:
    """Finishes the tasks of the field in focus part by part."""

    def __init__(self, book: Book, state: ProjectState) -> None:
        self._book, self._state, self._mirror = book, state, field_mirror(book, state)
        annotations = self._mirror.annotations()
        annotated = self._mirror.tasks(sorted({a.task_id for a in annotations}))
        self._people: PeopleLabels = people_labels(annotated, annotations, state.field)
        self._fields = {one.field.name: one.field for one in state.fields}
        self._certificate, attempt = standing_certificate(state), state.attempt
        self._pool = read_pool(book, attempt.draw) if attempt and self._certificate else frozenset[int]()

    def by_people(self, ids: Sequence[int]) -> Part:
        """Return these tasks with people's labels of the field, whatever is said of others."""
        tasks = self._mirror.tasks(ids)
        return Part(tasks, {}, finish(tasks, self._people, {}, ()))

    def said(self, number: int) -> dict[int, Prediction]:
        """Return the certified version's stored answers on a chunk."""
        attempt = self._state.attempt
        chunks = self._state.looped.chunks_of(attempt) if attempt else ()
        return read_answers(self._book, matching(chunks, number=number))

    def part(
        self,
        ids: Sequence[int],
        rows: Mapping[str, Mapping[int, RowAnswer]],
        before: Mapping[str, Finished],
    ) -> Part:
        """Return these tasks with the labels that a release has of the field.

        `rows` is what models say by field and task, `before` how far the fields are that this one depends on.
        """
        state, tasks = self._state, self._mirror.tasks(ids)
        mine = rows.get(state.field.name, {})
        answers = {id_: said for id_, row in mine.items() if (said := row.prediction)}
        parents = {name: before[name] for name in ancestors(state.field, self._fields)}

        def agrees(id_: int) -> bool:  # another answer of a parent, as of a copy of its text, may ask otherwise
            said = ((one, rows.get(name, {}).get(id_)) for name, one in parents.items())
            return all(row is not None and one.says(id_) == row.answer for one, row in said)

        automated = {id_ for id_, row in mine.items() if self._may_stand(id_, row) and agrees(id_)}
        finished = finish(tasks, self._people, answers, automated)
        return Part(tasks, answers, self._in_form(finished, parents))

    def _may_stand(self, id_: int, row: RowAnswer) -> bool:
        certificate = self._certificate
        return certificate is not None and id_ in self._pool and may_stand(self._state.field, certificate, row)

    def _in_form(self, finished: Finished, parents: Mapping[str, Finished]) -> Finished:
        """Return how far the field is, beside how far those are that it depends on."""
        state, field = self._state, self._state.field
        said = finish_where_asked(finished, field, self._fields, parents)
        if state.attempt is None and not state.is_left_to_people:
            return wait_for_nobody(said)
        if field.condition is None or self._certificate is not None:
            return said
        return wait_where_asked(said, field, self._fields, parents)
