"""The certificate as a file that goes with the data set: what is promised, of what, and what it rests on."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from labelloop.domain.certify import Attempt, wrong
from labelloop.domain.predictions import Answer
from labelloop.domain.records import Certificate, ClosedRound, Evaluation
from labelloop.domain.rounds import JudgedTask
from labelloop.domain.values import FieldKind
from labelloop.stats.intervals import Interval, wilson
from labelloop.stats.per_label import LabelScore, label_scores
from labelloop.steps.project import ProjectView


@dataclass(frozen=True, slots=True)
class NearCopies:
    """How many of the tasks drawn are nearly the same as one that people had judged, and on how many it was wrong."""

    drawn: int
    errors: int


def certificate_json(
    view: ProjectView,
    attempt: Attempt,
    record: Certificate,
    judged: Mapping[int, JudgedTask],
    answers: Mapping[int, Answer],
    copies: NearCopies,
) -> bytes:
    """Return the content of `certificate.json`; docs/release.md describes every key."""
    drawn = attempt.draw
    fit = view.ledger.version(view.id, record.version)
    page = {
        **{key: value for key, value in asdict(record).items() if key not in ("artifact", "at")},
        "threshold": record.threshold if record.granted else None,
        "promise": _promise(record, drawn.at_least),
        "at_least": drawn.at_least,
        "title": view.connection.title,
        "field": view.field.name,
        "tasks": len(view.mirror.tasks()),
        "pool": drawn.pool,
        "drawn_at": drawn.at.isoformat(),
        "certified_at": record.at.isoformat(),
        "model": {"version": fit.version, "learner": fit.learner, "labels": fit.labels, "artifact": fit.artifact},
        "certify_set": drawn.artifact,
        "rounds": [closed.artifact for closed in view.ledger.all(ClosedRound, view.id)],
        "not_judged": record.n - sum(task.consensus.value is not None for task in judged.values()),
        "near_copies": asdict(copies),
        "labels": _labels(view, record, judged, answers),
        "people": _people(view),
    }
    return json.dumps(page, ensure_ascii=False, indent=1).encode()


def _promise(record: Certificate, at_least: float) -> str:
    if not record.granted:
        return f"Nothing is promised: {record.because}."
    return (
        f"If the model's labels stand where its confidence is at least {record.threshold} and people label the rest, "
        f"at most {record.max_error:.2%} of the labels {wrong(at_least)}, with probability "
        f"{1 - record.delta:.2%} or more over the draw of the {record.n} tasks. This holds for the pool they were "
        "drawn from only."
    )


def _labels(
    view: ProjectView, record: Certificate, judged: Mapping[int, JudgedTask], answers: Mapping[int, Answer]
) -> list[dict[str, object]]:
    pairs = [
        (task.consensus.value, answers[id_].value)
        for id_, task in sorted(judged.items())
        if task.consensus.value is not None
        and id_ in answers
        and record.granted
        and answers[id_].margin >= record.threshold
    ]
    # Wilson's interval would be too narrow for spans: those of one text are alike.
    apart = view.field.kind is not FieldKind.SPANS
    scores = label_scores(pairs, view.field.labels)
    return [_label(score, wilson(score.both, score.model) if apart else None) for score in scores]


def _label(score: LabelScore, interval: Interval | None) -> dict[str, object]:
    return {
        "label": score.label,
        "automated": score.model,
        "precision": score.precision,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
    }


def _people(view: ProjectView) -> dict[str, object] | None:
    measured = [e for e in view.ledger.all(Evaluation, view.id) if e.human_agreement is not None]
    if not measured:
        return None
    last = measured[-1]
    return {"agreement": last.human_agreement, "low": last.human_low, "high": last.human_high, "tasks": last.n}
