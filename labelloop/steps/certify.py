"""Certify a model: freeze it, draw tasks that people judge blind, and say what they prove."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from math import inf

import numpy as np

from labelloop.domain.asked import Answer
from labelloop.domain.certification import Attempt, Population, draw
from labelloop.domain.next_step import Phase
from labelloop.domain.records import Certificate, CertifyDraw
from labelloop.domain.task_index import open_certify
from labelloop.domain.task_rows import row_similarity
from labelloop.domain.tasks import Role
from labelloop.domain.unanswered import Unanswered
from labelloop.errors import NotFound, UserError
from labelloop.learners.base import ModelContext
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import rows_judged_now
from labelloop.stats.pac import PacThreshold, pac_threshold, smallest_sample
from labelloop.stats.risk_coverage import risk_coverage
from labelloop.steps.certificate import NearCopies, certificate_json
from labelloop.steps.certify_fields import certify_fields, delta_of_next
from labelloop.steps.model_rows import certified_rows
from labelloop.steps.near_duplicates import near_copies
from labelloop.steps.trail import enter
from labelloop.stores.book import Book
from labelloop.stores.certify_files import CERTIFY_FILE, read_population, write_population
from labelloop.stores.risk_file import RISK_FILE, write_risk

CERTIFICATE_FILE = "certificate.json"
_ROUNDING = 1e-9


def start_attempt(
    book: Book,
    state: ProjectState,
    *,
    max_error: float,
    confidence: float,
    n: int,
    min_similarity: float = 1.0,
    without: Collection[str] = (),
) -> CertifyDraw:
    """Draw `n` CERTIFY tasks for the versions that serve now, which are frozen from here on, and return the draw.

    Where several fields are certified each has a draw of the same tasks, and the first is returned; the fields named
    in `without` have none. An answer will count as right if its similarity to people's is at least `min_similarity`,
    in (0, 1]; 1: exactly the same.
    The rows of the draws come before their tasks: `complete_draw` adds them after a crash in between. Raises UserError
    where there is no model, an attempt or a release is under way, or n tasks prove nothing or are not to be had.
    """
    fields, number = certify_fields(state, without), state.next_attempt
    delta = delta_of_next(state, confidence, len(fields))
    fingerprints, pool = untouched_pool(book, state)
    found = Population(fingerprints, pool, tuple(draw(pool, n, seed=state.rules.seed, number=number)))
    _refuse_too_few(found, n, max_error, delta, number)
    fits = [one.version(one.looped.deployed_version) for one in fields]
    records = [
        CertifyDraw(
            project_id=state.id,
            number=number,
            version=fit.version,
            n=n,
            pool=len(found.pool),
            max_error=max_error,
            delta=delta,
            created_at=datetime.now(UTC),
            min_similarity=min_similarity,
            field=one.field_on_record,
        )
        for one, fit in zip(fields, fits, strict=True)
    ]
    names = [_named(f"certify-{number}", record) for record in records]
    book.record_together(records, names, {CERTIFY_FILE: write_population(found)}, [fit.artifact for fit in fits])
    stored = book.ledger.newest(CertifyDraw, state.id, number=number, field=records[0].field) or records[0]
    _give_role(book, stored)
    return stored


def _refuse_too_few(found: Population, n: int, max_error: float, delta: float, number: int) -> None:
    least = smallest_sample(max_error, delta)
    if n < least:
        raise UserError(
            f"{n} tasks cannot prove an error of at most {max_error:.1%} with probability {1 - delta:.4g} (attempt "
            f"{number}), even if all are right: it takes {least}. Draw more (--n {least}) or promise less."
        )
    if len(found.drawn) < n:
        raise UserError(
            f"Only {len(found.pool)} tasks with a text of their own are untouched, {n} are asked for: draw fewer "
            f"(--n, at least {least}), import more, or let people label the rest."
        )


def _named(name: str, record: CertifyDraw | Certificate) -> str:
    """Return the name of a record's artifact: of one of several fields it tells the version."""
    return f"{name}-{record.version}" if record.field else name


def untouched_pool(book: Book, state: ProjectState) -> tuple[dict[int, str], frozenset[int]]:
    """Return the fingerprints of all tasks by id, and the tasks to draw from: TRAIN, with a text nobody has touched."""
    tasks = state.tasks
    fingerprints = book.mirror(state.id).fingerprints()
    spoilt = {fingerprints[id_] for id_ in tasks.annotators if id_ in fingerprints}
    # what was CERTIFY in an attempt before is TRAIN from the new draw on
    drawn = (tasks.of(Role.TRAIN) | tasks.of(Role.CERTIFY)) & tasks.with_text
    return fingerprints, frozenset(id_ for id_ in drawn if id_ in fingerprints and fingerprints[id_] not in spoilt)


def complete_draw(book: Book, state: ProjectState) -> bool:
    """Give the tasks of an open attempt their role, if a crash has left them without; return whether that was so."""
    attempt = state.shared_attempt
    if attempt is None or state.phase is not Phase.CERTIFY or state.tasks.of(Role.CERTIFY):
        return False
    _give_role(book, attempt.draw)
    return True


def _give_role(book: Book, draw: CertifyDraw) -> None:
    book.ledger.add_certify_tasks(draw.project_id, draw.number, read_population(book, draw).drawn)


def abandon_attempt(book: Book, state: ProjectState) -> Certificate:
    """End the open attempt without a certificate, for all its fields, and return what stands in the place of the first.

    Its tasks are TRAIN again. Raises NotFound if none is open.
    """
    if state.phase is not Phase.CERTIFY:
        raise NotFound(f"Project {state.id} has no open attempt to certify: there is nothing to abandon.")
    ended = [end_attempt(book, state, one, "abandoned by command") for one in state.attempts if not one.certificate]
    enter(book, state.id, "abandon certify", f"attempt {ended[0].number}")
    return ended[0]


