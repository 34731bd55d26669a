"""What the tests of the remote learner share: how one is made, and which texts are asked about."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, FieldKind
from labelloop.learners.base import Example, FitContext, RemoteAccess
from labelloop.testing import BagOfWords
from sync.remote.address import Address
from sync.remote.backend import Backend
from sync.remote.learner import RemoteLearner, RemoteModel

FIELD = Field("mood", FieldKind.CHOICE, ("good", "bad", "odd"), "text", ("text",))
WORDS = {"good": "lovely 喜欢 🎉", "bad": "awful 讨厌 سيئ", "odd": "purple 奇怪 ⁉️"}

Fit = Callable[..., RemoteModel]


def examples(count: int = 60, field: Field = FIELD) -> list[Example]:
    """Return examples whose word, the first or another, gives the label."""
    labels = field.labels
    return [Example(n, f"{word(labels[n % 3], n // 3)} number {n}", Choice(labels[n % 3])) for n in range(count)]


def word(label: str, n: int) -> str:
    """Return one of a label's words."""
    words = WORDS[label].split()
    return words[n % len(words)]


def truth(text: str) -> str:
    """Return the label that the text's first word gives."""
    return next(label for label, words in WORDS.items() if text.split()[0] in words.split())


def region(label: str, **more: object) -> dict[str, object]:
    """Return a region that says the label."""
    return {"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": [label]}, **more}


def hasty(address: Address, access: RemoteAccess) -> Backend:
    """Open a conversation that pauses for a moment only and waits two seconds at most."""
    return Backend(address, user="", password="", timeout_s=2.0, pause_s=0.001)


@pytest.fixture
def fit(tmp_path: Path) -> Fit:
    """Fit a remote learner by what the Rules say after `remote:`."""

    def fitted(written: str, told: list[Example] | None = None, field: Field = FIELD, **more: Any) -> RemoteModel:
        learner = RemoteLearner(written, hasty)
        return learner.fit(
            field, examples() if told is None else told, FitContext(BagOfWords(), tmp_path, seed=1, **more)
        )

    return fitted
