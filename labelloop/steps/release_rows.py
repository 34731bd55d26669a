"""The rows and the summary of a release."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from labelloop.domain.finishing import Given
from labelloop.domain.records import Certificate, ClosedRound, Release
from labelloop.domain.release import ReleaseRow
from labelloop.domain.tasks import Origin
from labelloop.domain.values import Value
from labelloop.steps.parts import Part
from labelloop.steps.project import ProjectView
from labelloop.steps.shares import LabelShare


class RowMaker:
    """Makes the rows of the release under way, part by part."""

    def __init__(self, view: ProjectView) -> None:
        attempt = view.attempt
        assert attempt is not None
        self._version = attempt.draw.version
        # the digest of the model's manifest, as it stands at the end of its artifact's name
        self._digest = view.ledger.version(view.id, self._version).artifact.rpartition("-")[2]
        self._roles, self._rounds = view.ledger.roles(view.id), _first_rounds(view)

    def rows(self, part: Part) -> list[ReleaseRow]:
        """Return one row for every task of the part that has a label, by task id."""
        return [self._row(part, task_id, given) for task_id, given in sorted(part.finished.labels.items())]

    def _row(self, part: Part, task_id: int, given: Given) -> ReleaseRow:
        said = given.judgements
        return ReleaseRow(
            task_id=task_id,
            text=part.tasks[task_id].text,
            value=given.value,
            source=given.source,
            role=self._roles[task_id],
            annotations=tuple(a.id for a in said),
            annotators=tuple(a.annotator_id for a in said),
            version=self._version,
            model_digest=self._digest,
            raw_confidence=part.answers[task_id].margin,
            confidence=part.answers[task_id].confidence,
            round_number=self._rounds.get((said[0].task_id, given.value), 0) if said else 0,
            shown=any(a.origin in (Origin.ACCEPTED, Origin.CORRECTED) for a in said),
        )


def release_json(
    view: ProjectView,
    record: Release,
    certificate: Certificate,
    left_out: Mapping[int, str],
    shares: Sequence[LabelShare],
) -> bytes:
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
        "label_shares": [_share(share) for share in shares],
        "not_released": [{"task_id": id_, "because": why} for id_, why in sorted(left_out.items())],
    }
    return json.dumps(page, ensure_ascii=False, indent=1).encode()


def _share(share: LabelShare) -> dict[str, object]:
    found = share.estimate
    return {
        "label": share.label,
        "by_people": share.by_people,
        "by_model": share.by_model,
        "share": found.share if found else None,
        "low": found.interval.low if found else None,
        "high": found.interval.high if found else None,
    }


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
