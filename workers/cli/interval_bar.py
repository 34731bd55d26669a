"""A share with its interval as a bar of characters."""

WIDTH = 21


def bar(value: float | None, low: float | None, high: float | None, people: float | None, width: int = WIDTH) -> str:
    """Return a line from 0 to 1: `●` the value, `━` its interval, `│` what people reach; all in [0, 1] or None.

    >>> bar(0.5, 0.25, 0.75, 1.0, width=9)
    '··━━●━━·│'
    """
    cells = ["·"] * width

    def place(share: float) -> int:
        return round(min(max(share, 0.0), 1.0) * (width - 1))

    if low is not None and high is not None:
        cells[place(low) : place(high) + 1] = "━" * (place(high) + 1 - place(low))
    if people is not None:
        cells[place(people)] = "│"
    if value is not None:
        cells[place(value)] = "●"
    return "".join(cells)
