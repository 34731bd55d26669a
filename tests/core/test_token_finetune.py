"""Token fine-tuning: any checkpoint learns to tag, is stored, resumes and answers the same; long texts in windows."""

from pathlib import Path
from typing import Any

import pytest
import torch

from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Span, Spans
from labelloop.errors import NothingToLearn
from labelloop.learners.base import Example, FitContext, ModelContext
from labelloop.learners.token_finetune.learner import TokenFinetunedModel, TokenFinetuneLearner
from labelloop.learners.training import network
from labelloop.learners.training import trainer as classify
from labelloop.learners.training.token_classifier import first_tokens, unit_logits, whole_units
from labelloop.testing import BagOfWords
from tests.core.checkpoints import tiny

pytestmark = pytest.mark.slow  # it trains networks

FIELD = Field("marks", FieldKind.SPANS, ("money", "sky"), "text", ("text",))
MONEY, SKY = ("bank pin", "card", "银行"), ("storm", "cold wind", "天")
PATTERNS = ("my {} is lost today", "{} 今 {}", "will {} bread", "🎉 {} cake e\u0301 {}")


def told(times: int = 3) -> list[Example]:
    texts = [p.format(a, b) for p in PATTERNS for a, b in zip(MONEY, SKY, strict=True)]
    return [Example(n, text, marked(text)) for n, text in enumerate(texts * times)]


def marked(text: str) -> Spans:
    known = [(word, "money") for word in MONEY] + [(word, "sky") for word in SKY]
    return Spans(frozenset(Span(text.index(w), text.index(w) + len(w), label) for w, label in known if w in text))


def fit(source: Path, scratch: Path, examples: list[Example] | None = None, **more: Any) -> TokenFinetunedModel:
    scratch.mkdir(exist_ok=True)
    return TokenFinetuneLearner(str(source)).fit(
        FIELD, told() if examples is None else examples, FitContext(BagOfWords(), scratch, seed=1, **more)
    )


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random weights want larger steps than trained ones."""
    monkeypatch.setattr("labelloop.learners.training.run.learning_rate", lambda *_, adapted: 2e-2 if adapted else 5e-3)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny("bert", tmp_path_factory.mktemp("bert"))


@pytest.mark.parametrize("style", ["bert", "gpt2"])
@pytest.mark.parametrize("adapted", [False, True], ids=["whole", "adapted"])
def test_a_checkpoint_learns_to_tag_and_a_stored_model_answers_the_same(
    style: str, adapted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BERT- and GPT-2-style, trained whole or through adapters: fit, save, load, answer."""
    monkeypatch.setattr(classify, "STEPS", (80, 80))
    monkeypatch.setattr(network, "LARGE", 1 if adapted else 10**9)
    model = fit(tiny(style, tmp_path / "source"), tmp_path / "scratch")
    (tmp_path / "saved").mkdir()
    model.save(tmp_path / "saved")
    loaded = TokenFinetuneLearner().load(tmp_path / "saved", ModelContext(BagOfWords()))
    texts = [example.text for example in told(1)]
    asked = [*texts, "", "😀" * 99, "half a character \ud83d", "خبز"]
    answers = model.predict(asked)

    right = sum(answer.value == marked(text) for answer, text in zip(answers, texts, strict=False))
    assert right >= (6 if adapted or style == "gpt2" else 10)
    for one, other in zip(loaded.predict(asked), answers, strict=True):
        assert one.value == other.value
        assert (one.margin, one.confidence) == pytest.approx((other.margin, other.confidence), abs=1e-6)
    assert {path.suffix for path in (tmp_path / "saved").iterdir()} == {".json", ".safetensors"}
    assert (tmp_path / "saved" / network.ADAPTER).exists() == adapted


def test_a_text_longer_than_the_checkpoint_reads_is_tagged_to_its_end(bert: Path, tmp_path: Path) -> None:
    """A checkpoint that reads 48 tokens: spans behind them, and where windows meet, are found and learned."""
    long = "rain will " * 60
    examples = [*told(), Example(99, f"{long}card", Spans(frozenset({Span(len(long), len(long) + 4, "money")})))]
    model = fit(bert, tmp_path / "scratch", examples)
    text = f"my card is lost today {long}my card is lost today"
    (answer,) = model.predict([text])
    units, logits = unit_logits(model.network, model.windows, text)

    assert isinstance(answer.value, Spans)
    found = {(span.start, span.end, span.label) for span in answer.value.spans}
    last = text.rindex("card")
    assert {(3, 7, "money"), (last, last + 4, "money")} <= found
    assert len(units) == len(logits) == len(text.split())


def test_without_spans_there_is_nothing_to_fine_tune(bert: Path, tmp_path: Path) -> None:
    """The message says what is missing."""
    with pytest.raises(NothingToLearn, match="marked"):
        fit(bert, tmp_path / "scratch", [Example(1, "my card", Spans(frozenset()))])


def test_texts_without_any_token_break_nothing(bert: Path, tmp_path: Path) -> None:
    """Empty texts and white space among the examples are left out."""
    empty = [Example(900 + n, text, Spans(frozenset())) for n, text in enumerate(["", " ", "\n"])]
    model = fit(bert, tmp_path / "scratch", [*told(1), *empty], deadline=0.0)

    assert [answer.value for answer in model.predict(["", " "])] == [Spans(frozenset())] * 2


def test_units_that_share_a_token_are_one() -> None:
    """A tokenizer may join characters that we keep apart: where it does, they are tagged together."""
    text = "去北京 now"
    tokens = torch.tensor([[0, 1], [1, 3], [3, 7]]).numpy()
    units = whole_units(text, tokens)

    assert [text[start:end] for start, end in units.tolist()] == ["去", "北京", "now"]
    assert first_tokens(units, tokens).tolist() == [0, 1, 2]
