"""A project's status as JSON; docs/status.md describes every key."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from labelloop.domain.answer_counts import TROUBLE, AnswerCounts
from labelloop.domain.records import ClosedRound, Evaluation, Fit, Verdict
from labelloop.domain.unanswered import Unanswered
from workers.admin.status import Measured, ProjectStatus
from workers.cli.leaderboard_table import compared_json
from workers.cli.record_json import record_json
from workers.jobs.job_status import Jobs

OF_FIELD = (
    *("labels", "versions", "evaluations", "candidates", "agreement", "human_agreement", "verdict", "certificate"),
    *("deployed", "deployed_since", "deployed_reason", "newest_waits", "pinned", "deployed_encoder", "rename_offers"),
    "answers",
)
"""The keys of a status that are about one of the project's fields."""


def to_json(fields: Sequence[ProjectStatus]) -> dict[str, Any]:
    """Return what `labelloop status --json` prints of a project; moments in ISO 8601, UTC.

    Its own figures are those of the first of the given fields; `fields` has those of each.
    """
    each = [_one(status) for status in fields]
    names = [(status.field.name, status.field.kind.value) if status.field else None for status in fields]
    found = [
        {"field": name[0], "kind": name[1], "chosen": status.chosen, **{key: one[key] for key in OF_FIELD}}
        for name, one, status in zip(names, each, fields, strict=True)
        if name
    ]
    return {**each[0], "fields": found}


def _one(status: ProjectStatus) -> dict[str, Any]:
    deployment, measured = status.deployment, status.agreement
    return {
        "project": status.connection.project_id,
        "title": status.connection.title,
        "connected": status.connection.active,
        "next": str(status.next),
        "labels_to_next_round": status.labels_to_next_round,
        "labels": asdict(status.labels),
        "rounds": [round_json(closed) for closed in status.rounds],
        "versions": [_version(fit) for fit in status.versions],
        "evaluations": [_evaluation(evaluated) for evaluated in status.evaluations],
        "candidates": [compared_json(row) for row in status.compared],
        "agreement": _agreement(measured),
        "human_agreement": _human(measured),
        "verdict": _verdict(status.verdict) if status.verdict else None,
        "certificate": asdict(status.certificate) if status.certificate else None,
        "release": asdict(status.release) if status.release else None,
        "deployed": deployment.version if deployment else None,
        "deployed_since": deployment.created_at.isoformat() if deployment else None,
        "deployed_reason": deployment.reason if deployment else None,
        "newest_waits": status.newest_waits or None,
        "pinned": deployment.pinned if deployment else False,
        "published": status.published,
        "encoder": status.encoder,
        "deployed_encoder": status.deployed_encoder,
        "rename_offers": [asdict(offer) for offer in status.rename_offers],
        "unreadable_of_llm": dict(status.unreadable_of_llm),
        "answers": answers_json(status.answers, status.hidden),
        "conditional_fields": {name: _conditional(counts) for name, counts in status.conditional.items()},
        "jobs": _jobs(status.jobs),
    }


def answers_json(counts: AnswerCounts, hidden: Mapping[str, str]) -> dict[str, Any]:
    """Return what counts as no answer."""
    return {
        **{reason.value: counts.count(reason) for reason in TROUBLE},
        "unknown_labels": counts.unknown_labels,
        "tasks_without_text": counts.without_text,
        "annotations_without_text": counts.annotations_without_text,
        "tasks_left_out": {str(task_id): reason for task_id, reason in counts.unreadable_tasks.items()},
        "hidden_controls": dict(hidden),
    }


def _conditional(counts: AnswerCounts) -> dict[str, int]:
    """Return how many annotations were not asked of a field, and what of others does not count for its condition."""
    reasons = (Unanswered.NOT_ASKED, Unanswered.CONDITION_UNMET, Unanswered.CONDITION_UNKNOWN)
    return {reason.value: counts.count(reason) for reason in reasons}


def round_json(closed: ClosedRound) -> dict[str, Any]:
    """Return a round's counts."""
    return record_json(closed, "number", "reason", "new_train", "train", "audit", "annotations", "created_at")


def _verdict(verdict: Verdict) -> dict[str, Any]:
    names = ("version", "outcome", "reason", "look", "n", "gap", "gap_low", "margin", "labels_needed", "audit_needed")
    return record_json(verdict, *names, "created_at", round="round_number")


def _version(fit: Fit) -> dict[str, Any]:
    names = ("learner", "labels", "encoder", "failure", "created_at")
    found = record_json(fit, *names, name="version", round="round_number")
    return {**found, "seconds": round(fit.seconds, 3)}


def _evaluation(measured: Measured) -> dict[str, Any]:
    people = ("human_agreement", "human_low", "human_high")
    names = ("version", "n", "agreement", *people, "accuracy", "macro_f1", "cost_per_1000", "ms_per_text", "failure")
    found = record_json(measured.evaluation, *names, round="round_number", low="agreement_low", high="agreement_high")
    return {**found, "served": measured.served}


def _agreement(found: Evaluation | None) -> dict[str, Any] | None:
    if found is None:
        return None
    interval = {"value": "agreement", "low": "agreement_low", "high": "agreement_high"}
    return record_json(found, "version", "n", round="round_number", **interval)


def _human(found: Evaluation | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return record_json(found, value="human_agreement", low="human_low", high="human_high")


def _jobs(jobs: Jobs | None) -> dict[str, Any] | None:
    if jobs is None:
        return None
    failed = [record_json(job, "job", "error", created_at="at") for job in jobs.failed]
    return {**asdict(jobs), "failed": failed}
