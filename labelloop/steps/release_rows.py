"""The rows and the summary of a release."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from labelloop.domain.records import Certificate, Release
from labelloop.domain.release_labels import NOT_ASKED, Given
from labelloop.domain.release_row import ReleaseRow, Source
from labelloop.domain.tasks import Origin
from labelloop.domain.values import Value
from labelloop.state.project_state import ProjectState
from labelloop.state.release_parts import Part
from labelloop.state.round_content import closed_round
from labelloop.steps.label_distribution import LabelShare
from labelloop.stores.book import Book


class RowMaker:
    """Makes the rows of a release part by part; `version` is the model that was asked, empty for none."""

    def __init__(self, book: Book, state: ProjectState, version: str) -> None:
        self._version = version
        # the digest of the model's manifest, as it stands at the end of its artifact's name
        self._digest = state.version(version).artifact.rpartition("-")[2] if version else ""
        self._roles, self._rounds = state.tasks.roles, _first_rounds(book, state)
        self._mirror = book.mirror(state.id)

    def rows(self, part: Part) -> list[ReleaseRow]:
        """Return one row for every task of the part that has a label, by task id."""
        labels = part.finished.labels
        own = self._mirror.own(sorted(labels))
        return [self._row(part, task_id, given, own[task_id]) for task_id, given in sorted(labels.items())]

    def _row(self, part: Part, task_id: int, given: Given, own: str) -> ReleaseRow:
        annotations, answer = given.annotations, part.answers.get(task_id)
        return ReleaseRow(
            task_id=task_id,
            text=part.tasks[task_id].text,
            value=given.value,
            source=given.source,
            role=self._roles[task_id],
            annotations=tuple(a.id for a in annotations),
            annotators=tuple(a.annotator_id for a in annotations),
            version=self._version,
            model_digest=self._digest,
            margin=answer.margin if answer else None,
            confidence=answer.confidence if answer else None,
            round_number=self._rounds.get((annotations[0].task_id, given.value), 0) if annotations else 0,
            shown=any(a.origin in (Origin.ACCEPTED, Origin.CORRECTED) for a in annotations),
            own=own,
        )


def release_counts(record: Release) -> dict[str, object]:
    """Return what `release.json` says of the whole release; nothing in it depends on when it is written."""
    return {key: value for key, value in asdict(record).items() if key not in ("artifact", "created_at")}


def field_page(
    state: ProjectState,
    sources: Mapping[Source, int],
    certificate: Certificate | None,
    left_out: Mapping[int, str],
    shares: Sequence[LabelShare],
) -> dict[str, object]:
    """Return what `release.json` says of the field in focus: labels by source, the promise, what is left out."""
    people, model = sources.get(Source.PEOPLE, 0), sources.get(Source.MODEL, 0)
    not_asked = list(left_out.values()).count(NOT_ASKED)
    return {
        "field": state.field.name,
        "tasks": people + model,
        "by_people": people,
        "by_model": model,
        "left_out": len(left_out),
        **_promise(state, people + model + not_asked, certificate),
        "label_shares": [_share(share) for share in shares],
        "not_released": [{"task_id": id_, "reason": why} for id_, why in sorted(left_out.items())],
    }


def _promise(state: ProjectState, tasks: int, certificate: Certificate | None) -> dict[str, object]:
    """Return what the certificate promises of so many tasks, null where none was granted."""
    names = ("max_error", "delta", "threshold", "error_at_most", "certificate_artifact", "model_artifact")
    if certificate is None or not certificate.granted:
        return dict.fromkeys(names)
    return {
        "max_error": certificate.max_error,
        "delta": certificate.delta,
        "threshold": certificate.threshold,
        "error_at_most": certificate.max_error * _pool(state) / max(tasks, 1),
        "certificate_artifact": certificate.artifact,
        "model_artifact": state.version(certificate.version).artifact,
    }


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


def _pool(state: ProjectState) -> int:
    attempt = state.attempt
    return attempt.draw.pool if attempt else 0


def _first_rounds(book: Book, state: ProjectState) -> dict[tuple[int, Value], int]:
    """Return in which round a task's label first stood."""
    first: dict[tuple[int, Value], int] = {}
    for record in state.rounds:
        closed = closed_round(book, state, record.number)
        for task in closed.tasks if closed else ():
            if task.consensus.value is not None:
                first.setdefault((task.task.id, task.consensus.value), record.number)
    return first
