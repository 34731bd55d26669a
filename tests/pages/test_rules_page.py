"""The page of the rules: what each means, and a change of them after its consequences were said; and disconnecting."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from html import unescape
from threading import Barrier
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from labelloop.domain.records import CertifyDraw, Connection
from labelloop.rules import Rules
from labelloop.steps.rule_effects import rule_effects
from ml_backend.pages import rules_page
from ml_backend.pages.effect_sentences import effect_sentence
from ml_backend.pages.page_texts import LANGUAGES, texts
from ml_backend.pages.rules_texts import RULES
from tests.pages.conftest import Open
from tests.pages.looped import PAGE, actions, do, form_of
from tests.pages.world import NOON, World
from tests.workers.conftest import PROJECT, Site
from workers.admin import change_rules
from workers.admin.connect_project import record_connection


def rules(here: Site) -> Rules:
    found = here.view.ledger.newest(Connection, PROJECT)
    assert found is not None
    return Rules.stored(found.rules)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_is_there_with_its_meaning_and_its_default(client: FlaskClient, world: World, language: str) -> None:
    """In every language."""
    world.connect()
    page, t = unescape(client.get(f"/projects/12/rules?lang={language}").text), texts(language)
    assert re.findall(r'name="rule-(\w+)"', page) == list(Rules.model_fields)
    for key in Rules.model_fields:
        assert RULES[language][f"rule {key}"][:20] in page
    assert t("rule_default", value="25") in page
    assert t("rule_default", value="typical-then-cluster-margin") in page


def test_a_change_is_made_after_its_consequences_were_said(here: Site, beside: FlaskClient) -> None:
    """What is left as it was is not changed; a value that is deleted goes back to its default."""
    before = rules(here)
    asked = beside.get(f"{PAGE}/rules/change?rule-margin=0.05&rule-round_size=10&rule-queue_rounds=")
    assert "verdicts follow it from the next round on; those that were given stay" in asked.text
    assert "round_size" not in asked.text.partition("<main")[2], "it holds already"
    assert rules(here) == before, "nothing is changed by looking"
    assert do(beside, "/rules/change?rule-margin=0.05&rule-round_size=10&rule-queue_rounds=")[0] == 303
    assert rules(here) == before.model_copy(update={"margin": 0.05, "queue_rounds": 5})
    assert actions(here) == [("rules", "margin=0.05, -queue_rounds")]
    assert f"collect-{PROJECT}" in here.queued()
    page = beside.get(f"{PAGE}/rules").text
    assert "The rules are changed" in page
    assert 'name="rule-margin" aria-label="margin" value="0.05"' in page
    assert "set by a lead" in page


def test_what_replaces_a_model_needs_a_tick(here: Site, beside: FlaskClient) -> None:
    """Without it the question is asked again, and nothing is changed."""
    path = "/rules/change?rule-learners=linear"
    asked = beside.get(f"{PAGE}{path}").text
    assert "linear is fitted to round 1; what comes out of it may replace v1" in asked
    assert 'name="anyway" value="yes" required' in asked
    assert do(beside, path)[0] == 200
    assert rules(here).learners == ("logistic",)
    assert do(beside, path, anyway="yes")[0] == 303
    assert rules(here).learners == ("linear",)


def test_a_grave_change_is_refused_while_the_model_is_frozen(here: Site, beside: FlaskClient) -> None:
    """With what is under way; another one is made."""
    here.book.record(CertifyDraw(PROJECT, 1, "v1", 40, 90, 0.2, 0.05, created_at=NOON), "draw-1")
    refused = beside.get(f"{PAGE}/rules/change?rule-learners=linear")
    assert refused.status_code == 400
    assert "its model is frozen" in refused.text
    assert do(beside, "/rules/change?rule-margin=0.05")[0] == 303


def test_a_form_that_is_sent_twice_at_once_changes_the_rules_once(
    here: Site, beside: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A double click is one change, in the records and in the trail."""

    def slowly(*args: Any) -> None:
        time.sleep(0.3)
        record_connection(*args)

    monkeypatch.setattr(change_rules, "record_connection", slowly)
    token = form_of(beside.get(f"{PAGE}/rules/change?rule-margin=0.05").text)
    connections = len(here.view.ledger.all(Connection, PROJECT))
    with ThreadPoolExecutor(4) as leads:
        answers = leads.map(lambda _: posted(beside, token), range(4))
    assert set(answers) == {303}
    assert len(here.view.ledger.all(Connection, PROJECT)) == connections + 1
    assert actions(here) == [("rules", "margin=0.05")]


