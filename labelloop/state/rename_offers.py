"""Labels that stopped counting because the labelling configuration now has another one in their place."""

from collections import Counter
from dataclasses import dataclass
from shlex import quote

from labelloop.domain.lookup import newest
from labelloop.domain.renames import offered_renames, renamed
from labelloop.domain.schema import Field, fields_from_json
from labelloop.domain.values import labels_of
from labelloop.formatting import counted
from labelloop.state.field_mirror import field_mirror
from labelloop.state.project_state import ProjectState
from labelloop.stores.book import Book


@dataclass(frozen=True, slots=True)
class RenameOffer:
    """A label that is gone, the new one that may be its new name, and how many annotations have the old one."""

    old: str
    new: str
    annotations: int

    def sentence(self, project_id: int) -> str:
        """Return what happened and what can be done about it."""
        said = counted(self.annotations, "annotation")
        return (
            f"{said} with the label {self.old} {'counts' if self.annotations == 1 else 'count'} for nothing, since the "
            f"labelling configuration no longer has it; {self.new} is new. If that is its new name: labelloop rename "
            f"{project_id} --label {quote(f'{self.old}={self.new}')}"
        )


def rename_offers(book: Book, state: ProjectState) -> tuple[RenameOffer, ...]:
    """Return the labels that may have been renamed and that somebody has given."""
    if len(state.schemas) < 2:
        return ()
    now = state.field
    for schema in reversed(state.schemas[:-1]):
        before = newest(fields_from_json(schema.field), name=now.name, kind=now.kind)
        if before is None:
            continue
        pairs = [(old, new) for old, new in offered_renames(before.labels, now.labels) if _is_open(now, old)]
        if pairs:
            counts = label_counts(book, state)
            return tuple(RenameOffer(old, new, counts[old]) for old, new in pairs if counts[old])
    return ()


def label_counts(book: Book, state: ProjectState) -> Counter[str]:
    """Return how many annotations have each label, whether or not it counts."""
    counts = Counter[str]()
    for value, annotations in field_mirror(book, state).values():
        counts.update(dict.fromkeys(labels_of(value), annotations))
    return counts


def _is_open(field: Field, label: str) -> bool:
    return renamed(label, field.renames) == label
