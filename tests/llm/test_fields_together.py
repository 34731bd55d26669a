"""Several fields that one LLM answers: asked in one request, paid once, read and trusted one by one."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labelloop.domain.guideline_text import first_guideline
from labelloop.domain.refinement import Edit
from labelloop.domain.values import Choice
from labelloop.learners.base import cost_per_1000
from labelloop.learners.prompt.guideline_edits import edited
from labelloop.learners.prompt.learner import PromptLearner
from labelloop.learners.prompt.model import PromptModel
from labelloop.learners.prompt.prompt_text import instructions
from labelloop.testing import BagOfWords
from tests.llm import several
from tests.llm.server import Fault, ScriptedLLM
from tests.llm.several import FIELDS, JOINT, PLACES, REASON, TONE, TOPIC, fit_together, text, values
from tests.llm.stage import costs, fitting, models, name
from tests.llm.test_prompt import FIELD as ONE_FIELD
from tests.llm.test_prompt import examples as of_one_field
from tests.llm.test_prompt import right as says_one_field

pytestmark = pytest.mark.slow

NEW = text(1002)  # a card that was lost
RAIN = text(1000)


@pytest.fixture
def told(llm: ScriptedLLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedLLM:
    """Return the server, named in the environment, as one that knows the form and improves no guideline."""
    llm.reads = several.right
    name(llm, monkeypatch, tmp_path / "data")
    monkeypatch.setenv("LABELLOOP_LLM_REFINE", "false")
    return llm


def system(body: dict[str, Any]) -> str:
    return str(body["messages"][0]["content"])


def asked(models: dict[str, PromptModel], said: str) -> dict[str, Any]:
    """Return what all models say of a text, one asked after the other; None where it is left to people."""
    answers = {name: model.predict([said])[0] for name, model in models.items()}
    return {name: None if answer.fallback else answer.value for name, answer in answers.items()}


def test_the_llm_is_asked_once_for_all_fields_and_paid_once(told: ScriptedLLM, tmp_path: Path) -> None:
    """While they are measured, and when they predict: one request a text, whose costs the fields share."""
    fitted = fit_together(tmp_path)
    assert told.answered == 30
    told.requests.clear()

    assert asked(fitted, NEW) == values(NEW)
    (body,) = told.requests
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["required"] == ["places", "topic", "语气", "reason"]
    assert {"type": "null"} in schema["properties"]["reason"]["anyOf"]
    assert system(body).startswith(JOINT)
    spent, paid = costs().spent(0), (told.tokens_in * 1.0 + told.tokens_out * 4.0) / 1e6
    assert spent.requests == 31
    assert spent.cost == pytest.approx(paid)
    shares = [cost_per_1000(model) for model in fitted.values()]
    assert sum(shares) == pytest.approx(1000 * paid / 31, rel=0.02)


def test_every_example_is_shown_once_with_what_people_said_of_every_field(told: ScriptedLLM, tmp_path: Path) -> None:
    """The nearest last; a name that nobody was asked for is left out; no text sees itself while it is measured."""
    fitted = fit_together(tmp_path)
    for body in told.requests:
        *shown, question = [m["content"] for m in body["messages"] if m["role"] == "user"]
        assert question not in shown
        assert len(set(shown)) == len(shown) <= 4 * 12
    fitted["topic"].predict([NEW])
    pairs = [message["content"] for message in told.requests[-1]["messages"][1:-1]]
    for question, answer in zip(pairs[::2], pairs[1::2], strict=True):
        said = json.loads(answer)
        assert said.keys() == {n for n, value in values(json.loads(question)["text"]).items() if value is not None}
    assert "card" in pairs[-2]


def test_confidence_stays_that_of_each_field(told: ScriptedLLM, tmp_path: Path) -> None:
    """It is made of the tokens of the field's own part, though the same word may stand in another's."""
    fitted = fit_together(tmp_path)
    told.doubts = {"lost": 0.6, "card": 0.9}
    margins = {name: model.predict([NEW])[0].margin for name, model in fitted.items()}

    assert margins == pytest.approx({"topic": 0.9, "语气": 0.95, "places": 0.95, "reason": 0.6}, abs=0.01)


@pytest.mark.parametrize(
    "part", ['{"labels": ["HACKED"]}', "null", '"calm"', '{"labels": null}', '{"labels": ["calm"', "[1]"]
)
def test_a_part_that_cannot_be_read_leaves_only_its_field_to_be_asked_alone(
    told: ScriptedLLM, tmp_path: Path, part: str
) -> None:
    """The others keep what they have; one that breaks off keeps what came before."""
    fitted = fit_together(tmp_path)
    told.requests.clear()
    whole = several.right(fitted["topic"].prompt.labeler.joint.system, NEW)
    before = json.dumps({key: value for key, value in whole.items() if key != "语气"}, ensure_ascii=False)
    told.faults.append(Fault(words=f'{before[:-1]}, "语气": {part}' + "}" * (part[-1] not in '"' or part[0] == '"')))

    assert asked(fitted, NEW) == values(NEW)
    assert [system(body).startswith(JOINT) for body in told.requests] == [True, False]
    assert "`语气`" in system(told.requests[1])


def test_a_field_that_is_never_answered_in_form_is_left_to_people_alone(told: ScriptedLLM, tmp_path: Path) -> None:
    """With its reason; the parts of the others count."""
    fitted = fit_together(tmp_path)

    def stubborn(instructions: str, said: str) -> dict[str, Any]:
        answer = several.right(instructions, said)
        return answer | {"语气": None} if instructions.startswith(JOINT) else answer | {"labels": None}

    told.reads = stubborn
    assert asked(fitted, NEW) == values(NEW) | {"语气": None}
    assert len(told.requests) == 30 + 3  # together, alone, and alone once more with the reason


def test_prose_is_asked_for_once_more_for_all_of_them(told: ScriptedLLM, tmp_path: Path) -> None:
    """Not by every field for itself."""
    fitted = fit_together(tmp_path)
    told.requests.clear()
    told.faults.append(Fault(words="I think it is a card."))

    assert asked(fitted, NEW) == values(NEW)
    assert [system(body).startswith(JOINT) for body in told.requests] == [True, True]
    assert "no JSON object" in told.requests[1]["messages"][-1]["content"]


def test_a_server_without_schemas_and_seeds_answers_all_fields_too(told: ScriptedLLM, tmp_path: Path) -> None:
    """What it refuses is left out of the next request; the answers are read as they are."""
    told.refuses = ("response_format", "seed", "logprobs")
    fitted = fit_together(tmp_path, FIELDS[:2])

    assert told.answered == 30
    assert asked(fitted, NEW) == {key: values(NEW)[key] for key in ("topic", "语气")}
    assert not {"response_format", "seed", "logprobs"} & told.requests[-1].keys()


def test_a_child_that_its_parent_does_not_ask_for_is_null_and_costs_no_further_request(
    told: ScriptedLLM, tmp_path: Path
) -> None:
    """Left out although the answer itself says that it is asked, it is asked alone."""
    fitted = fit_together(tmp_path)
    told.requests.clear()
    assert asked(fitted, RAIN) == values(RAIN)
    assert values(RAIN)["reason"] is None
    assert len(told.requests) == 1

    told.requests.clear()
    whole = several.right(fitted["topic"].prompt.labeler.joint.system, NEW)
    told.faults.append(Fault(words=json.dumps(whole | {"reason": None}, ensure_ascii=False)))
    assert asked(fitted, NEW) == values(NEW)
    assert [system(body).startswith(JOINT) for body in told.requests] == [True, False]


def test_a_child_without_its_parent_among_them_is_asked_everywhere(told: ScriptedLLM, tmp_path: Path) -> None:
    """Whoever serves the parent decides whether people see it."""
    fitted = fit_together(tmp_path, (TONE, REASON))
    assert "null unless" not in fitted["reason"].prompt.labeler.joint.system
    assert "null unless topic is card" in fit_together(tmp_path)["reason"].prompt.labeler.joint.system


def test_a_saved_version_asks_what_was_measured(told: ScriptedLLM, tmp_path: Path) -> None:
    """With the sections of the others as they were: nothing that is fitted or deployed later changes what it asks."""
    fitted = fit_together(tmp_path, numbers=range(20))
    fit_together(tmp_path, numbers=range(40))
    found = asked(fitted, NEW)
    before = told.answered
    for field in FIELDS:
        folder = tmp_path / f"saved-{field.name}"
        folder.mkdir()
        fitted[field.name].save(folder)
        again = PromptLearner().load(folder, models(BagOfWords()))
        assert (folder / "prompt.md").read_text("utf-8") == fitted["topic"].prompt.labeler.joint.system
        assert asked({field.name: again}, NEW) == {field.name: found[field.name]}
        folder.joinpath("again").mkdir()
        again.save(folder / "again")
        for file in (folder / "again").iterdir():
            assert file.read_bytes() == (folder / file.name).read_bytes()
    assert told.answered == before


def test_before_the_first_label_all_fields_are_asked_together(told: ScriptedLLM, tmp_path: Path) -> None:
    """Without any example."""
    fitted = fit_together(tmp_path, numbers=(), pool=[text(n) for n in range(10)])

    assert told.answered == 10
    assert all(len(body["messages"]) == 2 for body in told.requests)
    assert asked(fitted, text(2)) == values(text(2))
    assert told.answered == 10


def test_a_text_without_room_beside_all_sections_is_asked_about_for_each_field(
    told: ScriptedLLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As far as it has room there; what the server finds too long loses examples first."""
    fitted = fit_together(tmp_path, (TOPIC, PLACES))
    told.requests.clear()
    told.context = 1000
    assert asked(fitted, NEW)["places"] == values(NEW)["places"]
    assert all(system(body).startswith(JOINT) for body in told.requests)
    monkeypatch.setenv("LABELLOOP_LLM_CONTEXT_TOKENS", "1400")
    small = fit_together(tmp_path, (TOPIC, PLACES), numbers=range(6))
    told.requests.clear()
    asked(small, f"{NEW} {'and on ' * 150}")
    assert told.requests
    assert not any(system(body).startswith(JOINT) for body in told.requests)


