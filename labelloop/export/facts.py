"""What a data card is made of: the facts the ledger holds about a release."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labelloop.domain.records import (
    Certificate,
    CertifyDraw,
    ClosedRound,
    Connection,
    Evaluation,
    Fit,
    Release,
    Verdict,
)
from labelloop.domain.release import ReleaseRow
from labelloop.domain.schema import Field
from labelloop.domain.values import Value
from labelloop.errors import NotConnected, NotFound
from labelloop.rules import Rules
from labelloop.steps.project import ProjectView
from labelloop.steps.verdict import verdict_report
from labelloop.stores.release_files import RELEASE_FILE, read_release


@dataclass(frozen=True, slots=True)
class Facts:
    """A release with everything that led to it; None where it was never measured or stated.

    `at_least` is the likeness from which on an answer was right for the certificate.
    `consensus` is the verdict's figures against what people settled on (see `consensus_json`), empty without a verdict.
    `model_said` is what the model says of each task, whoever labelled it; empty where that is no longer at hand.
    """

    project_id: int
    title: str
    field: Field
    rules: Rules
    release: Release
    certificate: Certificate | None
    at_least: float
    evaluation: Evaluation | None
    verdict: Verdict | None
    consensus: Mapping[str, Any]
    rounds: tuple[ClosedRound, ...]
    fits: tuple[Fit, ...]
    rows: tuple[ReleaseRow, ...]
    model_said: Mapping[int, Value]


def read_facts(view: ProjectView) -> Facts:
    """Return the newest release and what led to it; raises NotFound before the first release."""
    release = view.ledger.newest(Release, view.id)
    if release is None:
        raise NotFound(f"Project {view.id} has no release to export yet: run `labelloop release {view.id}` first.")
    connection = view.ledger.newest(Connection, view.id)  # one that was taken out of the loop since will do
    if connection is None:
        raise NotConnected(view.id)
    version, attempt = release.version, view.attempt
    draw = view.ledger.newest(CertifyDraw, view.id, number=release.certificate)
    verdict = view.ledger.newest(Verdict, view.id, version=version)
    current = attempt is not None and attempt.draw.number == release.certificate
    return Facts(
        project_id=view.id,
        title=connection.title,
        field=view.field,
        rules=Rules.model_validate_json(connection.rules),
        release=release,
        at_least=draw.at_least if draw else 1.0,
        certificate=view.ledger.newest(Certificate, view.id, number=release.certificate),
        evaluation=view.ledger.newest(Evaluation, view.id, version=version),
        verdict=verdict,
        consensus=verdict_report(view.book, verdict).get("consensus", {}) if verdict else {},
        rounds=tuple(view.ledger.all(ClosedRound, view.id)),
        fits=tuple(fit for fit in view.ledger.all(Fit, view.id) if fit.version),
        rows=tuple(read_release(view.book.artifacts.read(release.artifact, RELEASE_FILE))),
        model_said={task_id: answer.value for task_id, answer in view.answers().items()} if current else {},
    )
