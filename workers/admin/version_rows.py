"""A project's model versions: each with its newest measurement, and whether it serves, or why it cannot."""

from collections.abc import Sequence
from dataclasses import dataclass

from labelloop.domain.lookup import newest
from labelloop.domain.records import Evaluation, Fit
from labelloop.state.project_state import ProjectState
from labelloop.state.servable import unservable


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version, the field it answers, its newest measurement, and whether it serves, is pinned, or why it cannot.

    `encoder` is the one that it was fitted with; `outdated` tells that it is not the project's any more.
    """

    fit: Fit
    field: str
    encoder: str
    outdated: bool
    measured: Evaluation | None
    serves: bool
    pinned: bool
    unservable: str


def version_rows(fields: Sequence[ProjectState]) -> list[VersionRow]:
    """Return a row for each version of these fields, oldest first."""
    return sorted((row for state in fields for row in _rows(state)), key=lambda row: row.fit.created_at)


def _rows(state: ProjectState) -> list[VersionRow]:
    looped = state.looped
    return [
        VersionRow(
            fit,
            state.field.name,
            looped.encoder_of(fit),
            looped.is_outdated(fit),
            newest(looped.evaluations, version=fit.version, failure=""),
            looped.deployed_version == fit.version,
            looped.pinned_version == fit.version,
            unservable(state, fit),
        )
        for fit in looped.versions
    ]
