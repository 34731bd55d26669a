"""Certify a model: freeze it, draw tasks that people judge blind, and say what they prove."""

from datetime import UTC, datetime

import numpy as np

from labelloop.domain.certify import Attempt, Population, draw, share_of_delta
from labelloop.domain.loop import Phase
from labelloop.domain.predictions import Answer
from labelloop.domain.records import Certificate, CertifyDraw
from labelloop.domain.rounds import JudgedTask, snapshot
from labelloop.domain.tasks import Role
from labelloop.domain.values import similarity
from labelloop.errors import NotFound, UserError
from labelloop.learners.base import Encode
from labelloop.stats.pac import PacThreshold, pac_threshold, smallest_sample
from labelloop.steps.answer import answer
from labelloop.steps.certificate_page import NearCopies, certificate_json
from labelloop.steps.frozen import refuse_frozen
from labelloop.steps.near_copies import near_copies
from labelloop.steps.project import ProjectView
from labelloop.stores.certify_files import CERTIFY_FILE, fingerprint_parts, read_population, write_population

CERTIFICATE_FILE = "certificate.json"
_ROUNDING = 1e-9


def start_attempt(
    view: ProjectView, *, max_error: float, confidence: float, n: int, at_least: float = 1.0
) -> CertifyDraw:
    """Draw `n` CERTIFY tasks for the version that serves now, which is frozen from here on, and return the draw.

    An answer will count as right whose likeness to people's is `at_least` this, in (0, 1]; 1 is exactly right.
    The row of the draw comes before its tasks: `complete_draw` adds them after a crash in between. Raises UserError
    where there is no model, an attempt or a release is under way, or n tasks prove nothing or are not to be had.
    """
    serving, earlier = view.ledger.deployed(view.id), view.attempt
    if serving is None or view.last_round is None:
        raise UserError(f"Project {view.id} has no model to certify yet: label until a round has closed.")
    refuse_frozen(view)
    number = (earlier.draw.number if earlier else 0) + 1
    delta = share_of_delta(confidence, number)
    found = _population(view, n, number)
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
    record = CertifyDraw(
        project_id=view.id,
        number=number,
        version=serving.version,
        n=n,
        pool=len(found.pool),
        max_error=max_error,
        delta=delta,
        at=datetime.now(UTC),
        at_least=at_least,
    )
    view.book.record(record, f"certify-{number}", {CERTIFY_FILE: write_population(found)}, (serving.artifact,))
    complete_draw(view)
    attempt = view.attempt
    return attempt.draw if attempt else record


def complete_draw(view: ProjectView) -> None:
    """Give the tasks of an open attempt their role, if a crash has left them without; may be run at any time."""
    attempt = view.attempt
    if attempt and attempt.phase is Phase.CERTIFY and not view.ledger.certify_tasks(view.id):
        view.ledger.add_certify_tasks(view.id, attempt.draw.number, read_population(view.book, attempt.draw).drawn)


def abandon_attempt(view: ProjectView) -> Certificate:
    """End the open attempt without a certificate; its tasks are TRAIN again. Raises NotFound if none is open."""
    attempt = view.attempt
    if attempt is None or attempt.phase is not Phase.CERTIFY:
        raise NotFound(f"Project {view.id} has no open attempt to certify: there is nothing to abandon.")
    nothing = PacThreshold(1.0, 0, 0, 0, certifiable=False)
    return _record(view, attempt, _certificate(attempt, nothing, "abandoned by command"), None)


def certificate_is_due(view: ProjectView) -> bool:
    """Return whether every CERTIFY task of the open attempt has been judged or skipped."""
    return view.phase is Phase.CERTIFY and not view.open_certify(view.mirror.annotations())


def certify(view: ProjectView, *, encode: Encode) -> Certificate:
    """Compare the frozen version with people on the CERTIFY tasks and record what that proves.

    A task that people skipped or did not judge blind counts as an error at the model's confidence, one that was
    deleted as an error at full confidence: what is not known never makes the promise easier.
    """
    attempt = view.attempt
    if attempt is None:
        raise NotFound(f"Project {view.id} has no open attempt to certify: run `labelloop certify {view.id}`.")
    if attempt.certificate is not None:
        return attempt.certificate
    drawn = read_population(view.book, attempt.draw).drawn
    judged, answers = _judged(view), _answers(view, attempt, drawn, encode=encode)
    likeness = attempt.draw.at_least
    right = {id_ for id_ in drawn if id_ in answers and _agree(answers[id_], judged.get(id_), likeness)}
    found = pac_threshold(
        np.array([answers[id_].margin if id_ in answers else 1.0 for id_ in drawn]),
        np.array([id_ not in right for id_ in drawn]),
        max_error=attempt.draw.max_error,
        delta=attempt.draw.delta,
        pool=attempt.draw.pool,
    )
    record = _certificate(attempt, found, _because(found, attempt.draw))
    copies = _copies(view, drawn, encode=encode)
    seen = NearCopies(len(copies), len(copies - right))
    return _record(view, attempt, record, certificate_json(view, attempt, record, judged, answers, seen))


