"""One long text costs no more than one that is just too long, and is read as before."""

from pathlib import Path

import numpy as np
import pytest

from labelloop.domain.schema import Field
from labelloop.domain.text_limits import LONGEST_MARKED
from labelloop.domain.values import Choice, FieldKind, Span, Spans
from labelloop.encoders.encoder import OnnxEncoder
from labelloop.encoders.manifest import read_manifest
from labelloop.encoders.vectors import CachedEncoder
from labelloop.learners.base import Example, FitContext, ModelContext
from labelloop.learners.contrastive import fit as contrastive_fit
from labelloop.learners.contrastive.learner import ContrastiveLearner
from labelloop.learners.dictionary.learner import DictionaryLearner
from labelloop.learners.spans.span_documents import documents_of
from labelloop.learners.spans.tokenization import units_of
from labelloop.learners.training import sentence_encoder
from labelloop.learners.training.sentence_encoder import SentenceEncoder
from labelloop.settings import Settings
from labelloop.testing import BagOfWords
from tests.core.checkpoints import WORDS, tiny_encoder
from tests.peak import cost

MEGABYTES = 10
OPEN = """
from pathlib import Path
from labelloop.encoders.open_encoder import open_encoder
from labelloop.learners.spans.tokenization import units_of
from labelloop.learners.tagger.token_features import features_of
folder = Path({folder!r})
encode = open_encoder(folder)
encode(["warm"])
text = "It rains in Berlin. " * ({megabytes} * 2**20 // 20)
"""
NAMES = Field("names", FieldKind.SPANS, ("City",), "text", ("text",))


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "encode([text])",
        "open_encoder(folder, 16)([text])",
        "encode.tokens(text)",
        "features_of(text, units_of(text))",
    ],
    ids=["text", "windows", "tokens", "units"],
)
def test_ten_megabytes_cost_little(code: str, encoder: CachedEncoder, encoder_settings: Settings) -> None:
    """A text of any length is cut before it is tokenized: not twenty seconds and two gigabytes."""
    from labelloop.encoders.open_encoder import export_directory

    folder = str(export_directory(encoder_settings))
    spent = cost(code, OPEN.format(folder=folder, megabytes=MEGABYTES))
    assert spent.mib < 250
    assert spent.seconds < 20


def test_the_beginning_is_read_as_before(encoder: CachedEncoder) -> None:
    """What lies within the tokens that count has the same vector, whatever follows it."""
    beginning = "Es regnet in Berlin und in München, 而且还下雪。 " * 40
    one, other = encoder([beginning, beginning + "x" * 3_000_000])
    assert np.array_equal(one, other)


def test_units_are_right_as_far_as_they_go() -> None:
    """Offsets of the part that is read stay those of the whole text."""
    text = "去Berlin! " * 20_000
    units = units_of(text)
    assert [text[a:b] for a, b in units[:3].tolist()] == ["去", "Berlin", "!"]
    assert LONGEST_MARKED - 10 < units[-1, 1] <= LONGEST_MARKED


def test_spans_beyond_what_is_read_are_dropped() -> None:
    """Nothing can be learned from a mark in a part that no model sees."""
    text = "Berlin " * 20_000
    near, far = Span(0, 6, "City"), Span(LONGEST_MARKED + 6, LONGEST_MARKED + 12, "City")
    (document,) = documents_of(NAMES, [Example(1, text, Spans(frozenset({near, far})))])
    assert document.spans == {near}


def test_spans_of_a_text_that_is_not_read_to_its_end_are_left_to_people() -> None:
    """Nobody knows whether all of them were found: no certificate may take the model's word for it."""
    examples = [Example(n, f"It rains in Berlin {n}", Spans(frozenset({Span(12, 18, "City")}))) for n in range(20)]
    model = DictionaryLearner().fit(NAMES, examples, FitContext(BagOfWords()))
    whole, cut = model.predict(["Snow in Berlin", "Snow in Berlin" + "." * LONGEST_MARKED])

    assert whole.value == cut.value == Spans(frozenset({Span(8, 14, "City")}))
    assert whole.confidence > 0.5
    assert (cut.confidence, cut.margin, cut.is_shown) == (0.0, 0.0, False)


@pytest.mark.slow
def test_a_long_text_is_tuned_by_both_ends_and_served_in_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By `contrastive`, as the project reads; the version says so itself. Where a beginning is read, it is for both."""
    monkeypatch.setattr(contrastive_fit, "STEPS", 2)
    monkeypatch.setattr(sentence_encoder, "MAX_TOKENS", 32)  # the tiny one reads no more
    source, long = tiny_encoder(tmp_path).source, " ".join(WORDS * 20)
    texts = [f"{long} {word}" for word in WORDS[:2]]
    topic = Field("topic", FieldKind.CHOICE, tuple(WORDS[:2]), "text", ("text",))
    one, other = SentenceEncoder(source, "", windows=4)(texts)
    assert not np.array_equal(one, other)
    assert np.array_equal(*SentenceEncoder(source, "")(texts))

    examples = [Example(n, f"{long} {WORDS[n % 2]} {n}", Choice(WORDS[n % 2])) for n in range(8)]
    context = FitContext(OnnxEncoder(tmp_path / "exported", windows=4), tmp_path)
    model = ContrastiveLearner().fit(topic, examples, context)
    (tmp_path / "saved").mkdir()
    model.save(tmp_path / "saved")
    loaded = ContrastiveLearner().load(tmp_path / "saved", ModelContext(BagOfWords()))
    assert read_manifest(tmp_path / "saved").windows == 4
    assert not np.array_equal(*loaded.encode(texts))
    assert np.array_equal(loaded.predict_proba(texts), model.predict_proba(texts))
