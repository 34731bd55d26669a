"""Quotes and where they stand in a text: models copy words well and count signs badly."""


def occurrence(text: str, start: int, end: int) -> int:
    """Return the how-manieth place of its words a span is, from 1 on; overlapping places count.

    >>> occurrence("no, no", 4, 6)
    2
    """
    return len(_places(text, text[start:end], start)) if start < end else 1


def located(text: str, quote: str, number: int) -> tuple[int, int] | None:
    r"""Return start and end of the `number`-th place of a quote, in code points, None where it does not stand there.

    Where the quote as it is stands nowhere, white space around it does not count; with one place, nor does the number.
    >>> located("no, no", "no", 2), located("no, no", "yes", 1), located("no, no", "no, \n", 7)
    ((4, 6), None, (0, 3))
    """
    for tried in dict.fromkeys((quote, quote.strip())):
        places = _places(text, tried)
        if len(places) == 1:
            return places[0], places[0] + len(tried)
        if 1 <= number <= len(places):
            return places[number - 1], places[number - 1] + len(tried)
    return None


def _places(text: str, quote: str, last: int | None = None) -> list[int]:
    places: list[int] = []
    start = text.find(quote) if quote else -1
    while start != -1 and (last is None or start <= last):
        places.append(start)
        start = text.find(quote, start + 1)
    return places
