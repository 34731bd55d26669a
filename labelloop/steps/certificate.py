"""The certificate as a file that goes with the data set: what is promised, of what, and what it rests on."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from labelloop.domain.asked import Answer
from labelloop.domain.certification import Attempt, of_what, wrong
from labelloop.domain.records import Certificate
from labelloop.domain.row_answers import RowAnswer
from labelloop.domain.schema import Field
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Choices, FieldKind
from labelloop.state.project_state import ProjectState
from labelloop.stats.intervals import Interval, wilson
from labelloop.stats.per_label import LabelScore, label_scores

_NOTHING = Choices(frozenset())
"""What people gave where they were not asked: no label."""


@dataclass(frozen=True, slots=True)
class NearCopies:
    """How many of the tasks drawn are nearly the same as an annotated one, and on how many it was wrong."""

    drawn: int
    errors: int


def certificate_json(
    state: ProjectState,
    attempt: Attempt,
    record: Certificate,
    people: Mapping[int, Answer],
    answers: Mapping[int, RowAnswer],
    copies: NearCopies,
) -> bytes:
    """Return the content of `certificate.json`; docs/release.md describes every key.

    `people` is what they say of the tasks drawn, `answers` what the model says.
    """
    drawn = attempt.draw
    fit = state.version(record.version)
    page = {
        **{key: value for key, value in asdict(record).items() if key not in ("artifact", "created_at", "field")},
        "threshold": record.threshold if record.granted else None,
        "promise": _promise(record, drawn.min_similarity, state.field, together := _together(state)),
        "min_similarity": drawn.min_similarity,
        "title": state.connection.title,
        "field": state.field.name,
        "tasks": len(state.tasks.ids),
        "pool": drawn.pool,
        "drawn_at": drawn.created_at.isoformat(),
        "certified_at": record.created_at.isoformat(),
        "model": {"version": fit.version, "learner": fit.learner, "labels": fit.labels, "artifact": fit.artifact},
        "certify_set": drawn.artifact,
        "rounds": [closed.artifact for closed in state.rounds],
        "not_judged": record.n - len(people),
        "near_copies": asdict(copies),
        "labels": _labels(state, record, people, answers),
        "people": _people(state),
        **({"together": together} if together else {}),
    }
    return json.dumps(page, ensure_ascii=False, indent=1).encode()


def _together(state: ProjectState) -> dict[str, object]:
    """Return which fields are certified on the same tasks, and how likely any may fail; nothing where it is one."""
    if len(state.attempted) < 2:
        return {}
    delta = sum(one.draw.delta for one in state.attempts)
    return {"fields": [one.field.name for one in state.attempted], "delta": delta}


def _promise(record: Certificate, min_similarity: float, field: Field, together: Mapping[str, Any]) -> str:
    if not record.granted:
        return f"Nothing is promised: {record.reason}."
    return (
        f"If the model's labels are used where its margin is at least {record.threshold} and people label the rest, "
        f"at most {record.max_error:.2%} {of_what(field)} {wrong(min_similarity)}, with probability "
        f"{1 - record.delta:.2%} or more over the draw of the {record.n} tasks. This holds for the pool they were "
        "drawn from only."
    ) + (
        f" What is promised of {', '.join(together['fields'])} holds of all at once with probability "
        f"{1 - together['delta']:.2%} or more."
        if together
        else ""
    )


def _labels(
    state: ProjectState, record: Certificate, people: Mapping[int, Answer], answers: Mapping[int, RowAnswer]
) -> list[dict[str, object]]:
    pairs = [
        (_NOTHING if isinstance(truth, Unanswered) else truth, said.answer)
        for id_, truth in sorted(people.items())
        if (said := answers.get(id_)) and record.granted and said.margin >= record.threshold
        if not isinstance(said.answer, Unanswered)
    ]
    # Wilson's interval would be too narrow for spans, and what is said of them: those of one text are alike.
    apart = state.field.kind is not FieldKind.SPANS and not state.field.is_about_regions
    scores = label_scores(pairs, state.field.labels)
    return [_label(score, wilson(score.both, score.model) if apart else None) for score in scores]


def _label(score: LabelScore, interval: Interval | None) -> dict[str, object]:
    return {
        "label": score.label,
        "automated": score.model,
        "precision": score.precision,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
    }


def _people(state: ProjectState) -> dict[str, object] | None:
    measured = [e for e in state.looped.evaluations if e.human_agreement is not None]
    if not measured:
        return None
    last = measured[-1]
    return {"agreement": last.human_agreement, "low": last.human_low, "high": last.human_high, "tasks": last.n}
