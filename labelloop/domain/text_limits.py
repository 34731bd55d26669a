"""How much of a text is read at most, in code points, so that no single text stops a process."""

LONGEST_MARKED = 50_000
"""Spans are looked for in so much of a text; about 20 pages."""

LONGEST_ENCODED = 50_000
"""Windows for a text's vector are laid over so much of it: the first and the last half."""

CHARACTERS_PER_TOKEN = 64
"""No ordinary text has as many to a token: what is cut off by this would have been cut off as tokens."""


def tokenizable(text: str, tokens: int) -> str:
    r"""Return as much of a text as can hold its first `tokens` tokens, without what no tokenizer could read.

    A lone surrogate, which JSON may carry, is no character.

    >>> tokenizable("a\ud800" + "b" * 1000, 2)[:4], len(tokenizable("b" * 1000, 2))
    ('a?bb', 128)
    """
    return text[: tokens * CHARACTERS_PER_TOKEN].encode("utf-8", "replace").decode("utf-8")


def ends(text: str, most: int) -> str:
    """Return a text of at most so many code points, at least 2: of a longer one the first and the last half of them.

    >>> ends("beginning, middle, end", 8), ends("short", 8)
    ('begi end', 'short')
    """
    return text if len(text) <= most else text[: most - most // 2] + text[-(most // 2) :]
