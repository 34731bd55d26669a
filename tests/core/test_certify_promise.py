"""The promise of a certificate, by simulation through the steps themselves: drawn, judged, certified, finished."""

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import delete

from labelloop.domain.predictions import Prediction
from labelloop.domain.records import Certificate, CertifyDraw, ReleaseChunk, ReleaseOrder
from labelloop.domain.release_row import Source
from labelloop.domain.tasks import Annotation, Task
from labelloop.domain.values import Choice
from labelloop.rules import Rules
from labelloop.steps import model_rows
from labelloop.steps.certify import CERTIFICATE_FILE, certify, start_attempt
from labelloop.steps.release import answer_chunk, order_release
from labelloop.stores.ledger_tables import CERTIFY_TASKS, FACTS
from tests.core.ending import with_model
from tests.core.made_up import LABELS, MODELS, MadeUp, Make, text, truth

pytestmark = pytest.mark.slow

DRAWS, N, MAX_ERROR, DELTA = 100, 60, 0.1, 0.05
COPIES = range(1000, 1300)


@pytest.fixture
def world(make: Make) -> MadeUp:
    """A pool in which one task in four is a near copy of a text that people have labelled."""
    made = with_model(make, tasks=900)
    labelled = sorted({a.task_id for a in made.view.mirror.annotations()})
    made.add(Task(copy, " ".join([text(labelled[copy % len(labelled)])] * 2)) for copy in COPIES)
    return made


def answers(world: MadeUp) -> dict[int, Prediction]:
    """Return what a made-up model says: sure and right of near copies, wrong of so many others that it is too much."""
    rng = np.random.default_rng(8)
    said = {}
    for task in world.states:
        copy = task in COPIES
        wrong = not copy and rng.random() < 0.16
        said[task] = Prediction(Choice(LABELS[(task + wrong) % 3]), 1.0 if copy else round(float(rng.random()), 2), 0.5)
    return said


def one_draw(world: MadeUp, said: Mapping[int, Prediction], seed: int) -> tuple[float, float]:
    """Certify with a draw of its own; return the error of the finished pool, and the error seen among the tasks drawn.

    The finished pool has no error where nothing was granted: people label it then.
    """
    view = world.view
    world.connect(Rules(round_size=10, monitor_size=20, seed=seed))
    drawn = start_attempt(*view.now(), max_error=MAX_ERROR, confidence=1 - DELTA, n=N)
    before = [world.states[task] for task in view.ledger.certify_tasks(view.id)]
    view.mirror.put([replace(state, annotations=(judged(state.task, world),)) for state in before])
    found = certify(*view.now(), context=MODELS)
    finished = 0.0
    if found.granted:
        order_release(*view.now())
        for chunk in view.state.looped.missing_chunks:
            answer_chunk(*view.now(), 1, chunk, context=MODELS)
        labels = view.release_labels()
        wrong = sum(given.source is Source.MODEL and given.value != Choice(truth(id_)) for id_, given in labels.items())
        finished = wrong / drawn.pool
    view.mirror.put(before)
    start_over(world)
    return finished, found.errors / N


def judged(task: Task, world: MadeUp) -> Annotation:
    """Return what a person says of a task, which is the truth."""
    return Annotation(100_000 + task.id, task.id, 1, Choice(truth(task.id)), world.clock)


def start_over(world: MadeUp) -> None:
    """Forget the attempt, so that the next one is the first again and may spend all of delta."""
    with world.view.ledger.engine.begin() as connection:
        connection.execute(delete(CERTIFY_TASKS))
        for kind in (ReleaseChunk, ReleaseOrder, Certificate, CertifyDraw):
            connection.execute(delete(FACTS[kind]))


def test_the_promise_is_broken_in_no_more_draws_than_stated(world: MadeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most delta, and three standard errors of so many draws, though one task in four is a near copy.

    The model is wrong a little more often than promised, so that what is seen among the tasks drawn often looks enough.
    """
    said = answers(world)
    monkeypatch.setattr(model_rows, "answer", lambda _book, _fit, tasks, *, context: {t.id: said[t.id] for t in tasks})
    finished, seen = np.transpose([one_draw(world, said, seed) for seed in range(DRAWS)])
    assert np.mean(finished > MAX_ERROR) <= DELTA + 3 * (DELTA * (1 - DELTA) / DRAWS) ** 0.5
    assert np.mean(finished > 0) > 0.5
    assert np.mean(seen <= MAX_ERROR) > 0.25, "a threshold that trusts what is seen would let everything through"


def test_the_certificate_says_how_many_near_copies_it_rests_on(world: MadeUp) -> None:
    """They are drawn like all others, since the promise is about them too; a reader sees whether they carry it."""
    drawn = start_attempt(*world.view.now(), max_error=MAX_ERROR, confidence=1 - DELTA, n=N)
    tasks = world.view.ledger.certify_tasks(world.view.id)
    world.view.mirror.put([replace(world.states[id_], annotations=(judged(Task(id_, ""), world),)) for id_ in tasks])
    found = certify(*world.view.now(), context=MODELS)
    page = json.loads(world.book.artifacts.read(found.artifact, CERTIFICATE_FILE))
    copies = [task for task in tasks if task in COPIES]
    assert drawn.pool > len(COPIES)
    assert 0 < page["near_copies"]["drawn"] <= len(copies)
    assert 0 <= page["near_copies"]["errors"] <= found.errors
