"""What labels cost: told by the models, compared by the promotion rule, never paid twice."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from labelloop.domain.promotion import Comparison, Cost, challenger_among, cost_ratio, promote
from labelloop.domain.records import Decision, Evaluation, Fit
from labelloop.errors import UserError
from labelloop.learners.base import Learner, Model, cost_per_1000
from labelloop.learners.cascade.learner import CascadeLearner
from labelloop.learners.distilled.learner import DistilledLearner
from labelloop.learners.prompt.learner import PromptLearner
from labelloop.llm.cost_center import charged_to
from labelloop.rules import Rules
from labelloop.steps.close_round import close_round
from labelloop.steps.deploy import decide_round
from labelloop.steps.deployments import deploy
from labelloop.steps.evaluate import ROWS_FILE, evaluate
from labelloop.testing import BagOfWords
from tests.core.made_up import MadeUp, fit_all, turn
from tests.llm import talk
from tests.llm.server import ScriptedLLM
from tests.llm.stage import costs, fitting, models
from tests.llm.test_round import right

pytestmark = pytest.mark.slow

ENCODE = BagOfWords()
RULES = Rules(round_size=10, monitor_size=30, queue_rounds=1, learners=("logistic", "prompt"))


@pytest.fixture
def world(told: ScriptedLLM, tmp_path: Path) -> Iterator[MadeUp]:
    """Yield a project with a judged audit set, for which an LLM and a free learner compete."""
    told.oracle = right
    made = MadeUp(tmp_path, RULES)
    made.add(range(1, 151))
    made.judge_audit()
    yield made
    made.book.ledger.engine.dispose()


def test_the_price_is_that_of_the_tokens_whoever_paid_for_them(told: ScriptedLLM, tmp_path: Path) -> None:
    """Measured while it is fitted; what comes from the cache costs as much by the table."""
    known, found = talk.examples(30), list[Model]()
    for _ in range(2):
        fitted = PromptLearner().fit(talk.FIELD, known, fitting(ENCODE, tmp_path, seed=7))
        folder = tmp_path / f"saved-{len(found)}"
        folder.mkdir()
        fitted.save(folder)
        found += [fitted, PromptLearner().load(folder, models(ENCODE))]
    paid = (told.tokens_in * 1.0 + told.tokens_out * 4.0) / 1e6

    assert len(told.requests) == 30
    assert [cost_per_1000(model) for model in found] == pytest.approx([1000 * paid / 30] * 4)


def test_a_price_that_is_no_longer_known_is_asked_for(
    told: ScriptedLLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can say then what is cheaper."""
    PromptLearner().fit(talk.FIELD, talk.examples(3), fitting(ENCODE, tmp_path, seed=7)).save(tmp_path)
    monkeypatch.setenv("LABELLOOP_LLM_PRICES", '{"another": [1, 1]}')
    with pytest.raises(UserError, match="LABELLOOP_LLM_PRICES"):
        cost_per_1000(PromptLearner().load(tmp_path, models(ENCODE)))


def test_prompt_distilled_and_cascade_of_a_round_pay_for_nothing_twice(told: ScriptedLLM, tmp_path: Path) -> None:
    """They ask the same questions; the ledger's total is the server's own count."""
    known, pool = talk.examples(60), talk.texts(1000, 60)
    learners: list[Learner] = [CascadeLearner(), PromptLearner(), DistilledLearner()]
    with charged_to(12, 3):
        models = [one.fit(talk.FIELD, known, fitting(ENCODE, tmp_path, pool=pool, seed=7)) for one in learners]
        for model in models:
            model.predict(pool)
    spent = costs().by_round(12)[3]

    assert len(told.requests) == 60 + 60
    assert set(told.bodies.values()) == {1}
    assert (spent.requests, spent.tokens_in, spent.tokens_out) == (120, told.tokens_in, told.tokens_out)
    assert cost_per_1000(models[2]) == 0
    assert 0 < cost_per_1000(models[0]) <= cost_per_1000(models[1])


def test_fits_at_the_same_time_take_turns(told: ScriptedLLM, tmp_path: Path) -> None:
    """Each with a client of its own, as two workers have: what one asks, the other waits for."""
    known, pool = talk.examples(60), talk.texts(1000, 40)

    def fitted(learner: Learner) -> None:
        learner.fit(talk.FIELD, known, fitting(ENCODE, tmp_path, pool=pool, seed=7))

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(fitted, [PromptLearner(), DistilledLearner(), DistilledLearner()]))

    assert len(told.requests) == 60 + 40
    assert set(told.bodies.values()) == {1}


