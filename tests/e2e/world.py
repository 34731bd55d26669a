"""All services on this machine, a project in them, and people who label it through the API."""

import itertools
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from labelloop.domain.next_step import Phase, next_step
from labelloop.domain.tasks import Role
from labelloop.domain.values import Choice
from labelloop.rules import Rules
from sync.api.client import LabelStudio
from sync.api.wire import WireTask
from sync.codecs.region_codec import Data, from_regions
from tests.core.opened_project import OpenedProject
from tests.local.proc import descendants, eventually
from workers.admin.connect_project import connect, disconnect
from workers.demo.accounts import Annotator
from workers.demo.annotators import answer
from workers.jobs.app_context import AppContext
from workers.jobs.reconcile import active_projects
from workers.local.services import Services, environment
from workers.local.stack import Stack

CONFIG = """<View><Text name="text" value="$text"/><Choices name="mood" toName="text" choice="single">
<Choice value="happy"/><Choice value="angry"/></Choices></View>"""
THINGS = ("parcel", "hotel", "phone", "lesson", "coffee", "film", "garden", "train", "cake", "museum", "bus", "房间")
SAID = {
    "happy": (
        "I love the {}",
        "what a wonderful {}",
        "the {} was great 🙂",
        "so glad about the {}",
        "perfect {}, thanks",
    ),
    "angry": ("I hate the {}", "what an awful {}", "the {} was terrible", "so upset by the {}", "never again, bad {}"),
}
TRUTH = {said.format(thing): label for label, ways in SAID.items() for said, thing in itertools.product(ways, THINGS)}
MORE_THINGS = (
    "dinner",
    "ticket",
    "laptop",
    "jacket",
    "concert",
    "ferry",
    "bakery",
    "printer",
    "market",
    "tower",
    "云",
    "茶",
)
LARGE = TRUTH | {
    said.format(thing): label for label, ways in SAID.items() for said, thing in itertools.product(ways, MORE_THINGS)
}
# one learner, named: those that are tuned in the background by default would compete at their own time
RULES = Rules(round_size=10, round_growth=0, monitor_size=16, monitor_share=0.5, queue_rounds=3, learners=("linear",))
PATIENCE_S = 300.0
POLL_S = 0.25  # each look reads the ledger, which costs the workers their processor

Says = Callable[[LabelStudio, str], str]
"""What a person says of a text."""
Does = Callable[[LabelStudio], WireTask | None]
"""Does a person's next task and returns it; None where there is none."""


def truthful(_: LabelStudio, text: str) -> str:
    """Say what is true."""
    return LARGE[text]


