"""A project's status as JSON; docs/status.md describes every key."""

from dataclasses import asdict
from typing import Any

from labelloop.domain.records import ClosedRound, Evaluation, Fit, Verdict
from workers.cli.compared_table import compared_json
from workers.job_list import Jobs
from workers.status import Measured, ProjectStatus


def to_json(status: ProjectStatus) -> dict[str, Any]:
    """Return what `labelloop status --json` prints; moments in ISO 8601, UTC."""
    deployment, measured = status.deployment, status.agreement
    return {
        "project": status.connection.project_id,
        "title": status.connection.title,
        "connected": status.connection.active,
        "next": status.next,
        "labels_to_next_round": status.labels_to_next_round,
        "labels": asdict(status.labels),
        "rounds": [_round(closed) for closed in status.rounds],
        "versions": [_version(fit) for fit in status.versions],
        "evaluations": [_evaluation(evaluated) for evaluated in status.evaluations],
        "candidates": [compared_json(row) for row in status.compared],
        "agreement": _agreement(measured),
        "human_agreement": _human(measured),
        "verdict": verdict_json(status.verdict) if status.verdict else None,
        "certificate": asdict(status.certificate) if status.certificate else None,
        "release": asdict(status.release) if status.release else None,
        "deployed": deployment.version if deployment else None,
        "deployed_since": deployment.at.isoformat() if deployment else None,
        "deployed_because": deployment.because if deployment else None,
        "published": status.published,
        "jobs": _jobs(status.jobs),
    }


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict's headline figures."""
    names = ("version", "outcome", "because", "look", "n", "gap", "gap_low", "margin", "labels_needed", "audit_needed")
    figures = {name: getattr(verdict, name) for name in names}
    return {"round": verdict.round_number, **figures, "version": verdict.version or None, "at": verdict.at.isoformat()}


def _round(closed: ClosedRound) -> dict[str, Any]:
    return {
        "number": closed.number,
        "because": closed.because,
        "new_train": closed.new_train,
        "train": closed.train,
        "audit": closed.audit,
        "annotations": closed.annotations,
        "at": closed.at.isoformat(),
    }


def _version(fit: Fit) -> dict[str, Any]:
    return {
        "name": fit.version or None,
        "learner": fit.learner,
        "round": fit.round_number,
        "labels": fit.labels,
        "seconds": round(fit.seconds, 3),
        "failure": fit.failure or None,
        "at": fit.at.isoformat(),
    }


def _evaluation(measured: Measured) -> dict[str, Any]:
    found = measured.evaluation
    return {
        "version": found.version,
        "round": found.round_number,
        "served": measured.served,
        "n": found.n,
        "agreement": found.agreement,
        "low": found.agreement_low,
        "high": found.agreement_high,
        "human_agreement": found.human_agreement,
        "human_low": found.human_low,
        "human_high": found.human_high,
        "accuracy": found.accuracy,
        "macro_f1": found.macro_f1,
        "cost_per_1000": found.cost_per_1000,
        "ms_per_text": found.ms_per_text,
        "failure": found.failure or None,
    }


def _agreement(found: Evaluation | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "version": found.version,
        "round": found.round_number,
        "value": found.agreement,
        "low": found.agreement_low,
        "high": found.agreement_high,
        "n": found.n,
    }


def _human(found: Evaluation | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"value": found.human_agreement, "low": found.human_low, "high": found.human_high}


def _jobs(jobs: Jobs | None) -> dict[str, Any] | None:
    if jobs is None:
        return None
    failed = [{"job": job.job, "error": job.error, "at": job.at.isoformat() if job.at else None} for job in jobs.failed]
    return {
        "queued": list(jobs.queued),
        "running": list(jobs.running),
        "waiting": list(jobs.waiting),
        "failed": failed,
        "tuning": [asdict(tuning) for tuning in jobs.tuning],
    }
