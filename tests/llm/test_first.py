"""Before the first label: a prompt of the guideline and the text alone, for every kind of field, measured by nobody."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from labelloop.domain.values import FieldKind
from labelloop.errors import NothingToLearn, UserError
from labelloop.learners.prompt.learner import PromptLearner
from labelloop.learners.prompt.zero_shot import no_fallback
from labelloop.plugins import needs_labels
from labelloop.testing import BagOfWords
from tests.core.kinds import problem
from tests.llm.server import Fault
from tests.llm.stage import fitting, llm_for, models

KINDS = list(FieldKind)


@pytest.mark.parametrize("kind", KINDS)
def test_without_any_label_it_answers_every_kind_and_believes_itself_in_nothing(
    kind: FieldKind, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The prompt holds no example; confidence is even odds, margin the LLM's own; a model read back says the same."""
    told, encode = problem(kind), BagOfWords()
    texts = list(told.questions)
    with llm_for(told, monkeypatch, tmp_path / "data") as llm:
        model = PromptLearner().fit(told.field, [], fitting(encode, tmp_path, pool=texts, seed=1))
        assert all(len(body["messages"]) == 2 for body in llm.requests)
        asked = len(llm.requests)
        answers = model.predict(texts)
        (folder := tmp_path / "model").mkdir()
        model.save(folder)
        again = PromptLearner().load(folder, models(encode))

        assert [answer.value for answer in answers] == list(told.questions.values())
        assert {answer.confidence for answer in answers} == {0.5}
        assert all(0 < answer.margin < 1 for answer in answers)
        assert again.predict(texts) == answers
        assert len(llm.requests) == asked, "what was asked about is kept"
        assert json.loads((folder / "refinement.json").read_text("utf-8"))["reason"] == "there was no label yet"
        assert model.cost_per_1000 > 0


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_leaves_to_people_is_shown_to_nobody(
    kind: FieldKind, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No person has said anything yet, so that no guess is worth anything."""
    told = problem(kind)
    texts = list(told.questions)
    with llm_for(told, monkeypatch, tmp_path / "data") as llm:
        context = fitting(BagOfWords(), tmp_path, pool=texts, seed=1)
        model = PromptLearner().fit(told.field, [], context)
        llm.always = Fault(words="I am a poet.")
        (answer,) = model.predict(["of nothing in particular"])

    assert (answer.value, answer.margin, answer.confidence) == (no_fallback(told.field)[0], 0.0, 0.0)
    assert not answer.is_shown


def test_with_nothing_to_ask_about_there_is_nothing_to_learn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither labels nor texts: said so, and nothing is asked. Labels that the field no longer allows are none."""
    told = problem(FieldKind.CHOICE)
    other = problem(FieldKind.RATING).examples
    context = fitting(BagOfWords(), tmp_path, seed=1)
    with llm_for(told, monkeypatch, tmp_path / "data") as llm:
        for examples, pool in (([], []), (other, ["my card"])):
            with pytest.raises(NothingToLearn):
                PromptLearner().fit(told.field, examples, replace(context, pool=pool))
    assert llm.requests == []


def test_only_it_can_do_without_labels() -> None:
    """What cannot be loaded needs them, like all others."""
    assert [needs_labels(recipe) for recipe in ("prompt", "prompt:other", "linear", "contrastive", "nobody")] == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_an_llm_that_answers_nothing_in_form_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """People begin without it."""
    told = problem(FieldKind.CHOICE)
    with (
        llm_for(told, monkeypatch, tmp_path / "data", always=Fault(words="hm")),
        pytest.raises(UserError, match="JSON"),
    ):
        PromptLearner().fit(told.field, [], fitting(BagOfWords(), tmp_path, pool=["my card"], seed=1))
