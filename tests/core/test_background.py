"""Which learners are slow, which versions compete when, and what the ledger remembers of it."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, Table, create_engine, insert

from labelloop import plugins
from labelloop.domain.competing_versions import candidates, undecided
from labelloop.domain.default_learners import BackgroundLearner
from labelloop.domain.promotion import Comparison, promote
from labelloop.domain.records import Decision, Evaluation, Fit, Verdict
from labelloop.domain.tasks import Role
from labelloop.steps import background_learners as background
from labelloop.steps.background_learners import in_background, untuned
from labelloop.steps.close_round import close_round
from labelloop.steps.evaluate import evaluate
from labelloop.steps.fit import fit, record_failure
from labelloop.steps.workspace import FitFolder, alone
from labelloop.stores import ledger as stores
from labelloop.stores.ledger import Ledger, open_engine
from labelloop.stores.ledger_tables import FACTS
from tests.core.made_up import MODELS, RULES, Make

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIT = Fit(7, 1, "linear", "v1", "", 25, 0.5, created_at=NOON, artifact="a")
EVALUATION = Evaluation(7, 1, "v1", 4, 0.5, 0.1, 0.9, None, None, None, 0.25, 1 / 3, 0.7, created_at=NOON, artifact="a")
DECISION = Decision(7, 1, "v1", "", "v1", "the first model", created_at=NOON, artifact="a")
VERDICT = Verdict(7, 1, "v1", 1, "cannot tell", "few", 4, 0.1, -0.1, 0.1, None, 3, created_at=NOON, artifact="a")


def test_the_candidates_of_a_round_are_its_own_and_those_that_came_late() -> None:
    """What an earlier round has measured had its turn; a failed fit never has one; the future does not count."""
    own, late, over, failed, future = (
        replace(FIT, round_number=2, version="v2"),
        replace(FIT, learner="contrastive", version="v3"),
        FIT,
        replace(FIT, round_number=2, learner="finetune", version="", failure="why"),
        replace(FIT, round_number=3, version="v4"),
    )
    fits = [over, own, late, failed, future]
    measured = [EVALUATION]
    assert candidates(fits, measured, 2) == [own, late]
    assert candidates(fits, [*measured, replace(EVALUATION, round_number=2, version="v3")], 2) == [own, late]
    assert candidates(fits, [*measured, replace(EVALUATION, round_number=2, version="v3")], 3) == [own, future]
    assert candidates(fits, measured, 1) == [over, late]


def test_a_decision_is_due_for_what_was_measured_since_the_last_one() -> None:
    """The champion's own measurement and one that failed call for none."""
    late = replace(FIT, version="v2", learner="contrastive")
    one = replace(EVALUATION, version="v2", created_at=NOON + timedelta(minutes=1))
    assert undecided([FIT, late], [EVALUATION, one], None) == {"v1": EVALUATION, "v2": one}
    assert undecided([FIT, late], [EVALUATION, one], DECISION) == {"v2": one}
    assert undecided([FIT], [EVALUATION, one], DECISION) == {}
    assert undecided([FIT, late], [EVALUATION, replace(one, failure="away")], DECISION) == {}


def test_without_audit_tasks_only_more_labels_speak_for_a_version() -> None:
    """A late one that learned from fewer labels must show that it is better."""
    few = Comparison(0.3, 0.01, 19, more_labels=False)
    assert promote(few) == (False, "only 19 audit tasks, too few to compare, and it has not learned from more labels")
    assert promote(replace(few, more_labels=True))[0]
    assert promote(replace(few, n=20))[0]


