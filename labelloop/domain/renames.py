"""Labels that were renamed in the labelling configuration: what people said under the old name counts under the new."""

from collections.abc import Hashable, Sequence

from labelloop.domain.values import PATH_BREAK, Span

Renames = tuple[tuple[str, str], ...]
"""Old and new names, in the order in which they were given; of a taxonomy they may name a step with all below it."""


def renamed(label: str, renames: Renames) -> str:
    """Return what a label is called now.

    >>> renamed("bug", (("bug", "defect"), ("defect", "fault"))), renamed("Animal > Cat", (("Animal", "Pet"),))
    ('fault', 'Pet > Cat')
    """
    for old, new in renames:
        if label == old:
            label = new
        elif label.startswith(old + PATH_BREAK):
            label = new + label.removeprefix(old)
    return label


def renamed_atom(atom: Hashable, renames: Renames) -> Hashable:
    """Return a label, or a span with its label, as it is called now; everything else as it is."""
    match atom:
        case str(label):
            return renamed(label, renames)
        case Span(start, end, label):
            return Span(start, end, renamed(label, renames))
        case _:
            return atom


def offered_renames(before: Sequence[str], now: Sequence[str]) -> Renames:
    """Return which labels may have been renamed: as many are gone as are new, at most three, in the same order.

    >>> offered_renames(["bug", "wish", "praise"], ["defect", "wish", "praise"])
    (('bug', 'defect'),)
    >>> offered_renames(["bug", "wish"], ["wish"])
    ()
    """
    gone, new = [label for label in before if label not in now], [label for label in now if label not in before]
    return tuple(zip(gone, new, strict=True)) if len(gone) == len(new) <= 3 else ()
