"""What a ring costs that finds nothing due: counts, which are the same on every machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.collect import counted_sql
from labelloop.domain.tasks import Role
from tests.workers.conftest import PROJECT, Site, site
from tests.workers.fake_label_studio import FakeLabelStudio
from workers.jobs import loop as jobs

MOST = 10


@pytest.fixture(params=[120, 400])
def here(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clean_redis_url: str
) -> Iterator[Site]:
    """A project after its first round, whose next move is people's."""
    with site(monkeypatch, tmp_path, clean_redis_url, FakeLabelStudio(request.param)) as made:
        made.bell.ring(PROJECT)
        made.work()
        tasks = made.view.state.tasks
        made.label_studio.annotate(sorted(tasks.of(Role.TRAIN))[:12], person=1)
        for person in (1, 2):
            made.label_studio.annotate(sorted(tasks.of(Role.MONITOR)), person)
        made.bell.ring(PROJECT)
        made.work()
        assert made.queued() == []
        yield made


def test_a_ring_that_finds_nothing_due_asks_little(here: Site) -> None:
    """At most ten statements, the opening of the ledger included, and no text is read."""
    with counted_sql() as asked:
        jobs.collect(PROJECT)
    assert here.queued() == []
    assert len(asked) <= MOST, asked
    assert not any("mirror_tasks.text" in statement or "mirror_annotations.value" in statement for statement in asked)


def test_a_label_that_makes_nothing_due_asks_as_much_whatever_the_size(here: Site) -> None:
    """Its task is taken in, and the state is read once more; nothing else is."""
    left = sorted(here.view.state.tasks.of(Role.TRAIN) - here.view.state.tasks.annotators.keys())
    here.label_studio.annotate(left[:1], person=1)
    with counted_sql() as asked:
        jobs.collect(PROJECT)
    assert here.queued() == []
    assert len(asked) <= 2 * MOST
