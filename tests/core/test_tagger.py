"""Learners of spans: code points whatever the script, overlaps kept, bad input dropped, honest confidence."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Span, Spans
from labelloop.encoders.base import Encode
from labelloop.encoders.tokens import tokens_of
from labelloop.errors import NothingToLearn
from labelloop.learners.base import Example, FitContext, Learner, Model
from labelloop.learners.dictionary.learner import DictionaryLearner
from labelloop.learners.spans.tag_sets import layers_of, spans_of, tags_of
from labelloop.learners.spans.tokenization import units_of
from labelloop.learners.spans.viterbi import decode
from labelloop.learners.tagger.featurizer import vectors_of
from labelloop.learners.tagger.learner import TaggerLearner
from labelloop.testing import BagOfWords

LABELS = ("Person", "Place")
FIELD = Field("names", FieldKind.SPANS, LABELS, "text", ("text",))
SCRIPTS = "aé中文字👩‍👩‍👧🇩🇪e\u0301עברית\u0644\u064eا ไทย 한국 \u200f\u2028\ud83d._-1٣\n\t"
texts = st.text(alphabet=st.sampled_from(SCRIPTS), max_size=60) | st.text(max_size=30)

PATTERNS = ("{} lives in {} 🎉", "👩‍👩‍👧 {}住在{}。", "وصل {} إلى {} أمس", "Ça va, {}? e\u0301 {}")
PEOPLE = ("Anna", "王芳", "Zoë", "عمر", "Wei Li")
PLACES = ("Berlin", "北京", "Łódź", "القاهرة", "New York")


def said(n: int) -> tuple[str, Spans]:
    person, place = PEOPLE[n % 5], PLACES[(n // 2) % 5]
    text = PATTERNS[n % 4].format(person, place)
    return text, marked(text, **{person: "Person", place: "Place"})


def marked(text: str, **names: str) -> Spans:
    return Spans(frozenset(Span(text.index(n), text.index(n) + len(n), label) for n, label in names.items()))


def told(count: int = 40) -> list[Example]:
    return [Example(n, *said(n)) for n in range(count)]


def fit(learner: Learner, examples: list[Example], encode: Encode | None = None, field: Field = FIELD) -> Model:
    return learner.fit(field, examples, FitContext(encode or BagOfWords(), Path("nowhere"), seed=1))


def found(model: Model, text: str) -> dict[str, str]:
    (answer,) = model.predict([text])
    assert isinstance(answer.value, Spans)
    return {text[span.start : span.end]: span.label for span in answer.value.spans}


@pytest.fixture(params=[DictionaryLearner, TaggerLearner], ids=lambda kind: str(kind.name))
def learner(request: pytest.FixtureRequest) -> Learner:
    made: Learner = request.param()
    return made


# --- units, tags, legal sequences -----------------------------------------------------------------------------------


@given(text=texts)
def test_units_cover_all_but_white_space_and_never_overlap(text: str) -> None:
    """Every character that is no white space lies in exactly one unit, inside the text."""
    units = units_of(text).tolist()
    covered = [place for start, end in units for place in range(start, end)]

    assert covered == sorted(set(covered))
    assert all(0 <= start < end <= len(text) for start, end in units)
    assert all(text[place].isspace() for place in set(range(len(text))) - set(covered))


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("Anna's café", ["Anna", "'", "s", "café"]),
        ("cafe\u0301 au lait", ["cafe\u0301", "au", "lait"]),
        ("去北京!", ["去", "北", "京", "!"]),
        ("👩‍👩‍👧 👍🏽", ["👩‍👩‍👧", "👍🏽"]),
        ("서울에서", ["서", "울", "에", "서"]),
        ("وصل عمر", ["وصل", "عمر"]),
        ("كِتَاب", ["كِتَاب"]),
        ("", []),
    ],
)
def test_units_are_words_or_characters_by_script(text: str, units: list[str]) -> None:
    """Words where a script has spaces, characters where it has none; marks and joined emoji stay whole."""
    assert [text[start:end] for start, end in units_of(text).tolist()] == units


@given(text=texts, seed=st.integers(0, 99))
def test_spans_become_tags_and_the_same_spans_again(text: str, seed: int) -> None:
    """Spans along units that do not overlap lose nothing."""
    units, rng = units_of(text), np.random.default_rng(seed)
    edges = sorted(rng.choice(len(units) + 1, min(len(units) + 1, 4), replace=False).tolist())
    spans = {
        Span(int(units[a, 0]), int(units[b - 1, 1]), LABELS[n % 2])
        for n, (a, b) in enumerate(zip(edges[::2], edges[1::2], strict=False))
    }

    assert set(spans_of(tags_of(spans, units, LABELS), units, LABELS)) == spans


@given(st.integers(0, 12), st.integers(1, 3), st.integers(0, 99))
def test_the_likeliest_legal_tags_are_found(n: int, labels: int, seed: int) -> None:
    """Nothing goes on that has not begun, and no other legal sequence is likelier."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(2 * labels + 1), n).reshape(n, 2 * labels + 1)
    tags = decode(shares)
    best = np.log(np.maximum(shares, 1e-12))[np.arange(n), tags].sum()

    assert _legal(tags.tolist())
    for _ in range(200):
        other = rng.integers(2 * labels + 1, size=n)
        if _legal(other.tolist()):
            assert np.log(np.maximum(shares, 1e-12))[np.arange(n), other].sum() <= best + 1e-9


