"""The whole loop for every kind of field: blind tasks, a model, its answers accepted and corrected, a better model."""

import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

import httpx
import pandas as pd
import pytest

from labelloop.domain.default_learners import default_learners
from labelloop.domain.records import ClosedRound, Evaluation, Fit
from labelloop.domain.tasks import Role
from labelloop.domain.values import Value, similarity
from labelloop.encoders.names import BUNDLED
from labelloop.rules import Rules
from sync.api.wire import WireTask
from sync.codecs.region_codec import from_regions, to_regions
from tests.core.opened_project import OpenedProject
from tests.e2e.field_kinds import Case, cases
from tests.e2e.world import World, of_role, rounds, settled

TASKS, ROUND_SIZE = 40, 8
# By their texts some would get the multilingual encoder, which takes minutes to prepare on a new machine.
RULES = Rules(round_size=ROUND_SIZE, round_growth=0, monitor_size=5, monitor_share=0.3, queue_rounds=5, encoder=BUNDLED)
PATIENCE_S = 900.0
"""Sixteen projects share one worker."""

Says = Callable[[WireTask, Value | None], Value]
"""What a person says of a task that shows this answer, None where it shows nothing."""


@dataclass
class Loop:
    """A project of one kind of field, and what was seen while its loop turned."""

    case: Case
    data: list[dict[str, object]]
    view: OpenedProject
    says: "Reviewers"
    blind: list[WireTask] = field(default_factory=list)
    names: tuple[str | None, str | None] = (None, None)
    after: list["Pushed"] = field(default_factory=list)

    @property
    def learners(self) -> tuple[str, ...]:
        """Return the learners of the kind of field, which compete."""
        return default_learners(self.case.field.kind)


@dataclass(frozen=True)
class Pushed:
    """All tasks after a round, the regions that Label Studio holds of the version in service, and those served."""

    tasks: Sequence[WireTask]
    stored: Mapping[int, Sequence[object]]
    served: Mapping[int, Sequence[object] | None]


@pytest.fixture(scope="module")
def loops(world: World) -> Iterator[dict[str, Loop]]:
    """Yield the loops of all kinds of fields, turned twice, side by side: each waits while the others work."""
    world.leave()
    found = [begin(world, case) for case in cases()]
    for loop in found:
        world.first_queue(loop.view, PATIENCE_S)
    for loop in found:
        loop.blind = label_a_round(world, loop.view, truthful(loop.case))
    for loop in found:
        used(world, loop.view, 1)
        project_id = loop.view.id
        in_label_studio = world.context.label_studio.project(project_id).model_version
        loop.names = in_label_studio, loop.view.state.published_name
        loop.after.append(pushed(world, loop))
    for loop in found:
        label_a_round(world, loop.view, loop.says)
    for loop in found:
        used(world, loop.view, 2)
        loop.after.append(pushed(world, loop))
    yield {loop.case.name: loop for loop in found}
    world.leave()


@pytest.mark.timeout(1800)  # whichever comes first waits for all loops
@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_the_loop_turns_twice_for_a_kind_of_field(loops: dict[str, Loop], case: Case) -> None:
    """People label blind, the model they teach answers for them, they accept and correct it, and it learns more."""
    loop = loops[case.name]
    view, says = loop.view, loop.says
    assert view.state.field == case.field

    assert not any(shown_on(view, task) for task in loop.blind)
    assert loop.names == ("v1", "v1")
    first, second = loop.after
    assert_pushed_as_served(view, first)

    assert says.accepted
    assert says.corrected
    origins = origins_of(view, 2)
    assert (origins[says.accepted], origins[says.corrected]) == ("accepted", "corrected")
    assert_pushed_as_served(view, second)

    assert [(fit.round_number, fit.learner, fit.failure) for fit in view.ledger.all(Fit, view.id)] == [
        (number, learner, "") for number in (1, 2) for learner in loop.learners
    ]
    truths = [case.truth(row) for row in loop.data]
    chance = mean(similarity(one, other) for one, other in itertools.combinations(truths, 2))
    deployed = view.state.deployed
    assert deployed
    measured = view.ledger.newest(Evaluation, view.id, round_number=2, version=deployed.version)
    assert measured
    assert measured.n
    assert measured.agreement is not None
    assert measured.human_agreement == 1.0
    assert mean(rightness(loop, second)) > chance


def begin(world: World, case: Case) -> Loop:
    """Return the connected project of a kind of field; nobody waits for its first queue yet."""
    data = [dict(row) for row, _ in random.Random(0).sample(case.tasks, TASKS)]
    # named, so that no learner is tuned beside it, at its own time, nor another field looped
    named = {"learners": default_learners(case.field.kind), "fields": (case.field.name,)}
    rules = RULES.model_copy(update=named)
    return Loop(case, data, world.connected(case.name, case.label_config, data, rules), Reviewers(case))


def truthful(case: Case) -> Says:
    """Return people who say what is true."""
    return lambda task, _: case.truth(task.data)