def changed_since(view: ProjectView, draw: CertifyDraw) -> str:
    """Return in words how the project's tasks differ from those an attempt was drawn from; empty if they do not."""
    before = kept = edited = 0
    for part in fingerprint_parts(view.book, draw):
        now = view.mirror.fingerprints(sorted(part))
        before, kept = before + len(part), kept + len(now)
        edited += sum(part[task_id] != fingerprint for task_id, fingerprint in now.items())
    counts = {"added": view.mirror.count() - kept, "deleted": before - kept, "edited": edited}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def _population(view: ProjectView, n: int, number: int) -> Population:
    tasks, roles = view.mirror.tasks(), view.ledger.roles(view.id)
    touched = {annotation.task_id for annotation in view.mirror.annotations()}
    fingerprints = {task.id: task.fingerprint for task in tasks.values()}
    spoilt = {fingerprints[id_] for id_ in touched if id_ in fingerprints}
    pool = frozenset(
        task.id
        for task in tasks.values()
        # what was CERTIFY in an attempt before is TRAIN from the new draw on
        if roles.get(task.id) in (Role.TRAIN, Role.CERTIFY)
        and task.text.strip()
        and fingerprints[task.id] not in spoilt
    )
    return Population(fingerprints, pool, tuple(draw(pool, n, seed=view.rules.seed, number=number)))


def _judged(view: ProjectView) -> dict[int, JudgedTask]:
    roles, tasks = view.ledger.roles(view.id), view.mirror.tasks()
    seen = snapshot(0, tasks, view.mirror.annotations(), roles, view.field)
    return {task.task.id: task for task in seen.tasks if task.role is Role.CERTIFY}


def _answers(view: ProjectView, attempt: Attempt, drawn: tuple[int, ...], *, encode: Encode) -> dict[int, Answer]:
    tasks, version = view.mirror.tasks(), view.ledger.version(view.id, attempt.draw.version)
    return answer(view, version, [tasks[id_] for id_ in drawn if id_ in tasks], encode=encode)


def _copies(view: ProjectView, drawn: tuple[int, ...], *, encode: Encode) -> set[int]:
    """Return which of the tasks drawn are nearly the same as a TRAIN task that people have judged."""
    tasks, roles = view.mirror.tasks(), view.ledger.roles(view.id)
    judged = {annotation.task_id for annotation in view.mirror.annotations()}
    learned = [tasks[id_].text for id_ in sorted(judged & tasks.keys()) if roles.get(id_) is Role.TRAIN]
    there = [id_ for id_ in drawn if id_ in tasks]
    alike = near_copies([tasks[id_].text for id_ in there], learned, encode=encode)
    return {id_ for id_, copy in zip(there, alike, strict=True) if copy}


def _agree(said: Answer, judged: JudgedTask | None, at_least: float) -> bool:
    truth = judged.consensus.value if judged else None
    return truth is not None and similarity(said.value, truth) >= at_least - _ROUNDING


def _because(found: PacThreshold, draw: CertifyDraw) -> str:
    if not found.certifiable:
        return f"{draw.n} tasks are too few to promise an error of at most {draw.max_error:.1%}"
    share = f"{found.errors} of {draw.n} tasks wrong"
    if not found.automated:
        return f"{share}, among them those the model is surest of: no label of the model's may stand without a person"
    return f"{share}; up to {found.allowed} may be wrong at or above the threshold"


def _certificate(attempt: Attempt, found: PacThreshold, because: str) -> Certificate:
    drawn = attempt.draw
    return Certificate(
        project_id=drawn.project_id,
        number=drawn.number,
        version=drawn.version,
        granted=found.automated > 0,
        because=because,
        n=drawn.n,
        errors=found.errors,
        allowed=found.allowed,
        threshold=min(found.threshold, 1.0),
        automated=found.automated / drawn.n,
        max_error=drawn.max_error,
        delta=drawn.delta,
        at=datetime.now(UTC),
    )


def _record(view: ProjectView, attempt: Attempt, record: Certificate, page: bytes | None) -> Certificate:
    fit = view.ledger.version(view.id, record.version)
    files = {CERTIFICATE_FILE: page} if page else None
    view.book.record(record, f"certificate-{record.number}", files, (attempt.draw.artifact, fit.artifact))
    return view.ledger.newest(Certificate, view.id, number=record.number) or record
