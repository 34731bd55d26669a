"""How an encoder is named for good: with everything that an operator may set and that changes the vectors."""

from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import parse_qs, urlencode

from labelloop.encoders.names import BUNDLED

TOKENS = 128
WINDOWS = 16
"""In how many windows a long text is read; more gained nothing, fewer leave out parts of texts of 750 words."""


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """An encoder: where it comes from, how many tokens it reads at once, what is put before them, and how often.

    An empty `prefix` stands for what the encoder wants by itself. Of a long text at most so many `windows` are read;
    with 1, as it was before there were several, the beginning.
    """

    source: str
    max_tokens: int = TOKENS
    prefix: str = ""
    windows: int = 1

    def __str__(self) -> str:
        """Return it as records name it; `read` reads it back.

        >>> str(EncoderSpec("multilingual-e5-small")), str(EncoderSpec("/e", 256, "query: "))
        ('multilingual-e5-small', '/e?max_tokens=256&prefix=query%3A+')
        """
        more = {"max_tokens": self.max_tokens, "prefix": self.prefix, "windows": self.windows}
        given = {name: value for name, value in more.items() if value != getattr(type(self)(""), name)}
        return f"{self.source}?{urlencode(given)}" if given else self.source

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the encoder that was written."""
        source, mark, more = text.rpartition("?")
        given = parse_qs(more) if mark else {}
        if not given.keys() <= {"max_tokens", "prefix", "windows"} or not given:
            return cls(text)
        return cls(
            source,
            int(given.get("max_tokens", [str(TOKENS)])[0]),
            given.get("prefix", [""])[0],
            int(given.get("windows", ["1"])[0]),
        )


@dataclass(frozen=True, slots=True)
class EncoderDefaults:
    """What the settings say of encoders: the one of projects whose rules name none, and what goes for it."""

    encoder: str = BUNDLED
    max_tokens: int = TOKENS
    prefix: str = ""

    def spec(self, rule: str | None, windows: int = 1) -> EncoderSpec:
        """Return a project's encoder by its rule `encoder`, with the windows by its rule `long_texts`.

        The prefix of the settings is that of their own encoder.
        """
        source = rule or self.encoder
        return EncoderSpec(source, self.max_tokens, self.prefix if source == self.encoder else "", windows)


def in_words(name: str) -> str:
    """Return an encoder that a record names as people are told of it.

    >>> in_words("/e?windows=16"), in_words("/e")
    ('/e', '/e (of long texts the beginning)')
    """
    spec = EncoderSpec.read(name)
    plain = str(replace(spec, windows=1))
    return plain if spec.windows > 1 else f"{plain} (of long texts the beginning)"
