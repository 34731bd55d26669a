"""Which field a record is about: those of a project that looped only one at the time need not name it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from labelloop.domain.guideline_records import Guideline, GuidelineRuling
from labelloop.domain.records import (
    Certificate,
    CertifyDraw,
    ClosedRound,
    Fit,
    Record,
    RefitOrder,
    Release,
    ReleaseChunk,
    ReleaseOrder,
    SchemaVersion,
)
from labelloop.domain.schema import fields_from_json


@dataclass(frozen=True, slots=True)
class RecordsByField:
    """Records, each with the name of the field that it is about, None where it is about all."""

    named: tuple[tuple[str | None, Record], ...]

    def of(self, field: str) -> tuple[Record, ...]:
        """Return those that are about the named field; orders and releases are about all."""
        return tuple(one for about, one in self.named if about in (field, None))


class FieldRecords:
    """Tells which of a project's records are about which field."""

    def __init__(
        self,
        schemas: Sequence[SchemaVersion],
        rounds: Iterable[ClosedRound] = (),
        fits: Iterable[Fit] = (),
        guidelines: Iterable[Guideline] = (),
        draws: Iterable[CertifyDraw] = (),
    ) -> None:
        self._names = {one.number: fields_from_json(one.field)[0].name for one in schemas}
        self._since = [(one.created_at, one.number) for one in schemas]
        self._schemas_of_rounds = {one.number: one.schema_number for one in rounds}
        self._versions = {fit.version: fit for fit in fits if fit.version}
        self._guidelines = {one.number: one for one in guidelines}
        self._draws = {one.number: one for one in draws}

    def by_field(self, records: Iterable[Record]) -> "RecordsByField":
        """Tell records by the field that they are about."""
        return RecordsByField(tuple((self._name(one), one) for one in records))

    def _name(self, record: Record) -> str | None:
        match record:
            case RefitOrder() | ReleaseOrder() | Release():
                return None
            case GuidelineRuling(guideline=number) if number in self._guidelines:
                return self._name(self._guidelines[number])
            case ReleaseChunk(field="", certificate=number) if number in self._draws:
                return self._name(self._draws[number])
            case CertifyDraw(field="", version=version) | Certificate(field="", version=version):
                return self._name(self._versions[version]) if version in self._versions else self._only_field(record)
            case _:
                found = self._fit_of(record)
                return str(getattr(found, "field", "")) or self._only_field(found)

    def _fit_of(self, record: Record) -> Record:
        """Return the fit whose version a record is about; a record that names its field, or no version, itself."""
        if hasattr(record, "field"):
            return record
        return self._versions.get(getattr(record, "version", ""), record)

    def _only_field(self, record: Record) -> str:
        """Return the field that was looped when a record was made: as of its round, else by the clock."""
        of_round = self._schemas_of_rounds.get(getattr(record, "round_number", 0))
        if of_round in self._names:
            return self._names[of_round]
        before = [number for created_at, number in self._since if created_at <= record.created_at]
        return self._names[before[-1] if before else self._since[0][1]]
