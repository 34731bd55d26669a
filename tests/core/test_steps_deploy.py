"""Evaluating, deciding, deploying and rolling back on a made-up project."""

import pytest

from labelloop.domain.loop import Step
from labelloop.domain.records import Decision, Deployment, Evaluation, Publication
from labelloop.domain.tasks import Role
from labelloop.errors import BrokenPromise, NotFound
from labelloop.steps import evaluate as evaluate_module
from labelloop.steps.close_round import close_round
from labelloop.steps.deploy import decide_round, deploy, previous_version
from labelloop.steps.evaluate import evaluate
from labelloop.steps.fit import fit
from tests.core.made_up import ENCODE, LABELS, Make, due, publish, turn


def wrong(task: int) -> str:
    return LABELS[(task + 1) % 3]


def test_evaluating_twice_adds_nothing(make: Make) -> None:
    """Champion and challenger are looked at once a round."""
    world = make()
    view = world.view
    world.judge(world.of(Role.TRAIN)[:12])
    world.judge_audit()
    close_round(view)
    fit(view, 1, encode=ENCODE)
    once = evaluate(view, 1, encode=ENCODE)
    assert evaluate(view, 1, encode=ENCODE) == once == view.ledger.all(Evaluation, 7)
    with pytest.raises(BrokenPromise, match="never closed"):
        evaluate(view, 2, encode=ENCODE)


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
        close_round(view)
        turn(view)
        assert view.ledger.newest(Deployment, 7, version=f"v{number}")
    newest = view.ledger.newest(Evaluation, 7)
    assert newest is not None
    assert (newest.n, newest.agreement, newest.human_agreement, newest.accuracy) == (0, None, None, None)
    decision = view.ledger.newest(Decision, 7)
    assert decision is not None
    assert "only 0 audit tasks" in decision.because


def test_a_better_challenger_is_promoted_and_a_worse_one_is_not(make: Make) -> None:
    """Both reasons are stored with their figures; who loses stays a version one may deploy."""
    world = make()
    view = world.view
    world.judge_audit()
    for task in world.of(Role.TRAIN)[:30]:
        world.judge([task], value=wrong(task))
    close_round(view)
    turn(view)
    world.judge(world.of(Role.TRAIN)[:60])
    close_round(view)
    better = turn(view)
    assert (better.challenger, better.champion, better.winner) == ("v2", "v1", "v2")
    assert better.because.startswith("better by more than one standard error (+")
    for task in world.of(Role.TRAIN)[:75]:
        world.judge([task], value=wrong(task))
    assert close_round(view)
    worse = turn(view)
    assert (worse.challenger, worse.champion, worse.winner) == ("v3", "v2", "v2")
    assert worse.because.startswith("not better by more than one standard error (-")
    assert [d.version for d in view.ledger.all(Deployment, 7)] == ["v1", "v2"]
    assert [p.name for p in view.ledger.all(Publication, 7)] == ["v1", "v2", "v2.2"]
    deploy(view, "v3", because="by hand")
    assert view.ledger.deployed(7) == view.ledger.version(7, "v3")


def test_rolling_back_is_a_deployment_like_any_other(make: Make) -> None:
    """The version before serves again, at once and in the queue; running the decision again does not undo it."""
    world = make()
    view = world.view
    assert previous_version(view) is None
    for _ in range(2):
        world.judge(world.untouched(12))
        close_round(view)
        turn(view)
    assert previous_version(view) == "v1"
    deploy(view, "v1", because="rolled back")
    decide_round(view, 2)
    deployed = view.ledger.deployed(7)
    assert deployed is not None
    assert deployed.version == "v1"
    assert (previous_version(view), due(view)) == ("v2", Step.PUBLISH)
    assert publish(view).publication.name == "v1.2"
    assert view.ledger.published_name(7) == "v1.2"
    with pytest.raises(NotFound, match="v1, v2"):
        deploy(view, "v7", because="typo")


def test_a_crash_between_decision_and_deployment_is_made_good(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decision alone is no step done: it is due until it has taken effect, and then taken once."""
    world = make()
    view = world.view
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(view)
    fit(view, 1, encode=ENCODE)
    evaluate(view, 1, encode=ENCODE)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("labelloop.steps.deploy.deploy", killed)
        with pytest.raises(KeyboardInterrupt):
            decide_round(view, 1)
    assert due(view) is Step.DEPLOY
    for _ in range(2):
        decide_round(view, 1)
    assert [d.version for d in view.ledger.all(Deployment, 7)] == ["v1"]
    assert len(view.ledger.all(Decision, 7)) == 1


def test_a_champion_that_cannot_be_loaded_gives_way(make: Make) -> None:
    """Damaged files of an old model stop nothing: the next one takes its place, and the reason is kept."""
    world = make()
    view = world.view
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(view)
    turn(view)
    artifact = view.ledger.version(7, "v1").artifact
    view.book.artifacts.fs.pipe_file(f"{view.book.artifacts.path(artifact)}/model/head.safetensors", b"rot")
    world.judge(world.untouched(12))
    close_round(view)
    assert turn(view).because == "v1 could not be evaluated"
    assert [e.version for e in view.ledger.all(Evaluation, 7, round_number=2)] == ["v2"]


def test_a_new_model_that_cannot_be_loaded_is_a_broken_promise(make: Make) -> None:
    """What was fitted a moment ago must be there."""
    world = make()
    view = world.view
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(view)
    (fitted,) = fit(view, 1, encode=ENCODE)
    view.book.artifacts.delete(fitted.artifact)
    with pytest.raises(BrokenPromise, match="restore it"):
        evaluate_module.evaluate(view, 1, encode=ENCODE)
