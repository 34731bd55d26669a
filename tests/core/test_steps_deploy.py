"""Evaluating, deciding, deploying and rolling back on a made-up project."""

import time
from collections.abc import Sequence

import pytest

from labelloop.domain.next_step import Step
from labelloop.domain.records import Decision, Deployment, Evaluation, Publication
from labelloop.domain.tasks import Role
from labelloop.encoders.base import Vectors
from labelloop.encoders.vectors import CachedEncoder
from labelloop.errors import BrokenPromise, NotFound, UserError
from labelloop.learners.base import ModelContext
from labelloop.steps import evaluate as evaluate_module
from labelloop.steps.close_round import close_round
from labelloop.steps.deploy import decide_round
from labelloop.steps.deployments import deploy, refuse_pinned, step_back, unpin
from labelloop.steps.evaluate import evaluate
from labelloop.steps.fit import fit
from labelloop.testing import BagOfWords
from tests.core.made_up import LABELS, MODELS, Make, due, publish, turn


def wrong(task: int) -> str:
    return LABELS[(task + 1) % 3]


def test_evaluating_twice_adds_nothing(make: Make) -> None:
    """Champion and challenger are looked at once a round."""
    world = make()
    view = world.view
    world.judge(world.of(Role.TRAIN)[:12])
    world.judge_audit()
    close_round(*view.now())
    fit(*view.now(), 1, context=MODELS)
    once = evaluate(*view.now(), 1, context=MODELS)
    assert evaluate(*view.now(), 1, context=MODELS) == once == view.ledger.all(Evaluation, 7)
    with pytest.raises(BrokenPromise, match="never closed"):
        evaluate(*view.now(), 2, context=MODELS)


@pytest.mark.parametrize("people", [(), (1,)], ids=["nobody", "one person"])
def test_without_audited_tasks_figures_are_missing_and_the_newer_model_is_taken(
    make: Make, people: tuple[int, ...]
) -> None:
    """No figure is invented; with too few to compare, more labels win."""
    world = make()
    view = world.view
    world.judge_audit(people)
    for number in (1, 2):
        world.judge(world.untouched(12))
        close_round(*view.now())
        turn(view)
        assert view.ledger.newest(Deployment, 7, version=f"v{number}")
    newest = view.ledger.newest(Evaluation, 7)
    assert newest is not None
    assert (newest.n, newest.agreement, newest.human_agreement, newest.accuracy) == (0, None, None, None)
    decision = view.ledger.newest(Decision, 7)
    assert decision is not None
    assert "only 0 audit tasks" in decision.reason


def test_a_better_challenger_is_promoted_and_a_worse_one_is_not(make: Make) -> None:
    """Both reasons are stored with their figures; who loses stays a version one may deploy."""
    world = make()
    view = world.view
    world.judge_audit()
    for task in world.of(Role.TRAIN)[:30]:
        world.judge([task], value=wrong(task))
    close_round(*view.now())
    turn(view)
    world.judge(world.of(Role.TRAIN)[:60])
    close_round(*view.now())
    better = turn(view)
    assert (better.challenger, better.champion, better.winner) == ("v2", "v1", "v2")
    assert better.reason.startswith("better by more than one standard error (+")
    for task in world.of(Role.TRAIN)[:75]:
        world.judge([task], value=wrong(task))
    assert close_round(*view.now())
    worse = turn(view)
    assert (worse.challenger, worse.champion, worse.winner) == ("v3", "v2", "v2")
    assert worse.reason.startswith("not better by more than one standard error (-")
    assert [d.version for d in view.ledger.all(Deployment, 7)] == ["v1", "v2"]
    assert [p.name for p in view.ledger.all(Publication, 7)] == ["v1", "v2", "v2.2"]
    deploy(*view.now(), "v3", reason="by hand")
    assert view.state.deployed == view.ledger.version(7, "v3")