def test_several_runs_of_all_fields_are_several_requests(
    told: ScriptedLLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the examples in another order."""
    monkeypatch.setenv("LABELLOOP_LLM_RUNS", "3")
    fitted = fit_together(tmp_path, (TOPIC, TONE), numbers=range(12))
    assert told.answered == 3 * 12
    asked(fitted, NEW)
    assert len({json.dumps(body["messages"]) for body in told.requests[-3:]}) == 3


def test_a_project_of_one_field_asks_byte_for_byte_as_before(told: ScriptedLLM, tmp_path: Path) -> None:
    """The digest is that of the requests of LabelLoop before fields were asked together."""
    told.reads, told.oracle = None, says_one_field
    model = PromptLearner().fit(ONE_FIELD, of_one_field(40), fitting(BagOfWords(), tmp_path, seed=7))
    told.faults.append(Fault(words="prose"))
    for said in ("a card 卡", "rain on day 3", "soup"):
        model.predict([said])

    assert told.answered == 44
    every = "\n".join(sorted(told.bodies.elements()))
    assert hashlib.sha256(every.encode()).hexdigest().startswith("a9ad516f5282c85355eb065d3c1e518c")
    assert model.predict(["soup"])[0].value == Choice("food")


def test_a_better_guideline_is_in_the_fields_own_section(told: ScriptedLLM, tmp_path: Path) -> None:
    """It is tried, measured and served among the others' sections as they are."""
    labeler = fit_together(tmp_path, (TOPIC, TONE), numbers=range(6))["topic"].prompt.labeler
    better = edited(first_guideline(TOPIC), [Edit("card", "Whatever a bank does.")])
    system = replace(labeler, system=instructions(TOPIC, better)).joint.system

    assert "Whatever a bank does." not in labeler.joint.system
    assert system.replace("\nWhatever a bank does.", "") == labeler.joint.system
    assert system.index('# "topic"') < system.index("Whatever a bank does.") < system.index('The answer to "topic"')
