"""A slow learner beside real people and real workers: rounds go on, it is killed, resumes, and competes late."""

from labelloop.domain.records import Decision, Evaluation, Fit
from tests.e2e.world import RULES, World, rounds, settled
from workers.jobs.job_status import jobs_of

LATE = RULES.model_copy(update={"learners": ("linear", "late")})


def test_a_slow_learner_blocks_nobody_and_competes_when_it_is_ready(world: World) -> None:
    """Two rounds close while it fits the first; killed in the middle it goes on, and then loses on the second."""
    gate = world.gate / "late-gate"
    gate.touch()
    view = world.project(LATE, title="Late")
    try:
        world.label_until_round(view, 1)
        world.wait(lambda: (world.gate / "late-begun").exists(), "the slow fit to begin")
        world.wait(lambda: settled(view), "the first model")
        world.wait(lambda: any(t.share == 0.5 for t in jobs_of(world.context.bell, view.id).tuning), "its progress")
        world.label_until_round(view, 2)
        world.wait(lambda: settled(view), "the second model, beside the slow fit")
        assert [fit.learner for fit in view.ledger.all(Fit, view.id)] == ["linear", "linear"]

        world.kill_worker("labelloop worker --background")
        world.wait(lambda: (world.gate / "late-resumed").exists(), "the slow fit to go on", 300)
    finally:
        gate.unlink()
    world.wait(lambda: len(late(view.ledger.all(Fit, view.id))) == 2, "both slow fits")
    # one decision, about the better of the two, where a busy worker finds both at once
    world.wait(lambda: len(view.ledger.all(Decision, view.id, round_number=2)) > 1 and settled(view), "the decisions")

    slow = late(view.ledger.all(Fit, view.id))
    assert [fit.round_number for fit in slow] == [1, 2]
    assert slow[0].labels < slow[1].labels
    assert [view.ledger.all(Evaluation, view.id, version=fit.version)[0].round_number for fit in slow] == [2, 2]
    decisions = [d for d in view.ledger.all(Decision, view.id) if d.challenger in {fit.version for fit in slow}]
    assert decisions
    assert all("came late" in decision.reason for decision in decisions)
    assert rounds(view) == 2
    assert world.context.label_studio.project(view.id).model_version == view.state.published_name


def late(fits: list[Fit]) -> list[Fit]:
    """Return the fits of the slow learner."""
    return [fit for fit in fits if fit.learner == "late"]
