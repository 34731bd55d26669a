"""Make the ledger anew from the manifests of the artifacts, and check one against the other."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
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
    """What `check` found: rows whose files are damaged or say otherwise (`broken`), and artifacts that no row names."""

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
    """Compare every row with the artifact that it names, and that with its digests; list those that no row names."""
    recorded = list(rows(ledger, _projects(artifacts, ledger)))
    broken = [fault for record in recorded if (fault := _fault(artifacts, record))]
    broken += _changed_roles(artifacts, ledger, [record for record in recorded if isinstance(record, ClosedRound)])
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
        drawn = _drawn_roles(artifacts, closed)
        new = [TaskRole(closed.project_id, id_, role) for id_, role in drawn.items() if id_ not in known]
        added += len(new) if ledger.add_roles(new) else 0
    return added


def _drawn_roles(artifacts: Artifacts, closed: ClosedRound) -> dict[int, Role]:
    """Return what the tasks of a round were drawn for; CERTIFY comes with its own draw, before they were TRAIN."""
    return {
        task.task.id: Role.TRAIN if task.role is Role.CERTIFY else task.role
        for file in judgements_files(artifacts.manifest(closed.artifact)["files"])
        for task in read_round(closed.number, artifacts.read(closed.artifact, file)).tasks
    }


def _changed_roles(artifacts: Artifacts, ledger: Ledger, rounds: list[ClosedRound]) -> list[str]:
    """Return a sentence on each project whose newest readable round holds tasks that have another role by now."""
    found = []
    for project_id, closed in {closed.project_id: closed for closed in rounds}.items():
        try:
            drawn = _drawn_roles(artifacts, closed)
        except BrokenPromise:  # said of the round itself
            continue
        now = ledger.roles(project_id)
        changed = [id_ for id_, role in drawn.items() if id_ in now and now[id_] not in (role, Role.CERTIFY)]
        if changed:
            found.append(
                f"{len(changed)} tasks of project {project_id} have another role than in round {closed.number}, "
                f"for example {changed[0]}: restore the ledger, or rebuild it anew."
            )
    return found


def _restore_certify_tasks(book: Book, draws: list[CertifyDraw]) -> None:
    for draw in draws:
        book.ledger.add_certify_tasks(draw.project_id, draw.number, read_population(book, draw).drawn)


def _fault(artifacts: Artifacts, row: Record) -> str:
    try:
        for _ in artifacts.files(row.artifact):
            pass
        stored = record_of(artifacts.manifest(row.artifact), row.artifact)
    except BrokenPromise as error:
        return str(error)
    except (ValueError, KeyError):
        return f"{row.artifact}: its manifest is damaged: restore it from a backup."
    differ = [
        f"{f.name} is {getattr(row, f.name)!r}" for f in fields(row) if getattr(row, f.name) != getattr(stored, f.name)
    ]
    if differ:
        return f"{row.artifact}: its row was changed ({', '.join(differ)}): restore the ledger, or rebuild it anew."
    return ""


def _projects(artifacts: Artifacts, ledger: Ledger) -> list[int]:
    stored = {int(name.partition("/")[0].removeprefix("project-")) for name in artifacts.names()}
    return sorted(stored | set(ledger.projects()))