def test_money_counts_where_either_costs_money_else_time() -> None:
    """Times of two versions of one learner differ by chance only; their prices do not."""
    free, slow, dear = Cost(0.0, 1.0), Cost(0.0, 9.0), Cost(2.0, 0.1)

    assert cost_ratio(free, dear, same_learner=False) == inf
    assert cost_ratio(dear, free, same_learner=False) == 0
    assert cost_ratio(Cost(0.5, 100.0), dear, same_learner=True) == 4
    assert cost_ratio(free, slow, same_learner=False) == 9
    assert cost_ratio(free, slow, same_learner=True) == 1


@pytest.mark.parametrize(
    ("measured", "chosen"),
    [
        ([(0.90, 0.0), (0.91, 2.0)], 0),
        ([(0.89, 0.0), (0.91, 2.0)], 1),
        ([(0.905, 1.1), (0.91, 2.0)], 1),
        ([(0.905, 1.0), (0.91, 2.0), (0.90, 0.1)], 2),
        ([(0.90, 0.0), (0.905, 0.0), (0.91, 2.0)], 1),
        ([(0.90, 0.0), (0.91, 0.0)], 1),
        ([(0.0, 0.0), (0.0, 2.0)], 0),
    ],
)
def test_the_best_challenges_unless_one_as_good_is_cheaper(measured: list[tuple[float, float]], chosen: int) -> None:
    """As good: no worse than one point; cheaper: at least by half."""
    assert challenger_among(measured) == chosen


def test_a_free_one_that_is_as_good_replaces_one_that_costs_money() -> None:
    """Not the other way round, however fast that is."""
    taken, reason = promote(Comparison(-0.005, 0.02, 100, inf))
    assert taken
    assert reason.startswith("as good and free of charge")
    assert not promote(Comparison(0.005, 0.02, 100, 0.0))[0]


def test_a_champion_is_as_slow_as_it_was_when_it_was_new(world: MadeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    """An LLM's answers to the same audit tasks come from the cache after its first round."""
    monkeypatch.setenv("LABELLOOP_LLM_PRICES", '{"*": [0, 0]}')
    world.judge(world.untouched(80))
    close_round(*world.view.now(), asked=True)
    fit_all(world.view, 1, models())
    evaluate(*world.view.now(), 1, context=models())
    decide_round(*world.view.now(), 1)
    (prompted,) = [fit for fit in world.view.ledger.all(Fit, 7) if fit.learner == "prompt"]
    deploy(*world.view.now(), prompted.version, reason="by hand")
    world.judge(world.untouched(12))
    close_round(*world.view.now(), asked=True)
    fit_all(world.view, 2, models())
    new = world.view.ledger.newest(Evaluation, 7, version=prompted.version)
    assert new is not None
    again = replace(new, round_number=2, ms_per_text=1e-6, artifact="")
    rows = world.view.book.artifacts.read(new.artifact, ROWS_FILE)
    world.view.book.record(again, f"evaluation-2-{prompted.version}", {ROWS_FILE: rows})
    evaluate(*world.view.now(), 2, context=models())
    decision = decide_round(*world.view.now(), 2)

    assert decision.champion == prompted.version
    assert world.view.ledger.version(7, decision.winner).learner == "logistic"
    assert "times cheaper" in decision.reason


def test_on_a_tie_the_cheaper_one_serves(world: MadeUp) -> None:
    """Both are right about every audit task: the LLM's cost stands in the ledger, and the free one is taken."""
    world.judge(world.untouched(80))
    close_round(*world.view.now(), asked=True)
    decision = turn(world.view, models())
    found = {one.version: one for one in world.view.ledger.all(Evaluation, 7)}
    versions = {world.view.ledger.version(7, version).learner: version for version in found}

    assert found[versions["prompt"]].cost_per_1000 > 0
    assert found[versions["logistic"]].cost_per_1000 == 0
    assert found[versions["logistic"]].agreement == found[versions["prompt"]].agreement == 1.0
    assert decision.winner == versions["logistic"]
    deploy(*world.view.now(), versions["prompt"], reason="by hand")
    world.judge(world.untouched(12))
    close_round(*world.view.now(), asked=True)
    turn(world.view, models())
    again = world.view.ledger.newest(Decision, 7)
    assert again is not None
    assert again.champion == versions["prompt"]
    assert world.view.ledger.version(7, again.winner).learner == "logistic"
    assert "free of charge" in again.reason
