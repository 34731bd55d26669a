"""One looped field: everything that was recorded about it, and what follows from that."""

from collections.abc import Iterable
from dataclasses import dataclass

from labelloop.domain.adjudication_record import Adjudication
from labelloop.domain.certification import Attempt
from labelloop.domain.competing_versions import candidates, undecided
from labelloop.domain.guideline_records import Guideline, GuidelineRuling
from labelloop.domain.lookup import matching, newest
from labelloop.domain.records import (
    Certificate,
    CertifyDraw,
    Decision,
    Deployment,
    Evaluation,
    Fit,
    RefitOrder,
    Release,
    ReleaseChunk,
    ReleaseOrder,
    Verdict,
)
from labelloop.domain.release_chunks import chunk_numbers
from labelloop.domain.schema import Field


@dataclass(frozen=True, slots=True)
class FieldState:
    """A field with its records, each kind oldest first.

    `encoder` names the one that the project's texts are to be encoded with now, `unnamed_encoder` the one of fits that
    name none.
    """

    field: Field
    encoder: str = ""
    unnamed_encoder: str = ""
    fits: tuple[Fit, ...] = ()
    refit_orders: tuple[RefitOrder, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    decisions: tuple[Decision, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    guidelines: tuple[Guideline, ...] = ()
    rulings: tuple[GuidelineRuling, ...] = ()
    draws: tuple[CertifyDraw, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    orders: tuple[ReleaseOrder, ...] = ()
    chunks: tuple[ReleaseChunk, ...] = ()
    releases: tuple[Release, ...] = ()
    adjudications: tuple[Adjudication, ...] = ()

    @property
    def versions(self) -> tuple[Fit, ...]:
        """Return the fits that a version came out of."""
        return tuple(fit for fit in self.fits if fit.version)

    def version(self, name: str) -> Fit | None:
        """Return the fit that a version came out of, None if there is no such version."""
        return newest(self.versions, version=name)

    @property
    def deployed(self) -> Fit | None:
        """Return the fit whose version answers now, None before there is one."""
        return self.version(self.deployments[-1].version) if self.deployments else None

    @property
    def deployed_version(self) -> str:
        """Return the name of the version that answers now, empty before there is one."""
        return self.deployments[-1].version if self.deployments else ""

    @property
    def pinned_version(self) -> str:
        """Return the name of the version that answers until it is unpinned, empty where the promotion rule decides."""
        return self.deployed_version if self.deployments and self.deployments[-1].pinned else ""

    def is_fitted(self, number: int, spec: str) -> bool:
        """Return whether a learner has been fitted to a round, or could not be, as it is to be fitted now.

        That is with the project's encoder, and after the last order to fit the round anew. Before the first label one
        version is enough, whatever its encoder.
        """
        found = matching(self.fits, round_number=number, learner=spec, again=self.again(number))
        return any(not number or self.encoder_of(fit) == self.encoder for fit in found)

    def again(self, number: int) -> int:
        """Return how often somebody wanted a round to be fitted anew."""
        return len(matching(self.refit_orders, round_number=number))

    def encoder_of(self, fit: Fit) -> str:
        """Return the name of the encoder that a fit was made with."""
        return fit.encoder or self.unnamed_encoder

    def is_outdated(self, fit: Fit) -> bool:
        """Return whether a fit was made with an encoder that is not the project's any more."""
        return self.encoder_of(fit) != self.encoder

    def competing(self, number: int) -> list[Fit]:
        """Return the fits whose versions compete after a round, oldest first."""
        return candidates(self.fits, self.evaluations, number)

    def is_evaluated(self, number: int) -> bool:
        """Return whether each of them was measured on the round's audit set, or could not be."""
        measured = {found.version for found in matching(self.evaluations, round_number=number)}
        return {fit.version for fit in self.competing(number)} <= measured

    def decision(self, number: int) -> Decision | None:
        """Return the newest decision on a round."""
        return newest(self.decisions, round_number=number)

    def has_taken_effect(self, decision: Decision) -> bool:
        """Return whether the winner was deployed, then or later, or had no need to be."""
        return decision.winner == decision.champion or bool(matching(self.deployments, version=decision.winner))

    def is_decided(self, number: int) -> bool:
        """Return whether the promotion rule has spoken about every version of a round, and that was carried out."""
        decision, measured = self.decision(number), matching(self.evaluations, round_number=number)
        if decision is None or not self.has_taken_effect(decision):
            return False
        return not undecided(self.competing(number), measured, decision)

    def measured_winner(self, decision: Decision) -> Evaluation | None:
        """Return the evaluation of the version that won a round, None where it could not be measured."""
        if not decision.winner:
            return None
        return newest(self.evaluations, round_number=decision.round_number, version=decision.winner, failure="")

    def verdict(self, number: int) -> Verdict | None:
        """Return the verdict on the version that won a round in the end, None if it has not been given."""
        decision = self.decision(number)
        if decision is None:
            return None
        version = decision.winner if self.measured_winner(decision) else ""
        return newest(self.verdicts, round_number=number, version=version)

    @property
    def attempt(self) -> Attempt | None:
        """Return the newest attempt to certify, None before the first."""
        draw = newest(self.draws)
        if draw is None:
            return None
        return Attempt(
            draw,
            newest(self.certificates, number=draw.number),
            newest(self.orders, certificate=draw.number),
            newest(self.releases, certificate=draw.number),
        )

    def chunks_of(self, attempt: Attempt) -> tuple[ReleaseChunk, ...]:
        """Return the certified version's stored answers on the pool."""
        return matching(self.chunks, certificate=attempt.draw.number)

    @property
    def missing_chunks(self) -> list[int]:
        """Return which chunks of the pool the certified version has not answered yet, for the release ordered last."""
        attempt = self.attempt
        if attempt is None or attempt.order is None:
            return []
        stored = {chunk.number for chunk in self.chunks_of(attempt)}
        return [number for number in chunk_numbers(attempt.order.tasks) if number not in stored]


def versions_that_answer(fields: Iterable[FieldState]) -> str:
    """Return the names of the versions that answer now, one for each field that has one, joined by `+`."""
    return "+".join(one.deployed_version for one in fields if one.deployed_version)
