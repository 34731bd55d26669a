"""What an LLM is shown of a text that exceeds its context, and where the spans stand that it finds in that."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, FieldKind, Span, Spans, Value
from labelloop.learners.base import Example
from labelloop.learners.prompt.excerpt import LEFT_OUT, Excerpt, excerpt_of, ranked_passages
from labelloop.learners.prompt.learner import PromptLearner
from labelloop.learners.prompt.model import PromptModel
from labelloop.learners.prompt.output_schema import written
from labelloop.learners.prompt.prompt_text import CUT
from labelloop.testing import BagOfWords
from tests.llm.server import ScriptedLLM
from tests.llm.stage import fitting, name

TOPIC = Field("topic", FieldKind.CHOICE, ("card", "loan"), "text", ("text",))
NAMES = Field("names", FieldKind.SPANS, ("City",), "text", ("text",))
GUIDELINE = "## card\nA bank card was lost.\n\n## loan\nSomebody wants money.\n\n## City\nA town such as Berlin.\n"
FILLER = "The committee met again on Tuesday and read the minutes. "
LONG = f"Dear all. {FILLER * 100}Yesterday a bank card was lost in Berlin, near Berlin Zoo. {FILLER * 60}Yours, Ada."


@pytest.fixture
def llm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedLLM]:
    """Yield an LLM that reads 1,500 tokens at most and answers by what it can see."""
    with ScriptedLLM(lambda text: {"label": "card" if "card" in text else "loan"}) as server:
        name(server, monkeypatch, tmp_path / "data")
        monkeypatch.setenv("LABELLOOP_LLM_CONTEXT_TOKENS", "1500")
        monkeypatch.setenv("LABELLOOP_LLM_MAX_TOKENS", "64")
        monkeypatch.setenv("LABELLOOP_LLM_REFINE", "false")
        yield server


def fitted(field: Field, values: tuple[Value, ...], folder: Path) -> PromptModel:
    examples = [Example(n, f"a short text {n}", value) for n, value in enumerate(values)]
    return PromptLearner().fit(field, examples, fitting(BagOfWords(), folder, seed=1, guideline=GUIDELINE))


def asked(llm: ScriptedLLM) -> str:
    return str(json.loads(llm.requests[-1]["messages"][-1]["content"])["text"])


def test_beginning_end_and_what_is_nearest_to_a_rule_are_shown(llm: ScriptedLLM, tmp_path: Path) -> None:
    """The sentence that decides stands in the middle of 160 others."""
    model = fitted(TOPIC, (Choice("loan"), Choice("card")), tmp_path)
    (answer,) = model.predict([LONG])

    assert answer.value == Choice("card")
    assert asked(llm).startswith("Dear all.")
    assert asked(llm).endswith("Yours, Ada.")
    assert "a bank card was lost" in asked(llm)
    assert asked(llm).count(LEFT_OUT) >= 2
    assert len(asked(llm)) < len(LONG) / 2


def test_a_version_of_before_is_asked_as_it_was_measured(llm: ScriptedLLM, tmp_path: Path) -> None:
    """It saw the beginning, and its confidence was measured with that."""
    model = fitted(TOPIC, (Choice("loan"), Choice("card")), tmp_path)
    labeler = model.prompt.labeler
    old = replace(labeler, parameters=replace(labeler.parameters, excerpts=False))
    replace(model, prompt=replace(model.prompt, labeler=old)).predict([LONG])

    assert asked(llm).endswith(CUT)
    assert "bank card" not in asked(llm)


def test_spans_found_in_an_excerpt_stand_where_they_are_in_the_text(llm: ScriptedLLM, tmp_path: Path) -> None:
    """An occurrence is counted in what the LLM sees; the place is that of the whole text."""
    second = LONG.index("Berlin Zoo")

    def oracle(text: str) -> dict[str, Any]:
        place = text.find("Berlin Zoo")
        value = Spans(frozenset({Span(place, place + 6, "City")} if place >= 0 else ()))
        found: dict[str, Any] = json.loads(written(text, value))
        return found

    llm.oracle = oracle
    model = fitted(NAMES, (Spans(frozenset()),) * 2, tmp_path)
    (answer,) = model.predict([LONG])

    assert LEFT_OUT in asked(llm)
    assert answer.value == Spans(frozenset({Span(second, second + 6, "City")}))
    assert oracle(asked(llm))["spans"][0]["occurrence"] == 2


@given(st.text(min_size=2, max_size=3000), st.integers(1, 3000))
def test_every_part_of_an_excerpt_has_its_place(text: str, length: int) -> None:
    """Pieces are in order and do not overlap, and what lies over a gap has no place."""
    excerpt = excerpt_of(text, length, ranked_passages(text, ["a rule"], BagOfWords()))
    shown = str(excerpt)
    for start in range(0, len(shown), 97):
        place = excerpt.origin(start, start + 1)
        assert place is None or text[slice(*place)] == shown[start]
    flat = [edge for piece in excerpt.pieces for edge in piece]
    assert flat == sorted(flat)
    assert (flat[0], flat[-1]) == (0, len(text))
    assert Excerpt("abcdef", ((0, 2), (4, 6))).origin(1, 2 + len(LEFT_OUT) + 1) is None