@dataclass
class World:
    """The services, their settings, an administrator's client and two people's."""

    stacks: Sequence[Stack]
    services: Services
    context: AppContext
    people: Sequence[LabelStudio]
    accounts: Sequence[Annotator]
    gate: Path
    shown: dict[int, list[WireTask]] = field(default_factory=dict)
    done: dict[int, set[int]] = field(default_factory=dict)

    def project(self, rules: Rules = RULES, *, title: str = "Moods", texts: Iterable[str] = TRUTH) -> OpenedProject:
        """Make a project of short texts (120, or of `LARGE`), connect it, and wait until its queue is ordered."""
        return self.project_of(title, CONFIG, [{"text": text} for text in texts], rules)

    def project_of(self, title: str, label_config: str, rows: Iterable[Data], rules: Rules = RULES) -> OpenedProject:
        """Make a project of tasks with this data, connect it alone, and wait until its queue is ordered."""
        self.leave()
        view = self.connected(title, label_config, rows, rules)
        self.first_queue(view)
        return view

    def connected(self, title: str, label_config: str, rows: Iterable[Data], rules: Rules) -> OpenedProject:
        """Make a project of tasks with this data and connect it, beside those that are connected."""
        studio = self.context.label_studio
        project_id = studio.create_project(title, label_config).id
        studio.import_tasks(project_id, [{"data": row} for row in rows])
        connect(self.context, project_id, rules)
        return self.view(project_id)

    def first_queue(self, view: OpenedProject, seconds: float = PATIENCE_S) -> None:
        """Wait until the project's queue is ordered."""
        self.wait(lambda: bool(view.ledger.roles(view.id)) and settled(view), "the first queue", seconds)

    def leave(self) -> None:
        """Disconnect every project: the services look at all that are connected every few seconds."""
        for project_id in active_projects(self.services.settings):
            disconnect(self.context, project_id)

    def view(self, project_id: int) -> OpenedProject:
        """Return a project as the ledger describes it."""
        return OpenedProject(self.context.book, project_id)

    def label(self, view: OpenedProject, person: LabelStudio, says: Says = truthful) -> WireTask | None:
        """Let a person do the next task of the queue; return the task as it was shown."""
        task = person.next_task(view.id)
        if task is None:
            return None
        shown = task.predictions[0] if task.predictions else None
        said = answer(view.state.field, says(person, str(task.data["text"])), shown)
        person.annotate(task.id, said, parent_prediction=shown.id if shown else None, lead_time=3.0)
        self.shown.setdefault(view.id, []).append(task)
        self.done.setdefault(view.id, set()).add(task.id)
        return task

    def label_until_round(self, view: OpenedProject, number: int, *, most: int = 120, says: Says = truthful) -> None:
        """Let the people label in turn until the round has closed."""
        self.work_until_round(view, number, lambda person: self.label(view, person, says), most=most)

    def work_until_round(self, view: OpenedProject, number: int, does: Does, *, most: int = 200) -> None:
        """Let the people do tasks in turn until the round has closed.

        When it is due they wait: what they said while it closes would count for the next, which might close by itself.
        """
        train, done = of_role(view, Role.TRAIN), self.done.setdefault(view.id, set())
        for person in itertools.islice(itertools.cycle(self.people), most):
            last = view.state.last_round
            before, labels = (last.number, last.train) if last else (0, 0)
            if before >= number:
                return
            if len(done & train) < labels + view.state.round_due_at:
                task = does(person)
                done |= {task.id} if task else set()
            else:
                self.wait(partial(has_closed, view, before + 1), f"round {before + 1}")
        self.wait(partial(has_closed, view, number), f"round {number}")

    def wait(self, happens: Callable[[], bool], what: str, seconds: float = PATIENCE_S) -> None:
        """Wait for something, keeping the services alive meanwhile."""

        def happened() -> bool:
            for stack in self.stacks:
                stack.repair()
            return happens()

        assert eventually(happened, seconds, POLL_S), f"{what} did not happen within {seconds:.0f} s\n{self.logs()}"

    def logs(self) -> str:
        """Return the end of the worker's log."""
        log = self.services.settings.data_dir / "logs" / "worker.log"
        return "\n".join(log.read_text("utf-8", "replace").splitlines()[-40:])

    def environment(self) -> dict[str, str]:
        """Return the environment of commands that belong to these services."""
        return environment(self.services.settings)

    def kill_worker(self, called: str = "labelloop worker") -> None:
        """Kill the workers and the jobs they run, as a machine that loses power would."""
        ours = [entry.pid for entry in descendants(os.getpid()) if called in _command(entry.pid)]
        for pid in ours:
            os.kill(pid, signal.SIGKILL)

    def close_gate(self) -> None:
        """Let the learner `slow` wait when it fits."""
        (self.gate / "begun").unlink(missing_ok=True)
        (self.gate / "gate").touch()

    def open_gate(self) -> None:
        """Let the learner `slow` go on."""
        (self.gate / "gate").unlink(missing_ok=True)


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    # the guard that watches over the worker stays: it reports the death
    return "" if any(word.endswith(b"guard.py") for word in words) else b" ".join(words).decode(errors="replace")


def rounds(view: OpenedProject) -> int:
    """Return how many rounds have closed."""
    last = view.state.last_round
    return last.number if last else 0


def has_closed(view: OpenedProject, number: int) -> bool:
    """Return whether so many rounds have closed."""
    return rounds(view) >= number


def settled(view: OpenedProject) -> bool:
    """Return whether the next move is people's."""
    return next_step(view.progress()) is None


def is_predicted(view: OpenedProject) -> bool:
    """Return whether people have the rest of a release, or nothing is left to them."""
    state = view.state
    return state.phase is Phase.ROUNDS or (not state.missing_chunks and settled(view))


def of_role(view: OpenedProject, role: Role) -> set[int]:
    """Return the ids of the tasks of a role."""
    return {task for task, drawn in view.ledger.roles(view.id).items() if drawn is role}


def has_content(view: OpenedProject, result: Sequence[object]) -> bool:
    """Return whether a prediction says anything."""
    return from_regions(view.state.field, result) is not None


def label_of(view: OpenedProject, result: Sequence[object]) -> str:
    """Return the label that a result says."""
    value = from_regions(view.state.field, result)
    assert isinstance(value, Choice)
    return value.label
