"""Texts as token ids for one checkpoint; needs no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from labelloop.domain.text_limits import CHARACTERS_PER_TOKEN, ends, tokenizable

FILE = "tokenizer.json"


@dataclass(frozen=True, slots=True, eq=False)
class HeadTailTokenizer:
    """A tokenizer that cuts nothing and fills nothing up; may be called from several threads at once.

    Of a text longer than `limit` tokens the first and the last half of them are kept: what matters mostly stands at
    the ends (Sun et al. 2019, "How to Fine-Tune BERT for Text Classification?"). A text without any token, as an empty
    one may be, is the padding token `pad_id`.
    """

    tokenizer: Tokenizer
    pad_id: int
    limit: int

    def __call__(self, text: str) -> list[int]:
        """Return the text's token ids, from 1 to `limit` of them."""
        ids = self._whole(text) or [self.pad_id]
        return ids if len(ids) <= self.limit else head_and_tail(ids, self.limit)

    def cuts(self, text: str) -> bool:
        """Return whether the text is too long to be read whole."""
        return len(self._whole(text)) > self.limit

    def _whole(self, text: str) -> list[int]:
        known = ends(text, 2 * self.limit * CHARACTERS_PER_TOKEN)  # each end holds all that is kept of it
        ids: list[int] = self.tokenizer.encode(tokenizable(known, 2 * self.limit)).ids
        return ids

    def save(self, directory: Path) -> None:
        """Write `tokenizer.json`."""
        self.tokenizer.save(str(directory / FILE))


def load_tokenizer(directory: Path, pad_id: int, limit: int) -> HeadTailTokenizer:
    """Return the reader whose tokenizer was saved into the folder."""
    return HeadTailTokenizer(Tokenizer.from_file(str(directory / FILE)), pad_id, limit)


def head_and_tail(ids: Sequence[int], limit: int) -> list[int]:
    """Return the first half and the last half of what fits, at least 2, the first being one longer where it is odd.

    >>> head_and_tail([1, 2, 3, 4, 5, 6, 7], 5)
    [1, 2, 3, 6, 7]
    """
    return [*ids[: limit - limit // 2], *ids[len(ids) - limit // 2 :]]
