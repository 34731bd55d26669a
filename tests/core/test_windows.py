"""A long text is read in windows, so that its end counts; a short one, and every model of before, as it always was."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from labelloop.domain.long_texts import about_tokens, long_texts
from labelloop.domain.schema import Field
from labelloop.domain.text_limits import LONGEST_ENCODED, ends
from labelloop.domain.values import Choice, FieldKind
from labelloop.encoders.encoder_spec import WINDOWS, EncoderSpec
from labelloop.encoders.open_encoder import NamedEncoder, export_directory, load_encoder
from labelloop.encoders.vectors import CachedEncoder
from labelloop.encoders.windows import windows_of
from labelloop.learners.base import Example, FitContext
from labelloop.learners.linear.learner import LinearLearner
from labelloop.learners.model_io import OtherEncoder
from labelloop.rules import Rules
from labelloop.settings import Settings

FILLER = "The committee met on Tuesday, as it does every month, and went through the minutes of the meeting before. "
FIELD = Field("topic", FieldKind.CHOICE, ("card", "weather"), "text", ("text",))
SAYS = {"card": "My bank card was stolen, please block it.", "weather": "Tomorrow it will rain, with strong wind."}


@pytest.fixture(scope="module")
def windowed(encoder_settings: Settings) -> CachedEncoder:
    """Return the bundled encoder as new projects have it, without its cache on disk."""
    named = NamedEncoder(EncoderSpec(encoder_settings.encoder, windows=WINDOWS), encoder_settings.cache_dir)
    return load_encoder(named)


def decided_at_the_end(count: int) -> list[Example]:
    """Return texts of some 500 words, each of which says only in its last sentence what it is about."""
    texts = [(label, f"Number {n}. {FILLER * 25}{SAYS[label]}") for n in range(count) for label in SAYS]
    return [Example(number, text, Choice(label)) for number, (label, text) in enumerate(texts)]


def accuracy(encode: CachedEncoder, folder: Path) -> float:
    """Return how often a model of six examples is right about ten others."""
    model = LinearLearner().fit(FIELD, decided_at_the_end(3), FitContext(encode, folder))
    asked = decided_at_the_end(8)[6:]
    answers = model.predict([example.text for example in asked])
    return sum(one.value == example.value for one, example in zip(answers, asked, strict=True)) / len(asked)


def test_a_short_text_has_the_very_same_vector(encoder: CachedEncoder, windowed: CachedEncoder) -> None:
    """Up to the last token that fits, whatever is in it."""
    texts = ["Where is my card?", "我的卡在哪里?", "", "card \ud83d lost", "🎉" * 60, "card " * 126]
    assert np.array_equal(encoder(texts), windowed(texts))
    assert not np.array_equal(encoder(["card " * 127]), windowed(["card " * 126 + "rain"]))


def test_what_stands_at_the_end_is_learned_with_windows_alone(
    encoder: CachedEncoder, windowed: CachedEncoder, tmp_path: Path
) -> None:
    """The sentence that decides is beyond the tokens that are read at once."""
    assert accuracy(windowed, tmp_path) == 1.0
    assert accuracy(encoder, tmp_path) <= 0.5


def test_vectors_of_the_two_readings_never_meet(
    encoder: CachedEncoder, windowed: CachedEncoder, encoder_settings: Settings, tmp_path: Path
) -> None:
    """Each has a digest and a cache file of its own, and a model is loaded with the reading it was fitted with."""
    model = LinearLearner().fit(FIELD, decided_at_the_end(3), FitContext(encoder, tmp_path))
    model.save(tmp_path)
    files = {path.name for path in encoder_settings.cache_dir.glob("vectors-*.sqlite")}

    assert encoder.digest != windowed.digest
    assert {f"vectors-{each.digest[:16]}.sqlite" for each in (encoder, windowed)} <= files
    with pytest.raises(OtherEncoder):
        LinearLearner().load(tmp_path, FitContext(windowed, tmp_path))


def test_however_long_a_text_is_its_ends_count_and_the_rest_is_bounded(windowed: CachedEncoder) -> None:
    """Of three million characters as many windows are read as of fifty thousand; a last sentence makes a difference."""
    long = FILLER * 30_000
    assert len(ends(long, LONGEST_ENCODED)) == LONGEST_ENCODED
    one, other = windowed([long, long + SAYS["card"] * 3])
    assert not np.array_equal(one, other)
    assert np.isclose(np.linalg.norm(one), 1.0, atol=1e-5)
    assert windowed([" " * 100_000, "x" * 100_000]).shape == (2, windowed.dimensions)


@given(st.integers(1, 600), st.integers(1, 130), st.integers(2, 16))
def test_windows_are_alike_and_reach_from_the_first_token_to_the_last(tokens: int, room: int, most: int) -> None:
    """None is longer than fits, there are not more than allowed, and where they suffice no token is left out."""
    offsets = np.stack([np.arange(tokens), np.arange(tokens) + 1], axis=1)
    found = windows_of(offsets, room, most)

    assert len({end - start for start, end in found}) == 1
    assert found[0][1] - found[0][0] <= room
    assert len(found) <= most
    assert (found[0][0], found[-1][1]) == (0, tokens) or len(found) == 1
    if tokens <= room * most:
        assert {place for start, end in found for place in range(start, end)} == set(range(tokens))


def test_projects_of_before_go_on_reading_as_they_did() -> None:
    """Their rules say nothing of it; new ones read in windows."""
    before = json.dumps({key: value for key, value in Rules().model_dump().items() if key != "long_texts"})
    assert Rules.stored(before).windows == 1
    assert Rules.stored(Rules().model_dump_json()).windows == Rules().windows == WINDOWS
    assert str(EncoderSpec("/e", windows=Rules().windows)) == f"/e?windows={WINDOWS}"


def test_a_lead_is_told_how_many_texts_are_long_and_what_is_read_of_them() -> None:
    """About as many as the tokenizer would say; where only beginnings count, with the cure."""
    texts = [*["A short one."] * 60, *[FILLER * 10] * 39, FILLER * 200]
    now, before = (long_texts(texts, tokens=128, windows=count) for count in (WINDOWS, 1))

    assert (now.longer, now.beyond, now.cut, before.cut) == (40, 1, False, True)
    assert "40 % of the texts are longer than the 128 tokens" in now.sentence(12)
    assert "they are read in windows; 1 % exceed all 16, and parts of them are left out." in now.sentence(12)
    assert "only their beginning counts: `labelloop rules 12 --set long_texts=windows`" in before.sentence(12)
    assert long_texts(texts[:60], tokens=128, windows=1).sentence(12) == ""


@pytest.mark.parametrize("text", [FILLER * 30, "这家餐厅的菜很好吃，服务也不错。" * 30], ids=["English", "Chinese"])
def test_tokens_are_about_right_without_a_tokenizer(text: str, encoder_settings: Settings) -> None:
    """Within half of what the tokenizer says: the share of long texts is said with an `about`."""
    folder = export_directory(encoder_settings)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    true = len(tokenizer.encode(text).ids)
    assert 0.5 * true < about_tokens(text) < 1.5 * true
