"""A made-up project at the end of its loop: a model serves, and it is certified and released."""

from collections.abc import Callable, Iterable

from labelloop.domain.records import Certificate, CertifyDraw, Release
from labelloop.domain.tasks import Role
from labelloop.domain.values import Choice
from labelloop.steps.certify import certify, start_attempt
from labelloop.steps.close_round import close_round
from labelloop.steps.predict_tasks import answer
from labelloop.steps.release import answer_chunk, order_release, release_is_due, write
from tests.core.made_up import LABELS, MODELS, MadeUp, Make, turn

Labeling = Callable[[Iterable[int]], None]


def with_model(make: Make, tasks: int = 300, labels: int = 60) -> MadeUp:
    """Return a project with one version, fitted to so many labels, and its audit tasks judged by two people."""
    world = make(tasks=tasks)
    world.judge_audit()
    world.judge(world.untouched(labels))
    close_round(*world.view.now())
    turn(world.view)
    return world


def attempt(world: MadeUp, n: int = 60, max_error: float = 0.05, confidence: float = 0.95) -> CertifyDraw:
    """Draw CERTIFY tasks."""
    return start_attempt(*world.view.now(), max_error=max_error, confidence=confidence, n=n)


def certified(world: MadeUp, n: int = 60, max_error: float = 0.05, judge: Labeling | None = None) -> Certificate:
    """Draw CERTIFY tasks, let a person judge them as their words say (or as told), and return the certificate."""
    attempt(world, n, max_error)
    (judge or world.judge)(world.of(Role.CERTIFY))
    return certify(*world.view.now(), context=MODELS)


def doubting(world: MadeUp) -> Labeling:
    """Return a person who disagrees with the model on the quarter of the tasks that it is least sure of."""

    def judge(tasks: Iterable[int]) -> None:
        known, fit = world.view.mirror.tasks(), world.view.state.deployed
        assert fit is not None
        said = answer(world.view.book, fit, [known[task] for task in tasks], context=MODELS)
        ranked = sorted(said, key=lambda task: said[task].margin)
        unsure, sure = ranked[: len(ranked) // 4], ranked[len(ranked) // 4 :]
        for task in unsure:
            world.judge([task], value=next(label for label in LABELS if Choice(label) != said[task].value))
        world.judge(sure)

    return judge


def predicted(world: MadeUp) -> None:
    """Order the release and predict its chunks."""
    order_release(*world.view.now())
    for number in world.view.state.looped.missing_chunks:
        answer_chunk(*world.view.now(), world.view.state.attempt.draw.number, number, context=MODELS)  # type: ignore[union-attr]


def label_the_rest(world: MadeUp) -> list[int]:
    """Let a person label what the model may not; return which tasks those were."""
    left = world.view.release_waits_for()
    world.judge(left, person=3)
    return left


def released(world: MadeUp) -> Release:
    """Go from a certificate to the release."""
    predicted(world)
    label_the_rest(world)
    assert release_is_due(world.view.state)
    return write(*world.view.now())
