"""Make the ledger anew from the manifests of the artifacts, and check one against the other."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint

from labelloop.domain.records import CertifyDraw, ClosedRound, Record, TaskRole
from labelloop.domain.tasks import Role
from labelloop.errors import BrokenPromise, LabelLoopError, UserError
from labelloop.stores.artifacts import Artifacts
from labelloop.stores.book import Book
from labelloop.stores.certify_files import read_population
from labelloop.stores.judgement_files import judgements_files
from labelloop.stores.ledger import Ledger
from labelloop.stores.ledger_tables import FACTS
from labelloop.stores.round_files import read_round

KINDS: dict[str, type[Record]] = {kind.__name__: kind for kind in FACTS}
_RENAMED = {"because": "reason", "at": "created_at", "at_least": "min_similarity"}
"""What the fields of records were called in manifests of 0.1.0."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many rows and roles were added; `rejected` artifacts lost to another of the same key, and `damaged` ones."""

    added: int
    known: int
    roles: int
    rejected: tuple[str, ...]
    damaged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check` found: what is wrong with the files of rows (`broken`), and artifacts that no row names."""

    rows: int
    broken: tuple[str, ...]
    unrecorded: tuple[str, ...]


def rebuild(artifacts: Artifacts, ledger: Ledger) -> Rebuilt:
    """Add every fact found in the manifests that the ledger does not hold, oldest first; may be run twice.

    Where two manifests claim one key, the one that others name as their parent wins, else the earlier. The roles of
    tasks come from the closed rounds; the others are drawn again by the next collection, by the same seeded hash.
    Raises UserError, changing nothing, if a fact older than what the ledger holds is missing: its place is taken.
    """
    found, damaged, parents = _read(artifacts)
    kept, rejected = _settle(found, parents)
    held = {record.artifact for record in rows(ledger, _projects(artifacts, ledger))}
    missing = [record for record in kept if record.artifact not in held]
    _refuse_late(ledger, missing)
    lost = [record.artifact for record in missing if not ledger.add(record)]
    _restore_certify_tasks(Book(ledger, artifacts), [record for record in kept if isinstance(record, CertifyDraw)])
    return Rebuilt(
        added=len(missing) - len(lost),
        known=len(kept) - len(missing),
        roles=_restore_roles(artifacts, ledger, [record for record in kept if isinstance(record, ClosedRound)]),
        rejected=tuple(sorted([*rejected, *lost])),
        damaged=tuple(damaged),
    )


def check(artifacts: Artifacts, ledger: Ledger) -> Checked:
    """Read every artifact that a row names and compare its digests; list the artifacts that no row names."""
    recorded = list(rows(ledger, _projects(artifacts, ledger)))
    broken = [fault for record in recorded if (fault := _fault(artifacts, record.artifact))]
    return Checked(len(recorded), tuple(broken), tuple(unrecorded(artifacts, ledger)))


def unrecorded(artifacts: Artifacts, ledger: Ledger) -> list[str]:
    """Return the names of the artifacts that no row names, sorted."""
    named = {record.artifact for record in rows(ledger, _projects(artifacts, ledger))}
    return [name for name in artifacts.names() if name not in named]


def rows(ledger: Ledger, projects: Iterable[int]) -> Iterable[Record]:
    """Yield every fact of these projects."""
    for project_id in projects:
        yield from ledger.facts(project_id)


def record_of(manifest: dict[str, Any], artifact: str) -> Record:
    """Return the fact that a manifest holds; raises BrokenPromise if it does not hold one."""
    try:
        values = {_RENAMED.get(name, name): value for name, value in manifest["record"].items()}
        values |= {"created_at": datetime.fromisoformat(values["created_at"]), "artifact": artifact}
        return KINDS[manifest["kind"]](**values)
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenPromise(f"{artifact}: its manifest cannot be understood ({error}); restore it.") from error


def key_of(record: Record) -> tuple[Any, ...] | None:
    """Return what no two rows may share: the kind and the values of its UNIQUE columns; None where there are none."""
    for constraint in FACTS[type(record)].constraints:
        if isinstance(constraint, UniqueConstraint):
            return (type(record), *(getattr(record, column.name) for column in constraint.columns))
    return None


def has_place(ledger: Ledger, record: Record) -> bool:
    """Return whether a fact without a row was replaced: its key is taken, or without a key a later fact stands."""
    key = key_of(record)
    if key is None:
        newest = ledger.newest(type(record), record.project_id)
        return newest is not None and newest.created_at > record.created_at
    return any(key_of(row) == key for row in ledger.all(type(record), record.project_id))


def _read(artifacts: Artifacts) -> tuple[list[Record], list[str], set[str]]:
    found: list[Record] = []
    damaged: list[str] = []
    parents: set[str] = set()
    for name in artifacts.names():
        try:
            manifest = artifacts.manifest(name)
            found.append(record_of(manifest, name))
            parents.update(manifest.get("parents", ()))
        except (LabelLoopError, ValueError) as error:
            damaged.append(f"{name}: {error}")
    return sorted(found, key=lambda record: (record.created_at, record.artifact)), damaged, parents


def _settle(found: list[Record], parents: set[str]) -> tuple[list[Record], list[str]]:
    winners: dict[object, Record] = {}
    for record in found:  # oldest first
        key = key_of(record) or record.artifact
        standing = winners.get(key)
        if standing is None or (record.artifact in parents and standing.artifact not in parents):
            winners[key] = record
    kept = sorted(winners.values(), key=lambda record: (record.created_at, record.artifact))
    chosen = {record.artifact for record in kept}
    return kept, [record.artifact for record in found if record.artifact not in chosen]


def _refuse_late(ledger: Ledger, missing: list[Record]) -> None:
    for record in missing:
        newest = ledger.newest(type(record), record.project_id)
        if newest is not None and newest.created_at > record.created_at:
            raise UserError(
                f"The ledger lacks {record.artifact}, but holds newer facts, so it cannot be put in its place. Stop "
                "the services, move the ledger away (ledger.sqlite, or an empty database) and run this again."
            )


def _restore_roles(artifacts: Artifacts, ledger: Ledger, rounds: list[ClosedRound]) -> int:
    added = 0
    for closed in rounds:
        known = ledger.roles(closed.project_id)
        # CERTIFY comes with the draw, below; what these tasks were drawn for before is TRAIN
        drawn = {
            task.task.id: Role.TRAIN if task.role is Role.CERTIFY else task.role
            for file in judgements_files(artifacts.manifest(closed.artifact)["files"])
            for task in read_round(closed.number, artifacts.read(closed.artifact, file)).tasks
        }
        new = [TaskRole(closed.project_id, id_, role) for id_, role in drawn.items() if id_ not in known]
        added += len(new) if ledger.add_roles(new) else 0
    return added


def _restore_certify_tasks(book: Book, draws: list[CertifyDraw]) -> None:
    for draw in draws:
        book.ledger.add_certify_tasks(draw.project_id, draw.number, read_population(book, draw).drawn)


def _fault(artifacts: Artifacts, artifact: str) -> str:
    try:
        for _ in artifacts.files(artifact):
            pass
    except BrokenPromise as error:
        return str(error)
    except (ValueError, KeyError):
        return f"{artifact}: its manifest is damaged: restore it from a backup."
    return ""


def _projects(artifacts: Artifacts, ledger: Ledger) -> list[int]:
    stored = {int(name.partition("/")[0].removeprefix("project-")) for name in artifacts.names()}
    return sorted(stored | set(ledger.projects()))
