"""Turn the loop once on a running stack, with two simulated people, and print what happened as JSON.

    python -m tests.compose.one_round --token $LABELLOOP_LABEL_STUDIO_TOKEN --accounts /tmp/people.json \
        --labelloop "docker compose exec -T ml-backend labelloop"

makes a project of 120 short texts, connects it, and labels in the order of the queue and waits until a round
is through. With `--project N` it turns that project once more: what to run after `down` and `up`.
"""

import argparse
import itertools
import json
import shlex
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sync.api.client import LabelStudio
from sync.api.wire import WireTask
from workers.demo.accounts import annotators

CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="mood" toName="text" choice="single">'
    '<Choice value="happy"/><Choice value="angry"/></Choices></View>'
)
THINGS = ("parcel", "hotel", "phone", "lesson", "coffee", "film", "garden", "train", "cake", "bakery", "museum", "bus")
SAID = {
    "happy": ("I love the {}", "what a wonderful {}", "the {} was great", "so glad about the {}", "thanks, perfect {}"),
    "angry": ("I hate the {}", "what an awful {}", "the {} was terrible", "so upset by the {}", "never again, bad {}"),
}
TRUTH = {
    said.format(thing) + " 🙂" * (label == "happy"): label
    for label, ways in SAID.items()
    for said, thing in itertools.product(ways, THINGS)
}
LABELS = 50
PATIENCE_S = 300.0


def main() -> None:
    """Read the command line, turn the loop, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--token", required=True)
    parser.add_argument("--labelloop", default="docker compose exec -T ml-backend labelloop")
    parser.add_argument("--accounts", type=Path, required=True, help="where the simulated people's log-ins are kept")
    parser.add_argument("--project", type=int, help="go on with this project")
    args = parser.parse_args()
    with ExitStack() as stack:
        admin = stack.enter_context(LabelStudio(args.url, args.token))
        tokens = [account.token for account in annotators(args.accounts, args.url, args.token, 2)]
        people = [stack.enter_context(LabelStudio(args.url, token)) for token in tokens]
        labelloop = shlex.split(args.labelloop)
        project_id = args.project or _new_project(admin, labelloop)
        figures = turn(admin, people, project_id, labelloop)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


def turn(admin: LabelStudio, people: list[LabelStudio], project_id: int, labelloop: Sequence[str]) -> dict[str, object]:
    """Label until one more round is closed, judged and shown; raises TimeoutError if that takes too long."""
    began = time.monotonic()
    _wait(lambda: bool(admin.project(project_id).model_version))
    ordered_after = time.monotonic() - began
    before = _status(labelloop, project_id)
    shown: Counter[str] = Counter()
    for person in itertools.islice(itertools.cycle(people), LABELS):
        if (task := person.next_task(project_id)) is not None:
            shown[_label(person, task)] += 1
    labelled_after = time.monotonic() - began
    _wait(lambda: _has_turned(before, _status(labelloop, project_id)))
    return {
        "project": project_id,
        "tasks_and_annotations": admin.counts(project_id),
        "shown_before": before["published"],
        "shown_after": admin.project(project_id).model_version,
        "seconds_until_the_queue_was_ordered": round(ordered_after, 1),
        "seconds_of_labelling": round(labelled_after - ordered_after, 1),
        "seconds_until_the_round_was_through": round(time.monotonic() - began, 1),
        "labelled_on_a_pre_annotation": dict(shown),
        "next_tasks": dict(Counter(_pre_annotation(task) for task in _next(people, project_id))),
        "predictions": admin.model_versions(project_id),
        "status": _status(labelloop, project_id),
    }


def _status(labelloop: Sequence[str], project_id: int) -> dict[str, Any]:
    answer = subprocess.run([*labelloop, "status", str(project_id), "--json"], check=True, capture_output=True)
    status: dict[str, Any] = json.loads(answer.stdout)
    return status


def _has_turned(before: dict[str, Any], now: dict[str, Any]) -> bool:
    """Return whether a round came after `before`, was evaluated, and nothing is left to do for it."""
    evaluated = {evaluation["round"] for evaluation in now["evaluations"]}
    jobs = [job for state in ("queued", "running", "waiting") for job in now["jobs"][state]]
    busy = not all(job.startswith("tune-") for job in jobs)  # a slow learner comes late, and nobody waits for it
    return len(now["rounds"]) > len(before["rounds"]) and now["rounds"][-1]["number"] in evaluated and not busy


def _new_project(admin: LabelStudio, labelloop: list[str]) -> int:
    project = admin.create_project(f"One round {time.strftime('%H:%M:%S')}", CONFIG)
    admin.import_tasks(project.id, [{"data": {"text": text}} for text in TRUTH])
    subprocess.run([*labelloop, "connect", str(project.id)], check=True, stdout=sys.stderr)
    return project.id


def _label(person: LabelStudio, task: WireTask) -> str:
    """Submit the true label, as a person does who never errs; return what the pre-annotation was."""
    label = TRUTH[str(task.data["text"])]
    region = {"id": "mood", "from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": [label]}}
    parent = task.predictions[0].id if task.predictions else None
    person.annotate(task.id, [region], parent_prediction=parent, lead_time=2.0)
    return _pre_annotation(task)


def _pre_annotation(task: WireTask) -> str:
    regions = [region for prediction in task.predictions[:1] for region in prediction.result]
    if not regions:
        return "none"
    return "right" if TRUTH[str(task.data["text"])] in json.dumps(regions) else "wrong"


def _next(people: list[LabelStudio], project_id: int) -> Iterator[WireTask]:
    for person in people:
        if (task := person.next_task(project_id)) is not None:
            yield task


def _wait(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("The loop stands still: see the worker's log.")
        time.sleep(1)


if __name__ == "__main__":
    main()
