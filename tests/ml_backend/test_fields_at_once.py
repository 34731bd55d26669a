"""What /predict says of several fields is what it says of each alone, and what they share is done once."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from labelloop.domain.schema import Field
from labelloop.domain.tasks import INPUT_BREAK
from labelloop.domain.values import Choice, Choices, Number, Rating, Span, Spans, Value
from labelloop.encoders.base import Vectors
from labelloop.learners.base import Example, FitContext, Learner
from labelloop.learners.dictionary.learner import DictionaryLearner
from labelloop.learners.linear.learner import LinearLearner
from labelloop.learners.linear.memory import Look, Memory
from labelloop.learners.logistic_head import Matrix
from labelloop.testing import BagOfWords
from ml_backend.predict import pre_annotate
from ml_backend.snapshot import Loaded, Snapshot
from sync.config.label_config import parse

WORDS = ("lovely", "awful", "parcel", "王小明", "late", "🎉")
CHOICES = '<Choice value="yes"/><Choice value="no"/>'
CONTROLS = (
    f'<Choices name="lovely" toName="t">{CHOICES}</Choices>'
    f'<Choices name="awful" toName="t">{CHOICES}</Choices>'
    f'<Choices name="which" toName="t" choice="multiple">{"".join(f"<Choice value={w!r}/>" for w in WORDS)}</Choices>'
    '<Rating name="stars" toName="t" maxRating="5"/><Number name="how many" toName="t" min="0" max="9"/>'
    '<Labels name="who" toName="t"><Label value="Person"/></Labels>'
)
CONFIG = f'<View><Text name="t" value="$text"/>{CONTROLS}</View>'
BESIDE = f'<View><Text name="t" value="$text"/><Text name="u" value="$other"/>{CONTROLS}</View>'
TASKS = range(1, 201)


class Counting(BagOfWords):
    """An encoder that counts how often it is asked."""

    times = 0

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors."""
        self.times += bool(texts)
        return super().__call__(texts)


ENCODE = Counting()


def text(number: int) -> str:
    """Return a text that has some of the words."""
    return " ".join([word for place, word in enumerate(WORDS) if number >> place & 1] + [f"number {number}"])


def true(field: Field, said: str) -> Value:
    """Return what is true of a text."""
    match field.name:
        case "which":
            return Choices(frozenset(word for word in WORDS if word in said))
        case "stars":
            return Rating(1 + sum(word in said for word in WORDS[:4]))
        case "how many":
            return Number(sum(word in said for word in WORDS))
        case "who":
            at = said.find("王小明")
            return Spans(frozenset({Span(at, at + 3, "Person")} if at >= 0 else ()))
        case name:
            return Choice("yes" if name in said else "no")


@cache
def loaded(config: str) -> tuple[Loaded, ...]:
    """Return a version of each field, all but the second fitted to the same tasks with the same pool."""
    pool = [text(number) for number in range(300, 400)]
    found = []
    for number, field in enumerate(parse(config).fields):
        learner: Learner = DictionaryLearner() if field.name == "who" else LinearLearner()
        least = 50 if number == 1 else 40
        texts = [text(n) + INPUT_BREAK * (len(field.inputs) - 1) for n in range(least, 100)]
        examples = [Example(n, said, true(field, said)) for n, said in enumerate(texts)]
        more = [said + INPUT_BREAK * (len(field.inputs) - 1) for said in pool[50 - least :]]
        model = learner.fit(field, examples, FitContext(ENCODE, pool=more, seed=1))
        found.append(Loaded(f"v{number}", field, model))
    return tuple(found)


def answered(versions: Sequence[Loaded], config: str, numbers: Sequence[int], show_from: float = 0.0) -> list[Any]:
    """Return the entries of a request that these versions answer."""
    snapshot = Snapshot(12, "v", tuple(versions), train=frozenset(TASKS), show_from=show_from)
    return pre_annotate(snapshot, config, [{"id": n, "data": {"text": text(n), "other": "so"}} for n in numbers])


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from([CONFIG, BESIDE]),
    st.lists(st.integers(1, 220), max_size=12),
    st.sets(st.integers(0, 5), min_size=1),
    st.sampled_from([0.0, 0.6]),
)
@example(CONFIG, [*TASKS], {0, 1}, 0.0)
def test_several_fields_are_answered_as_each_is_alone(
    config: str, numbers: list[int], fields: set[int], show_from: float
) -> None:
    """To the last byte, whatever else is asked; the score is the least of theirs."""
    versions = [loaded(config)[place] for place in sorted(fields)]
    alone = [answered([one], config, numbers, show_from) for one in versions]
    for entry, *parts in zip(answered(versions, config, numbers, show_from), *alone, strict=True):
        said = [part for part in parts if part]
        regions = [region for part in said for region in part["result"]]
        expected = {"result": regions, "score": min(p["score"] for p in said), "model_version": "v"} if said else []
        assert orjson.dumps(entry) == orjson.dumps(expected)


@pytest.mark.parametrize("config", [CONFIG, BESIDE])
def test_a_request_asks_the_encoder_once_for_fields_that_read_the_same(config: str) -> None:
    """What one field's model saw of the texts, the next sees too."""
    versions = [one for one in loaded(config) if one.field.name in ("lovely", "awful", "which", "stars")]
    before = ENCODE.times
    assert all(answered(versions, config, TASKS[:50]))
    assert ENCODE.times == before + 1


def test_neighbours_are_looked_for_once_for_all_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they remember the same texts, and where they come from different rounds and most are the same."""
    looked: list[Memory] = []
    look = Memory.look

    def counted(self: Memory, vectors: Matrix) -> Look:
        looked.append(self)
        return look(self, vectors)

    lovely, awful, which, *_ = loaded(CONFIG)
    monkeypatch.setattr(Memory, "look", counted)
    for versions in ([lovely, which], [lovely, awful]):
        looked.clear()
        assert all(answered(versions, CONFIG, TASKS[:9]))
        assert len(looked) == 1
