"""Drawing the CERTIFY tasks, and the attempt they belong to."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from labelloop.domain.next_step import Phase
from labelloop.domain.records import Certificate, CertifyDraw, Release, ReleaseOrder
from labelloop.domain.schema import Field


@dataclass(frozen=True, slots=True)
class Attempt:
    """The newest attempt to certify a field, and how far it has come; `release` was made under its certificate.

    Of an attempt for several fields each has its own draw, of the same tasks, and its own certificate.
    """

    draw: CertifyDraw
    certificate: Certificate | None = None
    order: ReleaseOrder | None = None
    release: Release | None = None

    @property
    def phase(self) -> Phase:
        """Return what the project is at because of this attempt."""
        if self.certificate is None:
            return Phase.CERTIFY
        under_way = self.order is not None and self.order.active and self.release is None
        return Phase.RELEASE if under_way else Phase.ROUNDS


@dataclass(frozen=True, slots=True)
class Population:
    """All tasks of a project as they stood when an attempt was drawn.

    `fingerprints` are those of all tasks by id; `pool` holds the tasks that the draw was made from, `drawn` included:
    the promise is about these.
    """

    fingerprints: dict[int, str]
    pool: frozenset[int]
    drawn: tuple[int, ...]


def draw(pool: Iterable[int], n: int, *, seed: int, number: int) -> list[int]:
    """Return `n` of the tasks, uniformly at random for the attempt's number, by id; the same ones in every process."""

    def ticket(task_id: int) -> bytes:
        text, key = f"certify {number} {task_id}".encode(), str(seed).encode()[:64]
        return hashlib.blake2b(text, key=key, digest_size=16).digest()

    return sorted(sorted(pool, key=ticket)[:n])


def share_of_delta(confidence: float, number: int, fields: int = 1) -> float:
    """Return the probability that the `number`-th attempt in which anything was judged may fail with: each has half.

    It is shared equally by the `fields` of the attempt: none fails with at least the confidence (union bound).
    >>> [share_of_delta(0.95, number) for number in (1, 2, 3)]
    [0.05, 0.025, 0.0125]
    >>> share_of_delta(0.95, 1, fields=5)
    0.01
    """
    return float(round(1 - confidence, 12) / 2 ** (number - 1) / fields)


def of_what(field: Field) -> str:
    """Return in words of what a share is promised: of labels, and of the lack of one where a field is not asked.

    >>> from labelloop.domain.schema import Field, FieldKind
    >>> of_what(Field("mood", FieldKind.CHOICE, ("good", "bad"), "text", ("text",)))
    'of the labels'
    """
    return "of the labels" if field.condition is None else "of the labels (none counts as one, where it is not asked)"


def wrong(min_similarity: float) -> str:
    """Return in words what makes labels errors, where those count as right that are `min_similarity` so like people's.

    >>> wrong(1.0), wrong(0.8)
    ("differ from people's", "are less than 80 % similar to people's")
    """
    return (
        "differ from people's"
        if min_similarity >= 1
        else f"are less than {100 * min_similarity:g} % similar to people's"
    )