def _legal(tags: list[int]) -> bool:
    return all(tag == 0 or tag % 2 or before in (tag, tag - 1) for before, tag in zip([0, *tags], tags, strict=False))


def test_labels_that_overlap_each_other_are_tagged_apart() -> None:
    """One layer where nothing overlaps; as many as need be where something does."""
    apart = [{Span(0, 3, "a"), Span(3, 5, "b")}]
    nested = [{Span(0, 9, "a"), Span(2, 4, "b")}, {Span(0, 2, "b"), Span(5, 6, "c")}]

    assert layers_of("abc", apart) == (("a", "b", "c"),)
    assert layers_of("abc", nested) == (("a", "c"), ("b",))


def test_of_nested_spans_with_one_label_the_outermost_is_learned() -> None:
    """One sequence of tags holds no span inside another."""
    text = "New York City Hall"
    tags = tags_of({Span(0, 13, "Place"), Span(0, 18, "Place")}, units_of(text), LABELS)

    assert spans_of(tags, units_of(text), LABELS) == [Span(0, 18, "Place")]


# --- both learners --------------------------------------------------------------------------------------------------


def test_names_are_found_in_every_script(learner: Learner, encoder: Encode) -> None:
    """Latin, Chinese, Arabic, with emoji and combining marks before them: the right characters are marked."""
    model = fit(learner, told(), encoder)
    before = "👩‍👩‍👧e\u0301 "
    for n in (3, 6, 14, 17):
        text, value = said(n)
        assert found(model, before + text) == {text[s.start : s.end]: s.label for s in value.spans}


@given(text=texts)
def test_offsets_are_always_inside_the_text(text: str) -> None:
    """Whatever the text holds: spans of at least one character, of allowed labels, inside it."""
    for model in _FITTED:
        (answer,) = model.predict([text])
        assert isinstance(answer.value, Spans)
        assert all(0 <= span.start < span.end <= len(text) for span in answer.value.spans)
        assert FIELD.allows(answer.value)
        assert 0 <= answer.margin <= 1
        assert 0 <= answer.confidence <= 1


_FITTED = [fit(DictionaryLearner(), told()), fit(TaggerLearner(), told())]


def test_spans_beyond_the_text_and_empty_ones_are_dropped_and_counted(learner: Learner) -> None:
    """Bad spans spoil nothing, and the log says how many there were, not which."""
    text = "Anna was here"
    bad = Spans(frozenset({Span(0, 4, "Person"), Span(5, 5, "Person"), Span(5, 99, "Place"), Span(-2, 3, "Place")}))
    with capture_logs() as logs:
        model = fit(learner, [Example(n, text, bad) for n in range(8)])

    assert found(model, text) == {"Anna": "Person"}
    assert [(line["event"], line["spans"]) for line in logs] == [("spans_dropped", 24)]


def test_empty_texts_and_texts_without_spans_are_learned_from(learner: Learner) -> None:
    """Nothing marked is a fact too: after many such documents a model is fairly sure, never wholly."""
    for text in ("", "nothing here", "🎉"):
        (answer,) = fit(learner, [Example(n, text, Spans(frozenset())) for n in range(40)]).predict([text])
        assert answer.value == Spans(frozenset())
        assert 0.9 < answer.confidence < 1


def test_labels_only_partly_seen_are_no_hindrance(learner: Learner) -> None:
    """A label nobody has given yet is not answered."""
    model = fit(learner, [Example(n, "Anna was here", marked("Anna was here", Anna="Person")) for n in range(8)])

    assert found(model, "Anna was here") == {"Anna": "Person"}


def test_one_example_is_remembered(learner: Learner) -> None:
    """The first marked text shows again what was marked in it."""
    text, value = said(0)
    model = fit(learner, [Example(1, text, value)])

    assert found(model, text)["Anna"] == "Person"


