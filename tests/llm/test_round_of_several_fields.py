"""A project whose fields one LLM answers, through its rounds: who is asked what, and what it costs."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labelloop.domain.conditions import Condition, Requirement
from labelloop.domain.records import Fit
from labelloop.domain.schema import Field
from labelloop.domain.task_index import open_train
from labelloop.domain.tasks import Role, Task
from labelloop.domain.values import FieldKind
from labelloop.rules import Rules
from labelloop.steps.background_learners import untuned
from labelloop.steps.choices_by_field import choices_by_field
from labelloop.steps.close_round import close_round
from labelloop.steps.deploy import decide_round, deploy_first
from labelloop.steps.evaluate import evaluate
from labelloop.steps.fit import fit, tune
from labelloop.steps.guideline_rulings import edit
from labelloop.steps.model_store import load_model
from labelloop.steps.workspace import fit_folder
from tests.core.form import Form, answers, reply
from tests.core.made_up import FIELD as MOOD
from tests.core.made_up import publish, text, truth
from tests.llm.server import ScriptedLLM
from tests.llm.several import JOINT
from tests.llm.stage import models, name

pytestmark = pytest.mark.slow

TOPICS = Field("主题", FieldKind.CHOICES, ("even", "odd", "第三"), "text", ("text",))
CHILD = Field("why", FieldKind.CHOICE, ("yes", "no"), "text", ("text",))
CHILD = replace(CHILD, condition=Condition((Requirement(("mood",), ("good",)),)))
RULES = Rules(round_size=10, monitor_size=10, queue_rounds=2, learners=("logistic", "prompt"))


def said(task: int) -> dict[str, Any]:
    """Return what is true of a made-up task, by field."""
    known = answers(task)
    why = reply(task) if truth(task) == "good" else None
    return {"mood": known["mood"], "主题": known["主题"], "why": why}


def right(system: str, shown: str) -> dict[str, Any]:
    """Return the right answer of somebody who does what the system message says."""
    found = said(int(re.findall(r"number(\d+)", shown)[-1])) if "number" in shown else said(1)
    every = {
        "mood": {"label": found["mood"].label},
        "主题": {"labels": sorted(found["主题"].labels)},
        "why": {"label": found["why"].label} if found["why"] else None,
    }
    if system.startswith(JOINT):
        return every
    (field,) = (field for field in every if f"`{field}`" in system)
    return every[field] or {"label": "unsure"}


@pytest.fixture
def form(llm: ScriptedLLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Form]:
    """Yield a project of three fields, one of which depends on another, with a labelled audit set."""
    llm.reads = right
    name(llm, monkeypatch, tmp_path / "data")
    monkeypatch.setenv("LABELLOOP_LLM_REFINE", "false")
    made = Form(tmp_path, RULES)
    made.change_fields(CHILD, MOOD, TOPICS)
    made.add(Task(number, text(number)) for number in range(1, 61))
    yield made
    made.book.ledger.engine.dispose()


def tune_all(form: Form, number: int, work: Path) -> None:
    """Fit what asks the LLM to every field, one after the other."""
    for one in form.view.state.by_field:
        for found in untuned(one, llm=True):
            place = fit_folder(work, one, number, found.spec)
            tune(form.book, one, place, models().to_fit(place.made()))


def texts_asked(llm: ScriptedLLM, *, among: bool = True) -> Counter[str]:
    """Count how often each text was asked about, together or alone."""
    bodies = [body["messages"] for body in llm.requests]
    return Counter(m[-1]["content"] for m in bodies if m[0]["content"].startswith(JOINT) is among)


def test_a_round_asks_the_llm_about_each_text_once_for_all_fields(form: Form, llm: ScriptedLLM, tmp_path: Path) -> None:
    """Fitting, evaluating and the queue: what is measured is asked for again when it serves, and then costs nothing."""
    for task in form.of(Role.MONITOR):
        for person in (1, 2):
            form.say_all(task, person, said(task))
    for task in form.untouched(18):
        form.say_all(task, 1, said(task))
    edit(form.book, form.view.state.focused("mood"), "Say the mood.\n\n## good\nAbout joy.")
    assert close_round(*form.view.now()) is not None
    for one in form.view.state.by_field:
        fit(form.book, one, 1, context=models())
    tune_all(form, 1, tmp_path / "work")
    for one in form.view.state.by_field:
        evaluate(form.book, one, 1, context=models())
    for one in form.view.state.by_field:
        decide_round(form.book, one, 1)
    head = publish(form.view, models())

    assert texts_asked(llm, among=False) == {}
    assert set(texts_asked(llm).values()) == {1}
    fits = [fit for fit in form.view.ledger.all(Fit, form.view.id) if fit.learner == "prompt"]
    loaded = [load_model(form.book, fit, context=models()).prompt.labeler for fit in fits]  # type: ignore[attr-defined]
    (system,) = {labeler.joint.system for labeler in loaded}
    assert "About joy." in system
    assert "null unless mood is good" in system
    shown = [item.predictions for item in head.items if item.predictions]
    assert shown
    assert all(("why" in found) is (str(found["mood"].value) == "good") for found in shown if "mood" in found)


def test_before_the_first_label_one_request_a_text_tells_all(form: Form, llm: ScriptedLLM, tmp_path: Path) -> None:
    """A child's model is asked only about tasks where its parent's may ask for it."""
    publish(form.view, models())
    tune_all(form, 0, tmp_path / "work")
    asked = texts_asked(llm)
    for one in form.view.state.by_field:
        assert deploy_first(form.book, one) is not None
    publish(form.view, models())
    assert set(asked.values()) == {1}
    assert texts_asked(llm) == asked
    assert texts_asked(llm, among=False) == {}

    rng, train = np.random.default_rng(0), open_train(form.view.state.tasks)
    choices = choices_by_field(*form.view.now(), train, rng, context=models())
    why, mood, _ = (one.predictions for one in choices)
    assert why.keys() == {task for task, found in mood.items() if str(found.value) == "good"}
    assert 0 < len(why) < len(mood)