def test_of_two_leads_who_change_rules_at_once_one_is_told_to_look_again(
    here: Site, beside: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither change is lost without a word."""
    both = Barrier(2)

    def plan_together(*args: Any) -> Any:
        found = change_rules.plan_rules(*args)
        both.wait(10)
        return found

    forms = [form_of(beside.get(f"{PAGE}/rules/change?rule-{one}").text) for one in ("margin=0.05", "round_size=20")]
    monkeypatch.setattr(rules_page, "plan_rules", plan_together)
    with ThreadPoolExecutor(2) as leads:
        answers = list(leads.map(partial(posted, beside), forms))
    assert sorted(answers) == [303, 400]
    assert len(actions(here)) == 1


def posted(client: FlaskClient, form: dict[str, str]) -> int:
    """Send a form from a browser of its own, and return what is answered."""
    mine = client.application.test_client()
    mine.environ_base.update(client.environ_base)
    return mine.post(f"{PAGE}/rules/change", data=form).status_code


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("rule-round_size=0", "round_size: Input should be greater than or equal to 1"),
        ("rule-round_size=many<b>", "round_size: Input should be a valid integer"),
        ("rule-strategy=mragin", "mragin"),
        ("rule-fields=mood,nothing", "nothing"),
        ("rule-learners=linaer", "linaer"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_and_kept_in_the_form(
    here: Site, beside: FlaskClient, query: str, says: str
) -> None:
    """The page says why."""
    before = rules(here)
    answer = beside.get(f"{PAGE}/rules/change?{query}")
    assert answer.status_code == 400
    assert says in answer.text
    assert query.partition("=")[2].replace("<", "&lt;").replace(">", "&gt;") in answer.text
    token = form_of(beside.get(f"{PAGE}/rules/change?rule-margin=0.05").text)["token"]
    key, _, value = query.partition("=")
    assert beside.post(f"{PAGE}/rules/change", data={"token": token, key: value}).status_code == 400
    assert rules(here) == before


def test_nothing_typed_is_nothing_to_change(here: Site, beside: FlaskClient) -> None:
    """Nor are keys that are no rules."""
    for query in ("", "?rule-round_size=10", "?rule-nothing=1&token=2"):
        page = beside.get(f"{PAGE}/rules/change{query}").text
        assert "Nothing was changed" in page
        assert 'method="post" action' not in page[page.index("<main") :]
    assert actions(here) == []


def test_without_label_studio_no_change_is_planned(open_pages: Open, world: World) -> None:
    """The rules are shown all the same."""
    world.connect()
    client = open_pages(label_studio_token=SecretStr("0" * 40))
    assert client.get("/projects/12/rules").status_code == 200
    assert client.get("/projects/12/rules/change?rule-margin=0.05").status_code == 503


def test_a_project_is_taken_out_of_the_loop_after_a_question(
    here: Site, beside: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was recorded stays, and the page leads to connecting it again."""
    taken_out = []
    for what in ("unwire", "remove_link"):
        monkeypatch.setattr(f"workers.admin.connect_project.{what}", lambda *at: taken_out.append(at[1]))
    assert f"{PAGE}/disconnect" in beside.get(f"{PAGE}/rules").text
    assert "Take made up out of the loop?" in beside.get(f"{PAGE}/disconnect").text
    assert taken_out == []
    assert do(beside, "/disconnect")[0] == 303
    assert taken_out == [PROJECT, PROJECT]
    known = here.view.ledger.newest(Connection, PROJECT)
    assert known is not None
    assert not known.active
    assert actions(here) == [("disconnect", "")]
    page = beside.get(f"{PAGE}/rules").text
    assert "The project is out of the loop" in page
    assert f'href="/connect/{PROJECT}"' in page
    assert 'name="rule-' not in page
    assert beside.get(f"{PAGE}/disconnect").status_code == 404


CHANGES = (
    *({"margin": 0.05}, {"looks": 3}, {"monitor_size": 30}, {"monitor_people": 1}, {"monitor_people": 3}),
    *({"monitor_share": 0.3}, {"queue_rounds": 9}, {"strategy": "random"}, {"pre_annotate": False}, {"show_from": 0.4}),
    *({"round_size": 1}, {"round_size": 90}, {"own_columns": True}, {"fit_minutes": 5.0}, {"seed": 3}),
    *({"learners": ("linear",)}, {"learners": ("finetune", "logistic")}, {"learners": ()}, {"encoder": "/a/folder"}),
    {"fields": ("other",)},
)


def test_readers_of_chinese_are_told_in_chinese_what_a_change_does(here: Site) -> None:
    """Whatever is changed, with its figures."""
    state = here.view.state
    other = replace(state.field, name="other")
    said = [
        effect.what
        for changed in CHANGES
        for fields in [(other,) if "fields" in changed else (state.field,)]
        for effect in rule_effects(here.book, state, state.rules.model_copy(update=changed), fields)
    ]
    both = rule_effects(here.book, state, state.rules.model_copy(update={"fields": ("all",)}), (state.field, other))
    assert len(said) > len(CHANGES)
    for what in (*said, *(one.what for one in both)):
        told = effect_sentence(what, texts("zh"))
        assert re.search("[一-鿿]", told), what
        assert set(re.findall(r"\d+", told)) <= set(re.findall(r"\d+", what))
        assert "{" not in told