def test_no_example_left_is_said(learner: Learner) -> None:
    """Where the labels are gone from the configuration there is nothing to learn."""
    gone = Field("names", FieldKind.SPANS, ("Product",), "text", ("text",))
    with pytest.raises(NothingToLearn, match="label some tasks"):
        fit(learner, told(4), field=gone)


def test_a_string_that_people_mostly_leave_alone_is_left_alone() -> None:
    """The dictionary marks what was marked at least every other time it stood there."""
    both = [Example(n, "May came in May", Spans(frozenset({Span(0, 3, "Person")}))) for n in range(5)]
    seldom = [*both, *(Example(9 + n, "see you in May", Spans(frozenset())) for n in range(5))]

    assert found(fit(DictionaryLearner(), both), "May is here") == {"May": "Person"}
    assert found(fit(DictionaryLearner(), seldom), "May is here") == {}


# --- what `tagger` promises ----------------------------------------------------------------------------------------


def test_spans_of_different_labels_may_overlap_in_the_answer() -> None:
    """A place inside an organisation is found beside it."""
    field = Field("names", FieldKind.SPANS, ("Org", "Place"), "text", ("text",))
    cities = ("Berlin", "Paris", "Lagos", "Kyoto", "Oslo", "Lima")
    examples = [
        Example(n, f"the Bank of {city} said", Spans(frozenset({Span(4, 12 + len(city), "Org"), _place(city)})))
        for n, city in enumerate(cities * 4)
    ]
    model = fit(TaggerLearner(), examples, field=field)

    assert found(model, "the Bank of Oslo said") == {"Bank of Oslo": "Org", "Oslo": "Place"}


def _place(city: str) -> Span:
    return Span(12, 12 + len(city), "Place")


def test_unseen_names_are_found_by_what_they_look_like(encoder: Encode) -> None:
    """More than a dictionary: a name nobody marked before, where names stand."""
    names = ["Ada", "Ben", "Carl", "Dora", "Emil", "Fritz", "Greta", "Hans"]
    examples = [
        Example(n, text, marked(text, **{name: "Person"}))
        for n, name in enumerate(names * 3)
        for text in [(f"I met {name} in the park", f"{name} says hello", f"yesterday {name} went home")[n % 3]]
    ]

    assert found(fit(TaggerLearner(), examples, encoder), "I met Viktor in the park") == {"Viktor": "Person"}
    assert found(fit(DictionaryLearner(), examples, encoder), "I met Viktor in the park") == {}


def test_a_text_longer_than_the_encoder_reads_is_tagged_to_its_end(encoder: Encode) -> None:
    """The encoder reads long texts in windows; the last name counts as much as the first."""
    text, _ = said(0)
    filler = "and so on, " * 400
    calm = [Example(900 + n, filler[: 11 * (n + 1)], Spans(frozenset())) for n in range(10)]

    assert found(fit(TaggerLearner(), [*told(), *calm], encoder), filler + text) == {
        "Anna": "Person",
        "Berlin": "Place",
    }


def test_tokens_of_windows_are_those_of_the_text_in_order(encoder: Encode) -> None:
    """Cutting a text into windows loses no token, doubles none, and every unit gets a vector."""
    text = " ".join(f"word{n}" for n in range(300))
    tokens = tokens_of(encoder, text)
    assert tokens is not None
    covered = [place for start, end in tokens.offsets.tolist() for place in range(start, end)]

    assert covered == [place for place, character in enumerate(text) if character != " "]
    assert tokens.vectors.shape == (len(tokens.offsets), 384)
    assert not np.isnan(vectors_of(encoder, text, units_of(text))).any()


def test_confidence_is_the_chance_that_all_spans_are_right() -> None:
    """On documents it never saw, the mean confidence is near the share that is right in every span."""
    rng = np.random.default_rng(5)
    model = fit(TaggerLearner(), [_noisy(n, rng) for n in range(300)])
    unseen = [_noisy(n, rng) for n in range(300)]
    answers = model.predict([example.text for example in unseen])
    right = np.array([answer.value == example.value for answer, example in zip(answers, unseen, strict=True)])
    sure = np.array([answer.confidence for answer in answers])

    assert 0.2 < right.mean() < 0.95
    assert sure.mean() == pytest.approx(right.mean(), abs=0.08)
    assert sure[right].mean() > sure[~right].mean()


def _noisy(n: int, rng: np.random.Generator) -> Example:
    """Capital words are names, in small letters they are in six of ten cases."""
    word = str(rng.choice(["anna", "berta", "carla", "dora"]))
    plain = rng.random() < 0.4
    text = f"here comes {word if plain else word.title()} {rng.integers(9)}"
    is_name = not plain or rng.random() < 0.6
    return Example(n, text, marked(text, **{text.split()[2]: "Person"}) if is_name else Spans(frozenset()))
