"""Texts that several models are asked about: what one of them made of these, the next need not make again."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Self, TypeVar

Made = TypeVar("Made")


class SharedTexts(tuple[str, ...]):
    """Texts in their order, which keep what was made of them as long as they are kept themselves: for one request."""

    _made: dict[Hashable, Any]

    def __new__(cls, texts: Iterable[str]) -> Self:
        """Return the texts, of which nothing has been made yet."""
        self = super().__new__(cls, texts)
        self._made = {}
        return self

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what was made of the texts under the key; `make` is called where nothing was."""
        if key not in self._made:
            self._made[key] = make()
        made: Made = self._made[key]
        return made


def made_once(texts: Sequence[str], key: Hashable, make: Callable[[], Made]) -> Made:
    """Return what is made of the texts, once for all models that are asked about the same `SharedTexts`.

    The key names everything else that it is made with; what is made must not be changed by anybody.
    """
    return texts.once(key, make) if isinstance(texts, SharedTexts) else make()