def end_attempt(book: Book, state: ProjectState, attempt: Attempt, reason: str) -> Certificate:
    """Record that an open attempt ends without a certificate for its field, and why.

    Where nobody has judged any of its tasks nothing was learned from them: the certificate's delta is 0, it spent none.
    """
    record = _certificate(attempt, PacThreshold(1.0, 0, 0, 0, certifiable=False), reason)
    if not state.tasks.of(Role.CERTIFY) & state.tasks.annotators.keys():
        record = replace(record, reason=f"{reason}, with nothing labelled", delta=0.0)
    return _record(book, state, attempt, record)


def certificate_is_due(state: ProjectState) -> bool:
    """Return whether every CERTIFY task of the open attempt has been annotated or skipped."""
    return state.phase is Phase.CERTIFY and not open_certify(state.tasks)


def certify(book: Book, state: ProjectState, *, context: ModelContext) -> Certificate:
    """Compare the frozen version of the field in focus with people on the CERTIFY tasks and record what that proves.

    Of a field that is not asked everywhere the versions say together whether it is, and asked by the one and not by the
    other is an error. A task that people skipped or did not judge blind counts as an error at the model's margin, one
    that was deleted as an error at the highest margin: what is not known never makes the promise easier. A field whose
    model would fill in fewer rows than those in which it is not asked is not granted a certificate: people who answer
    it where it is asked leave more to the models.
    """
    attempt = state.attempt
    if attempt is None:
        raise NotFound(f"Project {state.id} has no open attempt to certify: run `labelloop certify {state.id}`.")
    if attempt.certificate is not None:
        return attempt.certificate
    drawn = read_population(book, attempt.draw).drawn
    people, answers = rows_judged_now(book, state, drawn), certified_rows(book, state, drawn, context=context)
    right = {
        id_
        for id_, said in answers.items()
        if id_ in people and is_right(said.answer, people[id_], attempt.draw.min_similarity)
    }
    margin = np.array([answers[id_].margin if id_ in answers else 1.0 for id_ in drawn])
    wrong = np.array([id_ not in right for id_ in drawn])
    found = pac_threshold(
        margin,
        wrong,
        max_error=attempt.draw.max_error,
        delta=attempt.draw.delta,
        pool=attempt.draw.pool,
    )
    not_asked = sum(said.answer is Unanswered.NOT_ASKED and not said.fallback for said in answers.values())
    record = _certificate(attempt, found, _because(found, attempt.draw))
    if found.automated < not_asked:
        record = _certificate(attempt, replace(found, automated=0, threshold=inf), _because_few(found, not_asked))
    copies = _copies(book, state, drawn, context=context)
    seen = NearCopies(len(copies), len(copies - right))
    page = certificate_json(state, attempt, record, people, answers, seen)
    files = {CERTIFICATE_FILE: page, RISK_FILE: write_risk(risk_coverage(margin, wrong))}
    return _record(book, state, attempt, record, files)


def _copies(book: Book, state: ProjectState, drawn: tuple[int, ...], *, context: ModelContext) -> set[int]:
    """Return which of the tasks drawn are nearly the same as a TRAIN task that people have annotated."""
    mirror, touched = book.mirror(state.id), state.tasks.annotators.keys()
    learned = mirror.tasks(sorted(touched & state.tasks.of(Role.TRAIN)))
    tasks = mirror.tasks(drawn)
    alike = near_copies([t.text for t in tasks.values()], [t.text for t in learned.values()], encode=context.encode)
    return {id_ for id_, copy in zip(tasks, alike, strict=True) if copy}


def is_right(said: Answer, truth: Answer, min_similarity: float) -> bool:
    """Return whether what a model says counts as right: as similar to people's answer as was asked for."""
    return row_similarity(said, truth) >= min_similarity - _ROUNDING


def _because(found: PacThreshold, draw: CertifyDraw) -> str:
    if not found.certifiable:
        return f"{draw.n} tasks are too few to promise an error of at most {draw.max_error:.1%}"
    share = f"{found.errors} of {draw.n} tasks wrong"
    if not found.automated:
        return (
            f"{share}, including the model's most certain predictions: none of its labels can be used without a person"
        )
    return f"{share}; up to {found.allowed} may be wrong at or above the threshold"


def _because_few(found: PacThreshold, not_asked: int) -> str:
    return (
        f"{found.errors} tasks wrong: its model could fill in {found.automated} of the tasks drawn, and the answers of "
        f"others do not ask for it in {not_asked}: people answer it where they do"
    )


def _certificate(attempt: Attempt, found: PacThreshold, reason: str) -> Certificate:
    drawn = attempt.draw
    return Certificate(
        project_id=drawn.project_id,
        number=drawn.number,
        version=drawn.version,
        granted=found.automated > 0,
        reason=reason,
        n=drawn.n,
        errors=found.errors,
        allowed=found.allowed,
        threshold=min(found.threshold, 1.0),
        automated=found.automated / drawn.n,
        max_error=drawn.max_error,
        delta=drawn.delta,
        created_at=datetime.now(UTC),
        field=drawn.field,
    )


def _record(
    book: Book, state: ProjectState, attempt: Attempt, record: Certificate, files: Mapping[str, bytes] | None = None
) -> Certificate:
    fit = state.version(record.version)
    name = _named(f"certificate-{record.number}", record)
    book.record(record, name, files, (attempt.draw.artifact, fit.artifact))
    return book.ledger.newest(Certificate, state.id, number=record.number, field=record.field) or record
