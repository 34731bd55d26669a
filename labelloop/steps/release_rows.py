"""The rows and the summary of a release."""

import json
from collections.abc import Mapping
from dataclasses import asdict

from labelloop.domain.finishing import Answer, Finished
from labelloop.domain.records import Certificate, ClosedRound, Release
from labelloop.domain.release import ReleaseRow
from labelloop.domain.tasks import Origin
from labelloop.domain.values import Value
from labelloop.steps.project import ProjectView


def release_rows(view: ProjectView, found: Finished, answers: Mapping[int, Answer]) -> list[ReleaseRow]:
    """Return one row for every task with a label, by task id."""
    attempt = view.attempt
    assert attempt is not None
    tasks, roles, rounds = view.mirror.tasks(), view.ledger.roles(view.id), _first_rounds(view)
    # the digest of the model's manifest, as it stands at the end of its artifact's name
    digest = view.ledger.version(view.id, attempt.draw.version).artifact.rpartition("-")[2]
    rows = []
    for task_id, given in sorted(found.labels.items()):
        said = given.judgements
        rows.append(
            ReleaseRow(
                task_id=task_id,
                text=tasks[task_id].text,
                value=given.value,
                source=given.source,
                role=roles[task_id],
                annotations=tuple(a.id for a in said),
                annotators=tuple(a.annotator_id for a in said),
                version=attempt.draw.version,
                model_digest=digest,
                raw_confidence=answers[task_id].margin,
                confidence=answers[task_id].confidence,
                round_number=rounds.get((said[0].task_id, given.value), 0) if said else 0,
                shown=any(a.origin in (Origin.ACCEPTED, Origin.CORRECTED) for a in said),
            )
        )
    return rows


def release_json(view: ProjectView, record: Release, certificate: Certificate, found: Finished) -> bytes:
    """Return the content of `release.json`; nothing in it depends on when it is written."""
    counts = {key: value for key, value in asdict(record).items() if key not in ("artifact", "at")}
    page = {
        **counts,
        "title": view.connection.title,
        "field": view.field.name,
        "max_error": certificate.max_error,
        "delta": certificate.delta,
        "threshold": certificate.threshold,
        "error_at_most": certificate.max_error * _pool(view) / max(record.tasks, 1),
        "certificate_artifact": certificate.artifact,
        "model_artifact": view.ledger.version(view.id, certificate.version).artifact,
        "not_released": [{"task_id": id_, "because": why} for id_, why in sorted(found.left_out.items())],
    }
    return json.dumps(page, ensure_ascii=False, indent=1).encode()


def _pool(view: ProjectView) -> int:
    attempt = view.attempt
    return attempt.draw.pool if attempt else 0


def _first_rounds(view: ProjectView) -> dict[tuple[int, Value], int]:
    """Return in which round a task's label first stood."""
    first: dict[tuple[int, Value], int] = {}
    for record in view.ledger.all(ClosedRound, view.id):
        closed = view.round(record.number)
        for task in closed.tasks if closed else ():
            if task.consensus.value is not None:
                first.setdefault((task.task.id, task.consensus.value), record.number)
    return first
