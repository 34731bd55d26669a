"""Which labels are taken for which others, as a table whose shades say how often."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from labelloop.domain.disagreements import NOTHING, Cells

MOST_LABELS = 12
SHADES = 5
SHORT = 12
"""Labels of so many characters stand above their columns; longer ones are numbered."""


@dataclass(frozen=True, slots=True)
class ConfusionCell:
    """How many times one said `one` where the other said `other`, on how many tasks; `shade` is from 0 to 5."""

    one: str
    other: str
    times: int
    tasks: int
    shade: int

    @property
    def agrees(self) -> bool:
        """Return whether the label is the same."""
        return self.one == self.other


@dataclass(frozen=True, slots=True)
class ConfusionTable:
    """The cells of the labels that are most often confused, row by row; `left_out` labels have no row."""

    labels: tuple[str, ...]
    rows: tuple[tuple[ConfusionCell, ...], ...]
    left_out: int

    @property
    def is_numbered(self) -> bool:
        """Return whether columns are headed by numbers, since some label is too long."""
        return max(map(len, self.labels), default=0) > SHORT


def confusion_table(cells: Cells, order: Sequence[str], *, symmetric: bool = False) -> ConfusionTable | None:
    """Return the table with labels in the field's order, None where nothing was compared.

    Of a `symmetric` one the cells have the lesser label first, and stand on both sides.

    >>> found = confusion_table({("a", "b"): [1, 1, 2], ("b", "b"): [3]}, ("b", "a"))
    >>> [[(cell.times, cell.shade) for cell in row] for row in found.rows]
    [[(1, 5), (0, 0)], [(3, 5), (0, 0)]]
    """
    if not cells:
        return None
    given = {label for cell in cells for label in cell}
    shown = _most_confused(cells, given)
    labels = tuple(sorted(shown, key=lambda label: (order.index(label) if label in order else len(order), label)))
    most = {
        same: max((len(at) for (a, b), at in cells.items() if (a == b) is same), default=1) for same in (False, True)
    }

    def cell(one: str, other: str) -> ConfusionCell:
        at = cells.get((min(one, other), max(one, other)) if symmetric else (one, other), ())
        return ConfusionCell(one, other, len(at), len(set(at)), -(-SHADES * len(at) // most[one == other]))

    rows = tuple(tuple(cell(one, other) for other in labels) for one in labels)
    return ConfusionTable(labels, rows, len(given) - len(labels))


def _most_confused(cells: Cells, given: set[str]) -> list[str]:
    times: Counter[str] = Counter()
    for (one, other), tasks in cells.items():
        if one != other:
            times[one] += len(tasks)
            times[other] += len(tasks)
    named = sorted(given - {NOTHING}, key=lambda label: (-times[label], label))[:MOST_LABELS]
    return named + [NOTHING] * (NOTHING in given)
