"""A release part by part, so that memory stays flat: a pool's tasks, the model's answers, and what became of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from labelloop.domain.certify import Attempt
from labelloop.domain.finishing import Finished, finish, judged
from labelloop.domain.predictions import Answer
from labelloop.domain.records import ReleaseChunk
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Annotation, Task
from labelloop.errors import BrokenPromise
from labelloop.stores.book import Book
from labelloop.stores.certify_files import read_answers, read_pool, task_ids
from labelloop.stores.mirror import Mirror

CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """One chunk of the tasks: as they now stand, what the certified version says of them, and how far they are."""

    tasks: dict[int, Task]
    answers: dict[int, Answer]
    finished: Finished


def chunk_numbers(tasks: int) -> range:
    """Return the numbers of the chunks that so many tasks come in."""
    return range(-(-tasks // CHUNK))


def chunk_of(ids: Sequence[int], number: int) -> list[int]:
    """Return the tasks of the `number`-th chunk, from 0 on."""
    return list(ids[number * CHUNK : (number + 1) * CHUNK])


def finished_parts(
    book: Book,
    mirror: Mirror,
    attempt: Attempt,
    chunks: Mapping[int, ReleaseChunk],
    looped: Field,
    annotations: Sequence[Annotation],
) -> Iterator[Part]:
    """Yield the tasks that the attempt was drawn from in order of id, with their labels as the release has them.

    `chunks` are the stored answers by number. Raises BrokenPromise where there is no certificate to release under.
    """
    certificate = attempt.certificate
    if certificate is None:
        raise BrokenPromise(f"Attempt {attempt.draw.number} has no certificate to release under.")
    ids, pool = task_ids(book, attempt.draw), read_pool(book, attempt.draw)
    said = judged(mirror.tasks(sorted({a.task_id for a in annotations})), annotations, looped)
    for number in chunk_numbers(len(ids)):
        tasks = mirror.tasks(chunk_of(ids, number))
        answers = read_answers(book, [chunks[number]] if number in chunks else [])
        automated = {
            task_id
            for task_id, answer in answers.items()
            if task_id in pool
            and answer.margin >= certificate.threshold
            and not answer.stands_in
            and looped.allows(answer.value)
        }
        yield Part(tasks, answers, finish(tasks, said, answers, automated))