def test_by_default_the_slow_learners_are_those_that_are_worth_it(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Labels and machine say which; the rule shortens their time; older rounds are not caught up with."""
    monkeypatch.setattr(background, "cores", lambda: 2)
    monkeypatch.setattr(background, "has_gpu", lambda: False)
    world = make(RULES.model_copy(update={"learners": (), "fit_minutes": 20}))
    world.judge(world.of(Role.TRAIN)[:30])
    first = close_round(*world.view.now())
    assert first
    assert in_background(replace(world.view.state, rounds=(first,)), llm=False) == (
        BackgroundLearner("contrastive", 20 * 60),
    )
    assert in_background(replace(world.view.state, rounds=(replace(first, train=23),)), llm=False) == ()
    monkeypatch.setattr(background, "has_gpu", lambda: True)
    found = in_background(replace(world.view.state, rounds=(replace(first, train=150),)), llm=False)
    assert found == (BackgroundLearner("contrastive", 15 * 60), BackgroundLearner("finetune", 15 * 60))
    world.judge(world.untouched(30))
    assert close_round(*world.view.now())
    record_failure(*world.view.now(), FitFolder(tmp_path, 7, 1, "contrastive", world.view.state.encoder), "no luck")
    assert [one.spec for one in untuned(world.view.state, llm=False)] == ["contrastive"]
    record_failure(*world.view.now(), FitFolder(tmp_path, 7, 2, "contrastive", world.view.state.encoder), "no luck")
    assert untuned(world.view.state, llm=False) == []


def test_named_slow_learners_are_not_waited_for(make: Make) -> None:
    """A round is fitted when the quick ones are; one that is not installed fails at once, where it is seen."""
    assert plugins.is_background("contrastive")
    assert not plugins.is_background("linear")
    assert not plugins.is_background("nobody")
    world = make(RULES.model_copy(update={"learners": ("linear", "contrastive", "nobody")}))
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(*world.view.now())
    done = fit(*world.view.now(), 1, context=MODELS)
    assert [(one.learner, bool(one.version)) for one in done] == [("linear", True), ("nobody", False)]
    assert world.view.progress().fitted


def test_a_late_version_of_another_configuration_is_passed_over(make: Make) -> None:
    """It may know labels that are gone: that is said, and no round waits for it."""
    world = make()
    world.judge(world.of(Role.TRAIN)[:12])
    first = close_round(*world.view.now())
    assert first
    fit(*world.view.now(), 1, context=MODELS)
    ledger = world.view.ledger
    second = replace(first, number=2, schema_number=2)
    assert ledger.add(second)
    evaluate(*world.view.now(), 2, context=MODELS)
    found = ledger.newest(Evaluation, 7, round_number=2)
    assert found
    assert "the labelling configuration has changed" in found.failure


def test_one_process_at_a_time_fits_a_learner(tmp_path: Path) -> None:
    """Others are told so; another learner or project is no matter."""
    with alone(tmp_path, 7, "contrastive") as mine, alone(tmp_path, 7, "contrastive") as other:
        assert (mine, other) == (True, False)
        with alone(tmp_path, 8, "contrastive") as elsewhere, alone(tmp_path, 7, "finetune:/模型") as another:
            assert (elsewhere, another) == (True, True)
    with alone(tmp_path, 7, "contrastive") as again:
        assert again


NAMED_THEN = {"created_at": "at", "reason": "because"}


def test_a_ledger_of_the_version_before_is_brought_up_to_date_with_all_its_facts(database_url: str) -> None:
    """What was decided stays, and from now on a round may have another decision and another verdict."""
    if database_url.startswith("sqlite"):
        Path(database_url.removeprefix("sqlite:///")).parent.mkdir()
    engine, config = create_engine(database_url), Config()
    config.set_main_option("script_location", str(Path(stores.__file__).parent / "migrations").replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        for record in (EVALUATION, DECISION, VERDICT):
            table = Table(FACTS[type(record)].name, MetaData(), autoload_with=connection)  # as it was then
            row = {NAMED_THEN.get(name, name): value for name, value in asdict(record).items()}
            connection.execute(insert(table).values({name: row[name] for name in row if name in table.c}))
    engine.dispose()
    ledger = Ledger(open_engine(database_url))
    for record in (EVALUATION, DECISION, VERDICT):
        assert ledger.all(type(record), 7) == [record]
        assert not ledger.add(record)
    assert ledger.add(replace(DECISION, challenger="v2", champion="v1"))
    assert ledger.add(replace(VERDICT, version="v2"))
    ledger.engine.dispose()
