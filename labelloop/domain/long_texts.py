"""How many texts are longer than what is read at once, as far as can be told without a tokenizer."""

from collections.abc import Iterable
from dataclasses import dataclass

_PER_TOKEN = 4.4
"""Characters of ASCII to a token, in English texts."""
_WIDE_PER_TOKEN = 1.3
"""Other characters to a token, in Chinese texts."""


@dataclass(frozen=True, slots=True)
class LongTexts:
    """About how many of `texts` texts are longer than `tokens`, read at once, and how many exceed all `windows`."""

    tokens: int
    windows: int
    texts: int
    longer: int
    beyond: int

    @property
    def cut(self) -> bool:
        """Return whether at least a twentieth of the texts is longer than the beginning that is read of them."""
        return self.windows == 1 and self.longer * 20 >= max(self.texts, 1)

    def sentence(self, project_id: int) -> str:
        """Return what is read of the long ones, empty where there are none.

        >>> LongTexts(8, 16, 200, 74, 0).sentence(12)
        'About 37 % of the texts are longer than the 8 tokens that the encoder reads at once: they are read in windows.'
        """
        if not self.longer:
            return ""
        share = _share(self.longer, self.texts)
        found = f"About {share} of the texts are longer than the {self.tokens} tokens that the encoder reads"
        if self.windows == 1:
            cure = f"`labelloop rules {project_id} --set long_texts=windows` reads all of them"
            return f"{found}, and only their beginning counts: {cure}."
        more = f"; {_share(self.beyond, self.texts)} exceed all {self.windows}, and parts of them are left out"
        return f"{found} at once: they are read in windows{more if self.beyond else ''}."


def long_texts(texts: Iterable[str], *, tokens: int, windows: int) -> LongTexts:
    """Return how many of the texts are long, by their characters.

    >>> long_texts(["short", "word " * 200, "很长" * 5000], tokens=128, windows=16).longer
    2
    """
    sizes = [about_tokens(text) for text in texts]
    longer, beyond = (sum(size > limit for size in sizes) for limit in (tokens, tokens * windows))
    return LongTexts(tokens, windows, len(sizes), longer, beyond)


def about_tokens(text: str) -> int:
    """Return about how many tokens an encoder makes of a text.

    >>> about_tokens("a word or two in English"), about_tokens("几个汉字")
    (5, 3)
    """
    plain = len(text.encode("ascii", "ignore"))
    return round(plain / _PER_TOKEN + (len(text) - plain) / _WIDE_PER_TOKEN)


def _share(part: int, whole: int) -> str:
    return f"{max(round(100 * part / whole), 1)} %"
