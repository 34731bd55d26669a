"""What LabelLoop 0.1.0 left behind is opened, continued and released: ledger, manifests, models and releases."""

import json
import tarfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from labelloop.domain import release_chunks
from labelloop.domain.next_step import Phase
from labelloop.domain.records import Fit, Publication, Release, Verdict
from labelloop.domain.release_row import Source
from labelloop.domain.tasks import TaskState
from labelloop.domain.value_cells import kind_of, plain
from labelloop.errors import UserError
from labelloop.export.facts import read_facts
from labelloop.export.formats import Format, release_files
from labelloop.steps.close_round import close_round
from labelloop.steps.model_store import load_model
from labelloop.steps.release import answer_chunk, write
from labelloop.stores.artifacts import Artifacts
from labelloop.stores.book import Book
from labelloop.stores.ledger import Ledger, open_engine
from labelloop.stores.rebuild import check, rebuild, rows
from labelloop.stores.release_files import RELEASE_FILE, read_release
from tests.core.ending import attempt, label_the_rest
from tests.core.made_up import MODELS, MadeUp, turn
from tests.core.opened_project import OpenedProject

pytestmark = pytest.mark.slow

STORED = Path(__file__).parents[1] / "data/projects_of_0_1_0.tar.xz"
NAMES = ("rounds", "certified", "released-choices", "released-spans", "released-text")
Open = Callable[[str], "Continued"]


class Continued(MadeUp):
    """A project whose folder 0.1.0 wrote; `expected` is what 0.1.0 said of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.book = Book(
            Ledger(open_engine(f"sqlite:///{folder / 'ledger.sqlite'}")), Artifacts(str(folder / "artifacts"))
        )
        self.view = OpenedProject(self.book, 7)
        self.expected: dict[str, Any] = json.loads((folder / "expected.json").read_text("utf-8"))
        annotations = self.view.mirror.annotations()
        self.clock = max(a.judged_at for a in annotations) + timedelta(days=1)
        self.states = {
            task.id: TaskState(task, tuple(a for a in annotations if a.task_id == task.id), self.clock)
            for task in self.view.mirror.tasks().values()
        }
        self.annotation_ids = 1_000_000


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Open the stored project of a name, in a folder of its own."""
    monkeypatch.setattr(release_chunks, "CHUNK", 40)  # as when they were written
    found: list[Continued] = []

    def open_project(name: str) -> Continued:
        with tarfile.open(STORED) as archive:
            members = [member for member in archive if member.name.startswith(f"v010/{name}/")]
            archive.extractall(tmp_path, members, filter="data")
        found.append(Continued(tmp_path / "v010" / name))
        return found[-1]

    yield open_project
    for world in found:
        world.book.ledger.engine.dispose()


@pytest.mark.parametrize("name", NAMES)
def test_a_project_stands_where_it_stood(opened: Open, name: str) -> None:
    """The same round, phase, champion, verdict and training labels as 0.1.0 reported."""
    world = opened(name)
    progress, expected = world.view.progress(), world.expected
    last = world.view.state.last_round
    verdict = world.view.ledger.newest(Verdict, 7)
    deployed = world.view.state.deployed
    assert last is not None
    assert verdict is not None
    assert deployed is not None
    training = world.view.round(last.number)
    assert training is not None

    assert progress.round_number == expected["progress"]["round_number"]
    assert progress.phase == expected["progress"]["phase"]
    assert progress.fitted == expected["progress"]["fitted"]
    released = world.view.ledger.newest(Release, 7) is not None  # 0.1.0 ordered another queue then; no more is needed
    assert progress.queue_is_current == (released or expected["progress"]["queue_is_current"])
    assert len(world.view.mirror.annotations()) == expected["annotations"]
    assert deployed.version == expected["deployed"]
    assert verdict.outcome == expected["verdict"]
    assert world.view.state.looped.missing_chunks == expected["missing_chunks"]
    assert {
        str(t.task.id): plain(t.consensus.value) for t in training.training if t.consensus.value is not None
    } == expected["training"]


@pytest.mark.parametrize("name", NAMES)
def test_its_models_predict_what_they_predicted(opened: Open, name: str) -> None:
    """Value for value, with the same margin and confidence."""
    world = opened(name)
    fits = {fit.version: fit for fit in world.view.ledger.all(Fit, 7) if fit.version}
    assert fits.keys() == world.expected["predictions"].keys()
    for version, expected in world.expected["predictions"].items():
        predictions = load_model(world.book, fits[version], context=MODELS).predict(world.expected["texts"])
        found = [[kind_of(p.value).value, plain(p.value), p.margin, p.confidence] for p in predictions]
        for one, other in zip(found, expected, strict=True):
            assert one[:2] == other[:2]
            assert one[2:] == pytest.approx(other[2:])


def test_its_next_round_learns_from_the_labels_of_the_earlier_ones(opened: Open) -> None:
    """People label on, the round closes, and the loop turns to the next publication and verdict."""
    world = opened("rounds")
    world.judge(world.untouched(10))
    closed = close_round(*world.view.now())
    assert closed is not None
    assert closed.number == 3
    assert closed.train >= len(world.expected["training"]) + 10
    assert turn(world.view).round_number == 3
    newest = world.view.ledger.newest(Publication, 7)
    assert newest is not None
    assert newest.round_number == 3


def test_a_release_under_way_goes_on_where_it_was(opened: Open) -> None:
    """Chunks that 0.1.0 predicted are used, the others are predicted, and what people must label they label."""
    world = opened("certified")
    assert world.view.state.phase is Phase.RELEASE
    for number in world.view.state.looped.missing_chunks:
        answer_chunk(*world.view.now(), 1, number, context=MODELS)
    label_the_rest(world)
    release = write(*world.view.now())
    found = read_release(world.book.artifacts.read(release.artifact, RELEASE_FILE))
    assert release.tasks + release.left_out == len(world.view.mirror.tasks())
    assert {row.source for row in found} == {Source.PEOPLE, Source.MODEL}
    assert release_files(read_facts(*world.view.now()), list(Format)[:1])


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("released")])
def test_a_release_is_read_and_exported_and_the_loop_goes_on(opened: Open, name: str) -> None:
    """Every row is the one that 0.1.0 wrote; a new attempt to certify may begin."""
    world = opened(name)
    release = world.view.ledger.newest(Release, 7)
    assert release is not None
    found = [
        [
            row.task_id,
            kind_of(row.value).value,
            plain(row.value),
            row.source.value,
            row.role.value,
            row.margin,
            row.confidence,
            list(row.annotations),
        ]
        for row in read_release(world.book.artifacts.read(release.artifact, RELEASE_FILE))
    ]
    assert found == world.expected["release"]
    wanted = [one for one in Format if one is not Format.CONLL or name == "released-spans"]
    assert len(release_files(read_facts(*world.view.now()), wanted)) >= len(wanted)
    with pytest.raises(UserError, match="task"):  # too few are left to draw from
        attempt(world, n=500)


@pytest.mark.parametrize("name", NAMES)
def test_its_ledger_can_be_rebuilt_from_its_manifests(opened: Open, name: str) -> None:
    """Each fact of the ledger, whatever its fields were called then."""
    world = opened(name)
    kept = set(rows(world.book.ledger, [7]))
    assert not check(world.book.artifacts, world.book.ledger).broken
    empty = Ledger(open_engine(f"sqlite:///{world.folder / 'rebuilt.sqlite'}"))
    rebuilt = rebuild(world.book.artifacts, empty)
    assert not rebuilt.damaged
    assert set(rows(empty, [7])) == kept
    empty.engine.dispose()