def test_rolling_back_is_a_deployment_like_any_other(make: Make) -> None:
    """The version before serves again, at once and in the queue; running the decision again does not undo it."""
    world = make()
    view = world.view
    with pytest.raises(NotFound, match="nothing to go back to"):
        step_back(view.state)
    for _ in range(2):
        world.judge(world.untouched(12))
        close_round(*view.now())
        turn(view)
    assert step_back(view.state).version == "v1"
    deploy(*view.now(), "v1", reason="rolled back", rolled_back=True)
    decide_round(*view.now(), 2)
    deployed = view.state.deployed
    assert deployed is not None
    assert deployed.version == "v1"
    assert due(view) is Step.PUBLISH
    with pytest.raises(NotFound, match="nothing to go back to"):
        step_back(view.state)
    assert publish(view).publication.name == "v1.2"
    assert view.state.published_name == "v1.2"
    with pytest.raises(NotFound, match="v1, v2"):
        deploy(*view.now(), "v7", reason="typo")


@pytest.mark.slow
def test_a_pinned_version_serves_until_it_is_unpinned(make: Make) -> None:
    """Rounds go on being fitted and measured, their winners wait; nothing else takes the pinned one's place."""
    world = make()
    view = world.view
    for number in range(1, 4):
        world.judge(world.untouched(12))
        close_round(*view.now())
        turn(view)
        if number == 1:
            deploy(*view.now(), "v1", reason="pinned by command", pinned=True)
            with pytest.raises(UserError, match="deploy 7 --unpin"):
                refuse_pinned(view.state)
        if number == 2:
            assert "pinned" in view.state.looped.decisions[-1].reason
            assert (view.state.looped.deployed_version, view.state.looped.pinned_version) == ("v1", "v1")
            unpin(*view.now())
            with pytest.raises(UserError, match="No version of project 7 is pinned"):
                unpin(*view.now())
    assert [one.version for one in view.state.looped.deployments] == ["v1", "v1", "v1", "v3"]


def test_a_figure_of_time_is_that_of_a_new_text(make: Make) -> None:
    """A text whose vector is at hand costs nothing, and says nothing about what the next one will cost."""

    class Slow(BagOfWords):
        def __call__(self, texts: Sequence[str]) -> Vectors:
            time.sleep(0.002 * len(texts))
            return super().__call__(texts)

    world = make()
    encode = CachedEncoder(Slow(), None)
    encode([task.text for task in world.view.mirror.tasks().values()])
    world.judge(world.of(Role.TRAIN)[:12])
    world.judge_audit()
    close_round(*world.view.now())
    fit(*world.view.now(), 1, context=ModelContext(encode))
    (measured,) = evaluate(*world.view.now(), 1, context=ModelContext(encode))
    assert measured.n == 20
    assert measured.ms_per_text >= 2


def test_a_crash_between_decision_and_deployment_is_made_good(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decision alone is no step done: it is due until it has taken effect, and then taken once."""
    world = make()
    view = world.view
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(*view.now())
    fit(*view.now(), 1, context=MODELS)
    evaluate(*view.now(), 1, context=MODELS)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("labelloop.steps.deploy.deploy", killed)
        with pytest.raises(KeyboardInterrupt):
            decide_round(*view.now(), 1)
    assert due(view) is Step.DEPLOY
    for _ in range(2):
        decide_round(*view.now(), 1)
    assert [d.version for d in view.ledger.all(Deployment, 7)] == ["v1"]
    assert len(view.ledger.all(Decision, 7)) == 1


def test_a_champion_that_cannot_be_loaded_gives_way(make: Make) -> None:
    """Damaged files of an old model stop nothing: the next one takes its place, and the reason is kept."""
    world = make()
    view = world.view
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(*view.now())
    turn(view)
    artifact = view.ledger.version(7, "v1").artifact
    view.book.artifacts.fs.pipe_file(f"{view.book.artifacts.path(artifact)}/model/head.safetensors", b"rot")
    world.judge(world.untouched(12))
    close_round(*view.now())
    assert turn(view).reason == "v1 could not be evaluated"
    assert [e.version for e in view.ledger.all(Evaluation, 7, round_number=2)] == ["v2"]


def test_a_new_model_that_cannot_be_loaded_is_a_broken_promise(make: Make) -> None:
    """What was fitted a moment ago must be there."""
    world = make()
    view = world.view
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(*view.now())
    (fitted,) = fit(*view.now(), 1, context=MODELS)
    view.book.artifacts.delete(fitted.artifact)
    with pytest.raises(BrokenPromise, match="restore it"):
        evaluate_module.evaluate(*view.now(), 1, context=MODELS)
