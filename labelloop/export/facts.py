"""What a data card is made of: the facts the ledger holds about a release."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from labelloop.domain.lookup import newest
from labelloop.domain.records import (
    Certificate,
    ClosedRound,
    Evaluation,
    Fit,
    Release,
    Verdict,
)
from labelloop.domain.release_row import ReleaseRow
from labelloop.domain.schema import Field
from labelloop.domain.values import Value
from labelloop.errors import NotFound
from labelloop.rules import Rules
from labelloop.state.project_state import ProjectState
from labelloop.steps.verdict_report import verdict_report
from labelloop.stores.book import Book
from labelloop.stores.certify_files import read_answers
from labelloop.stores.release_files import RELEASE_FILE, read_release


@dataclass(frozen=True, slots=True)
class Facts:
    """A release with everything that led to it; None where it was never measured or stated.

    The `release` of several fields names, as its version, that of this field: empty where none of its labels may be a
    model's.
    `evaluation` is the newest of the version whose labels these are; of any version where people gave every label: it
    then says how well people agree. `min_similarity` is the similarity from which on an answer was right for the
    certificate.
    `consensus` is the verdict's figures against what people settled on (see `consensus_json`), empty without a verdict.
    `model_said` is what the model says of each task, whoever labelled it; empty where that is no longer at hand.
    """

    project_id: int
    title: str
    field: Field
    rules: Rules
    release: Release
    certificate: Certificate | None
    min_similarity: float
    evaluation: Evaluation | None
    verdict: Verdict | None
    consensus: Mapping[str, Any]
    rounds: tuple[ClosedRound, ...]
    fits: tuple[Fit, ...]
    rows: tuple[ReleaseRow, ...]
    model_said: Mapping[int, Value]


def read_facts(book: Book, state: ProjectState) -> Facts:
    """Return the newest release, of the field in focus, and what led to it; raises NotFound before the first."""
    release = newest_release(state)
    return facts_of(book, state, release, read_release(book.artifacts.read(release.artifact, RELEASE_FILE)))


def newest_release(state: ProjectState) -> Release:
    """Return the newest release; raises NotFound before the first."""
    release = newest(state.looped.releases)
    if release is None:
        raise NotFound(f"Project {state.id} has no release to export yet: run `labelloop release {state.id}` first.")
    return release


def facts_of(book: Book, state: ProjectState, release: Release, rows: Iterable[ReleaseRow]) -> Facts:
    """Return what led to these rows of a release, of the field in focus."""
    looped, attempt = state.looped, state.attempt
    draw = newest(looped.draws, number=release.certificate)
    certificate = newest(looped.certificates, number=release.certificate)
    version = _version(state, release, certificate)
    verdict = newest(looped.verdicts, version=version) if version else None
    current = attempt is not None and attempt.draw.number == release.certificate
    answers = read_answers(book, looped.chunks_of(attempt)) if attempt and current else {}
    return Facts(
        project_id=state.id,
        title=state.connection.title,
        field=state.field,
        rules=state.rules,
        release=replace(release, version=version),
        min_similarity=draw.min_similarity if draw else 1.0,
        certificate=certificate,
        evaluation=newest(looped.evaluations, version=version) if version else newest(looped.evaluations, failure=""),
        verdict=verdict,
        consensus=verdict_report(book, verdict).get("consensus", {}) if verdict else {},
        rounds=state.rounds,
        fits=looped.versions,
        rows=tuple(rows),
        model_said={task_id: answer.value for task_id, answer in answers.items()},
    )


def _version(state: ProjectState, release: Release, certificate: Certificate | None) -> str:
    """Return the version whose labels a release may have of the field in focus: it names those of all its fields."""
    if certificate is not None:
        return certificate.version if certificate.version in release.version.split("+") else ""
    of_others = (found for one in state.fields for found in one.certificates)
    return "" if any(found.number == release.certificate for found in of_others) else release.version
