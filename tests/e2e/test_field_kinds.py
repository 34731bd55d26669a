"""The whole loop for every kind of field: blind tasks, a model, its answers accepted and corrected, a better model."""

import itertools
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import httpx
import pandas as pd
import pytest

from labelloop.domain.ladder import default_learners
from labelloop.domain.records import ClosedRound, Evaluation, Fit
from labelloop.domain.tasks import Role
from labelloop.domain.values import Value, similarity
from labelloop.rules import Rules
from labelloop.steps.project import ProjectView
from sync.codecs import decode, encode
from sync.wire import WireTask
from tests.e2e.field_kinds import Case, cases
from tests.e2e.world import World, of_role, rounds, settled

TASKS, ROUND_SIZE = 40, 8
RULES = Rules(round_size=ROUND_SIZE, round_growth=0, monitor_size=5, monitor_share=0.3, queue_rounds=5)

Says = Callable[[WireTask, Value | None], Value]
"""What a person says of a task that shows this answer, None where it shows nothing."""


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_the_loop_turns_twice_for_a_kind_of_field(world: World, case: Case) -> None:
    """People label blind, the model they teach answers for them, they accept and correct it, and it learns more."""
    data = [dict(row) for row, _ in random.Random(0).sample(case.tasks, TASKS)]
    # named, so that no learner is tuned beside it, at its own time
    learners = default_learners(case.field.kind)
    view = world.project_of(case.name, case.label_config, data, RULES.model_copy(update={"learners": learners}))
    assert view.field == case.field

    blind = label_a_round(world, view, 1, lambda task, _: case.truth(task.data))
    assert not any(shown_on(view, task) for task in blind)
    name = world.tools.label_studio.project(view.id).model_version
    assert name == view.ledger.published_name(view.id) == "v1"
    assert_pushed_as_served(world, view, case)

    says = Reviewers(case)
    label_a_round(world, view, 2, says)
    assert says.accepted
    assert says.corrected
    origins = origins_of(view, 2)
    assert (origins[says.accepted], origins[says.corrected]) == ("accepted", "corrected")
    assert_pushed_as_served(world, view, case)

    assert [(fit.round_number, fit.learner, fit.failure) for fit in view.ledger.all(Fit, view.id)] == [
        (number, learner, "") for number in (1, 2) for learner in learners
    ]
    chance = mean(similarity(one, other) for one, other in itertools.combinations([case.truth(row) for row in data], 2))
    deployed = view.ledger.deployed(view.id)
    assert deployed
    measured = view.ledger.newest(Evaluation, view.id, round_number=2, version=deployed.version)
    assert measured
    assert measured.n
    assert measured.agreement is not None
    assert measured.human_agreement == 1.0
    assert mean(rightness(world, view, case)) > chance


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


def label_a_round(world: World, view: ProjectView, number: int, says: Says) -> list[WireTask]:
    """Let people do the queue in turn until a round's worth of TRAIN tasks is done and used; return what they did."""
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
    world.wait(lambda: rounds(view) == number and settled(view), f"round {number} of {view.connection.title}")
    return done


def regions(view: ProjectView, task: WireTask, value: Value, shown: Value | None) -> list[dict[str, object]]:
    """Return what the labelling screen would submit."""
    origin = "manual" if shown is None else "prediction" if shown == value else "prediction-changed"
    return [{**region, "origin": origin} for region in encode(view.field, value, task.data)]


def shown_on(view: ProjectView, task: WireTask) -> Value | None:
    """Return the pre-annotation that the task was shown with, None where it was blind."""
    if not task.predictions or not task.predictions[0].result:
        return None
    return decode(view.field, task.predictions[0].result, task.data)


def assert_pushed_as_served(world: World, view: ProjectView, case: Case) -> None:
    """Check that /predict answers the regions that Label Studio holds, and neither says anything of audit tasks."""
    name, audit = view.ledger.published_name(view.id), of_role(view, Role.MONITOR)
    tasks = [task for page in world.tools.label_studio.task_pages(view.id) for task in page]
    pushed = {task.id: p.result for task in tasks for p in task.predictions if p.model_version == name}
    served = ask_backend(world, view, case, tasks)

    assert any(pushed.values())
    for task in tasks:
        if task.id in audit:
            assert not served[task.id]
            assert not pushed.get(task.id)
        elif task.id in pushed:
            assert served[task.id] == pushed[task.id]


def ask_backend(
    world: World, view: ProjectView, case: Case, tasks: Sequence[WireTask]
) -> dict[int, Sequence[object] | None]:
    """Return the regions that the ML backend answers Label Studio by task, None for the tasks it leaves alone."""
    settings, name = world.services.settings, view.ledger.published_name(view.id)
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


def rightness(world: World, view: ProjectView, case: Case) -> list[float]:
    """Return how alike the ML backend's answers are to what is true of the TRAIN tasks that nobody has labelled."""
    tasks = [task for page in world.tools.label_studio.task_pages(view.id) for task in page if not task.annotations]
    served = ask_backend(world, view, case, tasks)
    said = {task.id: decode(view.field, result, task.data) for task in tasks if (result := served[task.id]) is not None}
    return [
        similarity(value, case.truth(task.data)) if (value := said[task.id]) else 0.0
        for task in tasks
        if task.id in said
    ]


def origins_of(view: ProjectView, number: int) -> dict[int, str]:
    """Return where each label of a round's file came from, by task."""
    record = view.ledger.newest(ClosedRound, view.id, number=number)
    assert record
    rows = pd.read_csv(Path(view.book.artifacts.path(record.artifact)) / f"data_labeled_{number}.csv")
    return dict(zip(rows["task_id"].tolist(), rows["origins"].tolist(), strict=True))
