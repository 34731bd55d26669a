"""Turn the loop once on a running stack, with two simulated people, and print what happened as JSON.

    python -m tests.compose.one_round --token $LABELLOOP_LABEL_STUDIO_TOKEN --accounts /tmp/people.json \
        --labelloop "docker compose exec -T ml-backend labelloop"

makes a project of 120 short texts, connects it, and labels in the order of the queue until a model serves.
With `--project N` it goes on with that project until a newer version serves: what to run after `down` and `up`.
"""

import argparse
import itertools
import json
import shlex
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from sync.client import LabelStudio
from sync.wire import WireTask
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
MOST_LABELS = 50
PATIENCE_S = 600.0


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
        figures = turn(admin, people, project_id)
    status = subprocess.run([*labelloop, "status", str(project_id), "--json"], check=True, capture_output=True)
    figures["status"] = json.loads(status.stdout)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


def turn(admin: LabelStudio, people: list[LabelStudio], project_id: int) -> dict[str, object]:
    """Label until a version serves that did not before; raises TimeoutError if none does."""
    began = time.monotonic()
    before = _wait(admin, project_id, lambda version: bool(version))
    ordered_after = time.monotonic() - began
    shown: Counter[str] = Counter()
    for person in itertools.islice(itertools.cycle(people), MOST_LABELS):
        if _family(admin, project_id) != before:
            break
        if (task := person.next_task(project_id)) is not None:
            shown[_label(person, task)] += 1
    after = _wait(admin, project_id, lambda version: version not in ("", "v0", before))
    return {
        "project": project_id,
        "tasks_and_annotations": admin.counts(project_id),
        "version_before": before,
        "version_after": after,
        "seconds_until_the_queue_was_ordered": round(ordered_after, 1),
        "seconds_until_the_version_served": round(time.monotonic() - began, 1),
        "labelled_on_a_pre_annotation": dict(shown),
        "next_tasks": dict(Counter(_pre_annotation(task) for task in _next(people, project_id))),
        "predictions": admin.model_versions(project_id),
    }


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


def _family(admin: LabelStudio, project_id: int) -> str:
    """Return the version that the project shows, whichever of its orders of the queue: `v2` for `v2.3`."""
    return (admin.project(project_id).model_version or "").split(".")[0]


def _wait(admin: LabelStudio, project_id: int, wanted: Callable[[str], bool]) -> str:
    end = time.monotonic() + PATIENCE_S
    while not wanted(version := _family(admin, project_id)):
        if time.monotonic() > end:
            raise TimeoutError(f"Project {project_id} still shows {version or 'no version'}: see the worker's log.")
        time.sleep(1)
    return version


if __name__ == "__main__":
    main()