class Reviewers:
    """People who say what is true, but accept the first answer that they are shown and correct the second."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self.accepted = self.corrected = 0

    def __call__(self, task: WireTask, shown: Value | None) -> Value:
        truth = self._case.truth(task.data)
        if shown is None or (self.accepted and self.corrected):
            return truth
        if not self.accepted:
            self.accepted = task.id
            return shown
        self.corrected = task.id
        return truth if truth != shown else next(value for _, value in self._case.tasks if value != shown)


def label_a_round(world: World, view: OpenedProject, says: Says) -> list[WireTask]:
    """Let people do the queue in turn until a round's worth of TRAIN tasks is done; return what they did."""
    train, done = of_role(view, Role.TRAIN), list[WireTask]()
    for person in itertools.cycle(world.people):
        task = person.next_task(view.id)
        assert task, "the queue is not empty"
        shown = shown_on(view, task)
        value = says(task, shown)
        parent = task.predictions[0].id if shown else None
        person.annotate(task.id, regions(view, task, value, shown), parent_prediction=parent, lead_time=3.0)
        done.append(task)
        if sum(task.id in train for task in done) == ROUND_SIZE:
            break
    return done


def used(world: World, view: OpenedProject, number: int) -> None:
    """Wait until the round has closed and its model is in service."""
    title = view.state.connection.title
    world.wait(lambda: rounds(view) == number and settled(view), f"round {number} of {title}", PATIENCE_S)


def regions(view: OpenedProject, task: WireTask, value: Value, shown: Value | None) -> list[dict[str, object]]:
    """Return what the labelling screen would submit."""
    origin = "manual" if shown is None else "prediction" if shown == value else "prediction-changed"
    return [{**region, "origin": origin} for region in to_regions(view.state.field, value, task.data)]


def shown_on(view: OpenedProject, task: WireTask) -> Value | None:
    """Return the pre-annotation that the task was shown with, None where it was blind."""
    if not task.predictions or not task.predictions[0].result:
        return None
    return from_regions(view.state.field, task.predictions[0].result, task.data)


def pushed(world: World, loop: Loop) -> Pushed:
    """Return what Label Studio holds of the version in service, and what the ML backend answers."""
    view = loop.view
    name = view.state.published_name
    tasks = [task for page in world.context.label_studio.task_pages(view.id) for task in page]
    stored = {task.id: p.result for task in tasks for p in task.predictions if p.model_version == name}
    return Pushed(tasks, stored, ask_backend(world, view, loop.case, tasks))


def assert_pushed_as_served(view: OpenedProject, found: Pushed) -> None:
    """Check that /predict answers the regions that Label Studio holds, and neither says anything of audit tasks."""
    audit = of_role(view, Role.MONITOR)
    assert any(found.stored.values())
    for task in found.tasks:
        if task.id in audit:
            assert not found.served[task.id]
            assert not found.stored.get(task.id)
        elif task.id in found.stored:
            assert found.served[task.id] == found.stored[task.id]


def ask_backend(
    world: World, view: OpenedProject, case: Case, tasks: Sequence[WireTask]
) -> dict[int, Sequence[object] | None]:
    """Return the regions that the ML backend answers Label Studio by task, None for the tasks it leaves alone."""
    settings, name = world.services.settings, view.state.published_name
    rows = [{"id": task.id, "data": task.data} for task in tasks]
    body = {"tasks": rows, "project": f"{view.id}.1", "label_config": case.label_config, "params": {"context": None}}
    auth = (settings.backend_user, settings.backend_password.get_secret_value())

    def answer() -> dict[str, Any]:
        reply = httpx.post(f"{settings.backend_url}/predict", json=body, auth=auth, timeout=60)
        found: dict[str, Any] = reply.raise_for_status().json()
        return found

    world.wait(lambda: answer()["model_version"] == name, "the hot swap")
    entries = zip(tasks, answer()["results"], strict=True)
    return {task.id: entry["result"] if isinstance(entry, dict) else None for task, entry in entries}


def rightness(loop: Loop, found: Pushed) -> list[float]:
    """Return how alike the ML backend's answers are to what is true of the TRAIN tasks that nobody has labelled."""
    view, case = loop.view, loop.case
    open_tasks = [task for task in found.tasks if not task.annotations and found.served[task.id] is not None]
    values = [(task, from_regions(view.state.field, found.served[task.id] or [], task.data)) for task in open_tasks]
    return [similarity(value, case.truth(task.data)) if value else 0.0 for task, value in values]


def origins_of(view: OpenedProject, number: int) -> dict[int, str]:
    """Return where each label of a round's file came from, by task."""
    record = view.ledger.newest(ClosedRound, view.id, number=number)
    assert record
    rows = pd.read_csv(Path(view.book.artifacts.path(record.artifact)) / f"data_labeled_{number}.csv")
    return dict(zip(rows["task_id"].tolist(), rows["origins"].tolist(), strict=True))
