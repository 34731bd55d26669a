"""Figures as people read them."""


def money(amount: float) -> str:
    """Return an amount in the price table's currency, with two digits that tell something, however small it is.

    >>> money(0.0), money(1234.5), money(0.39258), money(0.000712)
    ('0', '1,234.50', '0.39', '0.00071')
    """
    if amount == 0:
        return "0"
    return f"{amount:,.2f}" if amount >= 0.1 else f"{amount:.2g}"


def percent(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """Return a share as people read it.

    >>> percent(0.8123, 0.76, 0.86)
    '81 % (76 to 86)'
    """
    if value is None:
        return "-"
    interval = "" if low is None or high is None else f" ({100 * low:.0f} to {100 * high:.0f})"
    return f"{100 * value:.0f} %{interval}"
